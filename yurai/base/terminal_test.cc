#include "yurai/base/terminal.h"

#include <gtest/gtest.h>

namespace yurai {
namespace {

TEST(Terminal, ShowsControlAndBidiCharactersAsEscapes) {
  EXPECT_EQ(for_terminal("a\x1b[31mb"), "a\\u001b[31mb");
  EXPECT_EQ(for_terminal("日\u202e本\u200b"), "日\\u202e本\\u200b");
  EXPECT_EQ(for_terminal("\u009b"), "\\u009b");  // C1 CSI
  EXPECT_EQ(for_terminal("a\nb\tc"), "a\\u000ab\\u0009c");
  EXPECT_EQ(for_terminal("a\nb\tc\r", true), "a\nb\tc\\u000d");
  EXPECT_EQ(for_terminal("a\xff\xc0"), "a\\xff\\xc0");
  EXPECT_EQ(for_terminal("\U000e0041"), "\\U000e0041");
}

TEST(Terminal, CountsColumnsOfWideCharacters) {
  EXPECT_EQ(display_width("ab"), 2u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("ｱ"), 1u);
}

}  // namespace
}  // namespace yurai
