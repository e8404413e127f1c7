#include "yurai/base/json.h"

#include <gtest/gtest.h>

namespace yurai {
namespace {

TEST(Json, NamesTheByteOfWhatIsBroken) {
  EXPECT_NE(
      parse_json("{\"a\": tru}", "request").error().message.find("request: broken JSON at byte"),
      std::string::npos);
  EXPECT_EQ(parse_json("\"\xff\"", "request").error().message, "request: byte 1 is not UTF-8");
  EXPECT_FALSE(parse_json("", "request"));
  EXPECT_FALSE(parse_json("{} x", "request"));
}

TEST(Json, RefusesNestingBombs) {
  const std::string bomb(100000, '[');
  EXPECT_EQ(parse_json(bomb, "x").error().message, "x: nested deeper than 64 at byte 64");
  EXPECT_TRUE(parse_json(
      "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]", "x"));
}

TEST(Json, KeepsTheOrderOfMembersAndUtf8) {
  EXPECT_EQ(dump_json({{"z", "日"}, {"a", 1}}), R"({"z":"日","a":1})");
}

}  // namespace
}  // namespace yurai
