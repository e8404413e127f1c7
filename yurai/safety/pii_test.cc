#include "yurai/safety/pii.h"

#include <gmock/gmock.h>

#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

std::string masked(std::string_view text) { return mask_pii(text, find_pii(text)); }

TEST(Pii, MasksEachKindInAnyWidthAndKeepsTheRest) {
  EXPECT_EQ(masked("電話は０９０－１２３４－５６７８です。"), "電話は<phone>です。");
  EXPECT_EQ(masked("TEL:03-1234-5678、FAX：(03)1234-5679"), "TEL:<phone>、FAX：<phone>");
  EXPECT_EQ(masked("TEL 0312345678 / 08012345678"), "TEL <phone> / <phone>");
  EXPECT_EQ(masked("+81-80-1234-5678 +818012345678"), "<phone> <phone>");
  EXPECT_EQ(masked("0166-12-3456, 09808-1-2345, 0120-123-456"), "<phone>, <phone>, <phone>");
  EXPECT_EQ(masked("連絡は taro.yamada@example.co.jp まで"), "連絡は <email> まで");
  EXPECT_EQ(masked("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ"), "<email>");
  EXPECT_EQ(
      masked("https://www.example.co.jp/newsletter/unsubscribe/2024/confirm?to=taro@example.jp"),
      "https://www.example.co.jp/newsletter/unsubscribe/2024/confirm?to=<email>");
  EXPECT_EQ(masked("09012345678@example.ne.jp"), "<email>");
  EXPECT_EQ(masked("〒100-0001 東京都千代田区"), "<postcode> 東京都千代田区");
  EXPECT_EQ(masked("住所：１００−０００１千代田区"), "住所：<postcode>千代田区");
  EXPECT_EQ(masked("マイナンバー 123456789018"), "マイナンバー <my_number>");
  EXPECT_EQ(masked("1234-5678-9018"), "<my_number>");
  EXPECT_EQ(masked("4111 1111 1111 1111 と 378282246310005"), "<card> と <card>");
  EXPECT_EQ(masked("普通口座 口座番号1234567"), "普通口座 口座番号<bank_account>");
  EXPECT_EQ(masked("旅券番号はTR1234567。"), "旅券番号は<passport>。");
  EXPECT_EQ(masked("090.1234.5678、03 - 1234 - 5678"), "<phone>、<phone>");
  EXPECT_EQ(masked("4111  1111  1111  1111、4111.1111.1111.1111"), "<card>、<card>");
  EXPECT_EQ(masked("〒100 0001 と みどり銀行 中央支店 普通 1234567"),
            "<postcode> と みどり銀行 中央支店 普通 <bank_account>");
}

TEST(Pii, LeavesOtherNumbersAlone) {
  for (const char* text : {"2023-01-15 10:30",
                           "価格は1,234,567円",
                           "ISBN 978-4-00-310101-8",
                           "第123-4567号",
                           "1234-5678-9012",
                           "4111 1111 1111 1112",
                           "123456789018",
                           "円周率は3.14159265358979",
                           "a@b",
                           "@user_name",
                           "user@localhost",
                           "0.0312345678",
                           "2001-2005-2010",
                           "ABC-0312345678",
                           "会員番号1234567",
                           "12345678901234567890",
                           "x@1.2",
                           "03-123",
                           "AB1234567 は型番",
                           "git@example.com:project/repo.git",
                           "送り状番号 1234-5678-9018",
                           "注文番号4111111111111111",
                           "普通預金残高 1234567円",
                           "1234.5678.9018",
                           "192.168.100.200 と 0.5.2024",
                           ""}) {
    EXPECT_EQ(masked(text), text);
  }
}

TEST(Pii, SpansAreBytesOfTheOriginalAndEndWithTheText) {
  const std::string text = "あ〒１００－０００１";
  const auto spans = find_pii(text);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0], (PiiSpan{PiiKind::kPostcode, 3, text.size()}));
}

/// The check digit by the words of the order: Σ Pₙ·Qₙ over the eleven digits from the lowest up.
char my_number_check(const std::string& eleven) {
  int sum = 0;
  for (int n = 1; n <= 11; ++n) {
    sum += (eleven[static_cast<size_t>(11 - n)] - '0') * (n <= 6 ? n + 1 : n - 5);
  }
  return sum % 11 <= 1 ? '0' : static_cast<char>('0' + 11 - sum % 11);
}

TEST(Pii, CheckDigitsRefuseEverySingleWrongDigit) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 200; ++round) {
    std::string digits;
    for (int i = 0; i < 11; ++i) digits += static_cast<char>('0' + random() % 10);
    digits += my_number_check(digits);
    EXPECT_TRUE(is_my_number(digits)) << digits;
    digits[11] = static_cast<char>('0' + (digits[11] - '0' + 1 + random() % 9) % 10);
    EXPECT_FALSE(is_my_number(digits)) << digits;
  }
  EXPECT_TRUE(is_my_number("123456789018"));  // 個人番号 of the published examples
  EXPECT_TRUE(passes_luhn("79927398713"));    // the textbook's number
  EXPECT_TRUE(passes_luhn("4111111111111111"));
  for (char c = '0'; c <= '9'; ++c) {
    std::string number = "7992739871";
    EXPECT_EQ(passes_luhn(number + c), c == '3');
  }
  EXPECT_FALSE(passes_luhn(""));
}

TEST(Pii, AnyTextIsFineAndSpansNeverOverlap) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> pieces = {"0",
                                           "9",
                                           "1",
                                           "-",
                                           "－",
                                           "ー",
                                           "(",
                                           ")",
                                           "+81",
                                           "@",
                                           ".",
                                           "a",
                                           "jp",
                                           "〒",
                                           "電話",
                                           "東京都",
                                           "口座番号",
                                           "旅券",
                                           "４",
                                           " ",
                                           "\n",
                                           "𠮷",
                                           "4111111111111111",
                                           "123456789018",
                                           "090",
                                           "\x01"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t n = random() % 24; n > 0; --n) text += pieces[random() % pieces.size()];
    uint64_t end = 0;
    for (const PiiSpan& span : find_pii(text)) {
      ASSERT_LE(end, span.byte_begin) << text;
      ASSERT_LT(span.byte_begin, span.byte_end) << text;
      end = span.byte_end;
    }
    ASSERT_LE(end, text.size()) << text;
  }
}

}  // namespace
}  // namespace yurai
