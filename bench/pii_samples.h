#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"
#include "yurai/safety/pii.h"

/// Generated text with personal information whose places are known, for precision and recall of
/// find_pii (docs/pii.md). Written from how people write such numbers, not from the rules: it holds
/// forms that the rules do not know, numbers of the same shape that are no one's, and numbers whose
/// check digit is right by chance.
namespace yurai::bench {

struct PiiSample {
  std::string text{};
  std::vector<PiiSpan> truth{};
};

class PiiSamples {
 public:
  explicit PiiSamples(uint64_t seed) : random_(seed) {}

  /// One to four pieces of text, a third of them personal, in a sentence each or as lines of a
  /// form.
  PiiSample next() {
    PiiSample sample;
    const bool form = one_in(4);
    for (uint64_t i = 1 + random_() % (form ? 4 : 2); i > 0; --i) {
      if (!form) sample.text += pick({"", "本日はお知らせがあります。", "なお、", "See below. "});
      if (one_in(3)) {
        personal(sample);
      } else {
        sample.text += impersonal();
      }
      sample.text += form ? "\n" : pick({"です。", "。", "となっています。", " まで。", ""});
      if (!form) sample.text += "これは数字と関係のない長めの一文で、前後を離すためにある。";
    }
    return sample;
  }

 private:
  bool one_in(uint64_t n) { return random_() % n == 0; }
  std::string pick(std::initializer_list<const char*> list) {
    return list.begin()[random_() % list.size()];
  }
  std::string d(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += static_cast<char>('0' + random_() % 10);
    return out;
  }
  std::string checked(const std::string& head, size_t size, bool (*check)(std::string_view),
                      bool right) {
    while (true) {
      const std::string number = head + d(static_cast<int>(size - head.size()));
      if (check(number) == right) return number;
    }
  }
  static std::string grouped(const std::string& digits, std::vector<size_t> groups,
                             const std::string& separator) {
    std::string out;
    size_t at = 0;
    for (const size_t group : groups) {
      if (at > 0) out += separator;
      out += digits.substr(at, group);
      at += group;
    }
    return out;
  }
  std::string wide(const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
      const char32_t c = decode_char(text, at);
      append_char(c > ' ' && c < 0x7F ? c + (U'！' - U'!') : c, out);
    }
    return out;
  }
  std::string name() {
    return pick({"taro", "Hanako", "y.suzuki", "info", "k_tanaka", "sato-1", "support"}) +
           (one_in(2) ? d(2) : "");
  }

  void put(PiiSample& sample, PiiKind kind, const std::string& before, std::string number,
           const std::string& after = "") {
    if (one_in(4)) number = wide(number);
    sample.text += before;
    const uint64_t begin = sample.text.size();
    sample.text += number;
    sample.truth.push_back({kind, begin, sample.text.size()});
    sample.text += after;
  }

  void personal(PiiSample& sample) {
    switch (random_() % kNumPiiKinds) {
      case 0:
        return email(sample);
      case 1:
        return phone(sample);
      case 2:
        return postcode(sample);
      case 3:
        return my_number(sample);
      case 4:
        return card(sample);
      case 5:
        return bank_account(sample);
      default:
        return passport(sample);
    }
  }

  void email(PiiSample& sample) {
    const std::string before = pick({"連絡先は", "E-mail: ", "", "mailto:", "ご意見は ", "（"});
    const std::string host = pick(
        {"example.jp", "mail.example.co.jp", "example.com", "Example.NE.JP", "u.example.ac.jp"});
    switch (random_() % 12) {
      case 0:
        return put(sample, PiiKind::kEmail, before, name() + "+news@" + host);
      case 1:
        return put(sample, PiiKind::kEmail, before, name() + pick({" (at) ", "[at]", "☆"}) + host);
      case 2:
        return put(sample, PiiKind::kEmail, before, name() + "@例え.jp");
      default:
        return put(sample, PiiKind::kEmail, before, name() + "@" + host);
    }
  }

  void phone(PiiSample& sample) {
    const std::string before = pick({"電話は", "TEL ", "携帯：", "", "お問い合わせ ", "連絡先 ",
                                     "電話番号（日中）", "Phone: "});
    const std::string mobile = pick({"090", "080", "070"}) + d(8);
    const std::string land = pick({"03", "06"}) + std::to_string(2 + random_() % 8) + d(7);
    const auto say = [&](const std::string& number) {
      put(sample, PiiKind::kPhone, before, number, one_in(6) ? "（内線12）" : "");
    };
    switch (random_() % 14) {
      case 0:
        return say(mobile);
      case 1:
        return say(grouped(mobile, {3, 4, 4}, " "));
      case 2:
        return say(grouped(mobile, {3, 4, 4}, "."));
      case 3:
        return say(land);
      case 4:
        return say("(" + land.substr(0, 2) + ")" + grouped(land.substr(2), {4, 4}, "-"));
      case 5:
        return say(land.substr(0, 2) + "(" + land.substr(2, 4) + ")" + land.substr(6));
      case 6:
        return say(grouped("0120" + d(6), {4, 3, 3}, "-"));
      case 7:
        return say("+81-" + grouped(mobile.substr(1), {2, 4, 4}, "-"));
      case 8:
        return say("+81 " + grouped(land.substr(1), {1, 4, 4}, " "));
      case 9:
        return say(grouped("0" + std::to_string(1 + random_() % 9) + d(8), {4, 2, 4}, "-"));
      case 10:
        return say(grouped(mobile, {3, 4, 4}, " - "));
      case 11:
        return say(grouped(land, {2, 4, 4}, "-"));
      default:
        return say(grouped(mobile, {3, 4, 4}, "-"));
    }
  }

  void postcode(PiiSample& sample) {
    const std::string digits = d(7);
    const std::string dashed = grouped(digits, {3, 4}, one_in(4) ? "－" : "-");
    switch (random_() % 7) {
      case 0:
        return put(sample, PiiKind::kPostcode, "〒", digits, " 東京都港区");
      case 1:
        return put(sample, PiiKind::kPostcode, "郵便番号：", dashed);
      case 2:
        return put(sample, PiiKind::kPostcode, "", dashed, " 大阪府大阪市北区1-2-3");
      case 3:
        return put(sample, PiiKind::kPostcode, "", dashed, " 横浜市中区本町1-2");
      case 4:
        return put(sample, PiiKind::kPostcode, "所在地 ", dashed, " 札幌市");
      case 5:
        return put(sample, PiiKind::kPostcode, "〒", grouped(digits, {3, 4}, " "), " 京都市");
      default:
        return put(sample, PiiKind::kPostcode, "〒", dashed, " 愛知県名古屋市");
    }
  }

  void my_number(PiiSample& sample) {
    const std::string digits = checked("", 12, is_my_number, true);
    const std::string before =
        pick({"マイナンバーは", "個人番号：", "マイナンバー（個人番号）", "My Number: "});
    switch (random_() % 6) {
      case 0:
        return put(sample, PiiKind::kMyNumber, before, grouped(digits, {4, 4, 4}, " "));
      case 1:
        return put(sample, PiiKind::kMyNumber, before, grouped(digits, {4, 4, 4}, "-"));
      case 2:
        return put(sample, PiiKind::kMyNumber, "", digits, "がマイナンバー");
      case 3:
        return put(sample, PiiKind::kMyNumber,
                   "マイナンバーを次のとおり届け出ます。記入欄（十二桁）は左詰め：", digits);
      default:
        return put(sample, PiiKind::kMyNumber, before, digits);
    }
  }

  void card(PiiSample& sample) {
    const std::string before = pick({"カード番号", "クレジットカード：", "Card ", "", "決済 "});
    const bool amex = one_in(5);
    const std::string digits =
        amex ? checked(pick({"34", "37"}), 15, passes_luhn, true)
             : checked(pick({"4", "51", "55", "3528", "3589", "2221"}), 16, passes_luhn, true);
    const std::vector<size_t> groups =
        amex ? std::vector<size_t>{4, 6, 5} : std::vector<size_t>{4, 4, 4, 4};
    const std::string separator = pick({"-", " ", "", "-", " ", "", "  ", "."});
    const std::string after = one_in(4) ? " 有効期限 12/29" : "";
    put(sample, PiiKind::kCard, before, grouped(digits, groups, separator), after);
  }

  void bank_account(PiiSample& sample) {
    const std::string before =
        pick({"普通預金 口座番号", "口座番号：", "○○銀行 本店 普通 ", "当座預金 ", "（普通）",
              "店番123 口座 ", "普通口座 No.", "振込先口座：みどり銀行 中央支店 普通 "});
    if (one_in(8)) {
      return put(sample, PiiKind::kBankAccount, "ゆうちょ銀行 記号12340 番号", d(7) + "1");
    }
    put(sample, PiiKind::kBankAccount, before, d(7));
  }

  void passport(PiiSample& sample) {
    const std::string before =
        pick({"旅券番号", "パスポート番号は", "Passport No. ", "passport: ", "旅券（日本国）"});
    const std::string letters = pick({"TK", "TR", "MU", "tz"});
    put(sample, PiiKind::kPassport, before, letters + (one_in(5) ? " " : "") + d(7));
  }

  /// Numbers and signs that are no one's.
  std::string impersonal() {
    std::string number = impersonal_number();
    return one_in(4) ? wide(number) : number;
  }
  std::string impersonal_number() {
    switch (random_() % 26) {
      case 0:
        return "合計" + d(1) + "," + d(3) + "," + d(3) + "円";
      case 1:
        return "¥" + d(7) + "（税込）";
      case 2:
        return "普通預金残高 " + std::to_string(1'000'000 + random_() % 9'000'000) + "円";
      case 3:
        return "口座番号の桁数は7、件数は" + d(7) + "件";
      case 4:
        return "ISBN978-4-" + d(2) + "-" + d(6) + "-" + d(1);
      case 5:
        return "ISBN4-" + d(3) + "-" + d(5) + "-X";
      case 6:
        return "JAN 49" + d(11);
      case 7:
        return "第" + d(3) + "-" + d(4) + "号";
      case 8:
        return "特許第" + d(7) + "号";
      case 9:
        return "型番 " + pick({"AB", "TK", "KX"}) + d(7);
      case 10:
        return "部品番号 " + d(3) + "-" + d(4) + "-" + d(4);
      case 11:
        return "部品番号 0" + d(2) + "-" + d(4) + "-" + d(4) + "-A";
      case 12:
        return "送り状番号 " + grouped(d(12), {4, 4, 4}, "-");
      case 13:
        return "注文番号" + d(12);
      case 14:
        return "注文番号 4" + d(15);
      case 15:
        return "会員番号 " + grouped(checked("4", 16, passes_luhn, false), {4, 4, 4, 4}, "-");
      case 16:
        return "マイナンバーの誤記 " + checked("", 12, is_my_number, false);
      case 17:
        return "2024-0" + std::to_string(1 + random_() % 9) + "-1" + d(1);
      case 18:
        return "10:" + d(2) + "～12:" + d(2) + "、" + d(4) + "-" + d(4) + "ページ";
      case 19:
        return "北緯35." + d(6) + " 東経139." + d(6);
      case 20:
        return "192.168." + std::to_string(random_() % 256) + "." + std::to_string(random_() % 256);
      case 21:
        return "@user_" + d(4) + " さん";
      case 22:
        return pick({"git@github.com:example/repo.git", "npm install @scope/name@1.2.3", "a@b の積",
                     "単価 @1200"});
      case 23:
        return "電話機の在庫は" + d(3) + "台、品番" + d(3) + "-" + d(4);
      case 24:
        return "円周率3." + d(12);
      default:
        return "id=" + d(8) + "-" + d(4) + "-4" + d(3) + "-9" + d(3) + "-" + d(12);
    }
  }

  std::mt19937_64 random_;
};

}  // namespace yurai::bench
