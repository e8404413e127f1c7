#include "yurai/corpus/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace yurai {
namespace {

using namespace std::string_literals;

TEST(Encoding, NamesWhatJapaneseBytesLookLike) {
  EXPECT_EQ(guess_encoding("\x93\xfa\x96\x7b\x82\xcc \x83\x4a\x83\x69"),
            "Shift_JIS");  // 日本の カナ
  EXPECT_EQ(guess_encoding("\xc6\xfc\xcb\xdc\xa4\xce \xa5\xab\xa5\xca"), "EUC-JP");
  EXPECT_EQ(guess_encoding("\x1b$BF|K\\$N\x1b(B"), "ISO-2022-JP");
  EXPECT_EQ(guess_encoding("\xff\xfe{\0"s), "UTF-16LE");
  EXPECT_EQ(guess_encoding("\xfe\xff\0{"s), "UTF-16BE");
  EXPECT_EQ(guess_encoding("{\0\"\0"s), "UTF-16LE");
  EXPECT_EQ(guess_encoding("\0{\0\""s), "UTF-16BE");
  EXPECT_EQ(guess_encoding("\xff\xfe\0\0"s), "UTF-32LE");
  EXPECT_EQ(guess_encoding("\0\0\xfe\xff"s), "UTF-32BE");
}

TEST(Encoding, NamesNothingWithoutEvidence) {
  EXPECT_EQ(guess_encoding("caf\xe9 \xe9t\xe9"), "");         // Latin-1
  EXPECT_EQ(guess_encoding("\xd6\xd0\xce\xc4\xb5\xc4"), "");  // GB2312 without kana
  EXPECT_EQ(guess_encoding("日本の\xff"), "");                // damaged UTF-8
  EXPECT_EQ(guess_encoding("plain"), "");
  EXPECT_EQ(guess_encoding(""), "");
}

TEST(Encoding, TellsWhereATextIsNotText) {
  EXPECT_TRUE(check_utf8_text("日本"));
  EXPECT_EQ(check_utf8_text("ab\xff").error().message, "not UTF-8 at byte 2");
  EXPECT_EQ(check_utf8_text("ab\0c"s).error().message, "a raw NUL byte at byte 2");
  EXPECT_EQ(check_utf8_text("\x82\xb1\x82\xea").error().message,
            "not UTF-8 at byte 0; it looks like Shift_JIS: convert the file with 'iconv -f "
            "Shift_JIS -t UTF-8'");
}

TEST(Encoding, OfATextFileRefusesOnlyBytesThatAreNoUtf8OtherThanByChance) {
  const std::string by_chance = "ああ";  // well-formed Shift_JIS, too
  ASSERT_EQ(guess_encoding(by_chance), "Shift_JIS");
  EXPECT_TRUE(check_text_file(by_chance));
  EXPECT_FALSE(check_text_file("\x1b$BF|K\\$N\x1b(B"));
  EXPECT_EQ(check_text_file("a\0b\0"s).error().message.substr(0, 19), "not UTF-8 at byte 0");
  EXPECT_FALSE(check_text_file("ab\xff"));
}

}  // namespace
}  // namespace yurai
