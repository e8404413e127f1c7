#include "yurai/corpus/charset.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

std::string text(std::string_view bytes, std::string_view declared = "", bool html = true) {
  const auto decoded = decode_web_text(bytes, declared, html);
  return decoded ? decoded->text : "error: " + decoded.error().message;
}

TEST(Charset, TakesValidUtf8ForUtf8WhateverIsDeclared) {
  EXPECT_EQ(text("猫", "shift_jis"), "猫");
  EXPECT_EQ(text("<meta charset=euc-jp>猫"), "<meta charset=euc-jp>猫");
  EXPECT_EQ(decode_web_text("abc", "iso-8859-1", true)->encoding, "UTF-8");
}

TEST(Charset, BelievesAByteOrderMarkFirst) {
  EXPECT_EQ(text("\xef\xbb\xbf猫", "shift_jis"), "猫");
  EXPECT_EQ(text(std::string_view("\xff\xfe\x42\x30\x61\0", 6)), "あa");
  EXPECT_EQ(text(std::string_view("\xfe\xff\x30\x42\0\x61", 6)), "あa");
}

TEST(Charset, ReadsWhatTheHeaderDeclares) {
  EXPECT_EQ(text("\x82\xb1\x82\xea", "Shift_JIS"), "これ");
  EXPECT_EQ(text("\xa4\xb3\xa4\xec", "EUC-JP"), "これ");
  EXPECT_EQ(text("\x87\x40", "shift_jis"), "①");  // Microsoft's extension, as browsers read it
  EXPECT_EQ(text("caf\xe9 \x93x\x94", "ISO-8859-1"), "café “x”");
  EXPECT_EQ(text("\xc4\xe3\xba\xc3", "gb2312"), "你好");
}

TEST(Charset, ReadsWhatAMetaDeclares) {
  EXPECT_EQ(declared_by_meta("<META CHARSET = \"x-sjis\">"), "x-sjis");
  EXPECT_EQ(declared_by_meta("<meta name=a><meta http-equiv=content-type content='text/html; "
                             "charset=EUC-JP'>"),
            "EUC-JP");
  EXPECT_EQ(declared_by_meta("<meta charset><p>charset=x"), "");
  EXPECT_EQ(declared_by_meta("<meta charset="), "");
  EXPECT_EQ(text("<meta charset=Shift_JIS>\x82\xb1"), "<meta charset=Shift_JIS>こ");
  EXPECT_EQ(text("<meta charset=utf-16>\x82\xb1\x82\xea\x82\xcd"), "<meta charset=utf-16>これは");
}

TEST(Charset, ReadsIso2022JpThoughItsBytesAreAscii) { EXPECT_EQ(text("\x1b$B$3$l\x1b(B"), "これ"); }

TEST(Charset, DetectsWhatNobodyDeclares) {
  EXPECT_EQ(text("\x82\xb1\x82\xea\x82\xcd\x83\x65\x83\x58\x83\x67"), "これはテスト");
  EXPECT_EQ(text("\xa4\xb3\xa4\xec\xa4\xcf\xa5\xc6\xa5\xb9\xa5\xc8"), "これはテスト");
  EXPECT_EQ(text("\x82\xb1\x82\xea\x82\xcd", "utf-8"), "これは");
  const std::string russian =
      "\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0. \xdd\xf2\xee \xef\xf0\xee\xf1\xf2\xee\xe9 "
      "\xf2\xe5\xea\xf1\xf2 \xed\xe0 \xf0\xf3\xf1\xf1\xea\xee\xec \xff\xe7\xfb\xea\xe5.";
  EXPECT_EQ(text(russian), "Привет, мир. Это простой текст на русском языке.");
}

TEST(Charset, PutsAReplacementWhereAFewBytesMeanNothing) {
  const std::string good(300, 'a');
  EXPECT_EQ(text(good + "\xff", "utf-8"), good + "\ufffd");
}

TEST(Charset, RefusesBytesThatFitNothing) {
  const auto refused =
      decode_web_text(std::string_view("\x80\xff\xfe\0\x01\x81", 6), "utf-8\x1b", true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "in no known encoding: not UTF-8, and not the 'utf-8\\u001b' that it declares");
}

TEST(Charset, GivesValidUtf8ForAnyBytesAndLabels) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> labels = {
      "", "utf-8", "utf-7", "shift_jis", "hz", "iso-2022-jp", "scsu", "bocu-1", "x", "utf-16"};
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes;
    for (uint64_t i = random() % 80; i > 0; --i) bytes += static_cast<char>(random());
    const auto decoded = decode_web_text(bytes, labels[random() % labels.size()], random() % 2);
    EXPECT_FALSE(decoded && find_invalid_utf8(decoded->text));
  }
}

}  // namespace
}  // namespace yurai
