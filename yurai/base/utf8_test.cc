#include "yurai/base/utf8.h"

#include <gtest/gtest.h>

namespace yurai {
namespace {

TEST(Utf8, NamesTheFirstInvalidByte) {
  EXPECT_EQ(find_invalid_utf8("日本語 abc"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8(std::string_view("a\0b", 3)), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xc0\x80"), 0u);          // overlong
  EXPECT_EQ(find_invalid_utf8("日\xed\xa0\x80"), 3u);    // surrogate
  EXPECT_EQ(find_invalid_utf8("x\xe6\x97"), 1u);         // cut short
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(find_invalid_utf8("\xf4\x8f\xbf\xbf"), std::nullopt);
}

TEST(Utf8, DecodesWhatItAppends) {
  for (const char32_t c : {U'\0', U'a', U'\u007f', U'\u0080', U'\u07ff', U'\u0800', U'日',
                           U'\uffff', U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    append_char(c, text);
    EXPECT_EQ(text.size(), char_bytes(text, 0));
    EXPECT_EQ(decode_char(text, 0), c);
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
  }
}

TEST(Utf8, CutsOnCharacterBorders) {
  const std::string_view text = "a日本b";
  EXPECT_EQ(count_chars(text), 4u);
  EXPECT_EQ(char_floor(text, 3), 1u);
  EXPECT_EQ(char_floor(text, 4), 4u);
  EXPECT_EQ(char_floor(text, 99), text.size());
  EXPECT_EQ(last_chars(text, 2), "本b");
  EXPECT_EQ(first_chars(text, 2), "a日");
  EXPECT_EQ(first_chars(text, 9), text);
  EXPECT_EQ(last_chars(text, 9), text);
  EXPECT_EQ(last_chars("", 3), "");
}

}  // namespace
}  // namespace yurai
