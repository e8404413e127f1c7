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
  EXPECT_EQ(parse_json(std::string_view("{}\0", 3), "request").error().message,
            "request: broken JSON at byte 2");
}

TEST(Json, RefusesNestingBombs) {
  const std::string bomb(100000, '[');
  EXPECT_EQ(parse_json(bomb, "x").error().message, "x: nested deeper than 64 at byte 64");
  EXPECT_TRUE(parse_json(
      "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]", "x"));
}

TEST(Json, RefusesObjectsWhoseMembersWouldTakeHours) {
  const auto object = [](int members) {
    std::string json = "{\"0\":[]";
    for (int i = 1; i < members; ++i) json += ",\"" + std::to_string(i) + "\":{\":\":0}";
    return json + "}";
  };
  EXPECT_EQ(parse_json(object(1000), "x").value().size(), 1000u);
  EXPECT_TRUE(parse_json("[" + object(1000) + "," + object(1000) + "]", "x"));
  const std::string many = object(1001);
  EXPECT_EQ(parse_json(many, "x").error().message,
            "x: an object of more than 1000 members at byte " +
                std::to_string(many.find("\"1000\":") + 6));
  EXPECT_FALSE(parse_json(object(1 << 20), "x"));
}

TEST(Json, KeepsTheOrderOfMembersAndUtf8) {
  EXPECT_EQ(dump_json({{"z", "日"}, {"a", 1}}), R"({"z":"日","a":1})");
}

}  // namespace
}  // namespace yurai
