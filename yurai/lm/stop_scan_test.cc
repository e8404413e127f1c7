#include "yurai/lm/stop_scan.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

TEST(StopScan, FindsWhatHasBegunAndWhatIsComplete) {
  const std::vector<std::string> stops = {"<end>", "。"};
  EXPECT_EQ(scan_stops("ab<e", stops).safe_bytes, 2u);
  EXPECT_EQ(scan_stops("ab<e", stops).stop_begin, std::nullopt);
  EXPECT_EQ(scan_stops("ab<end>", stops).stop_begin, 2u);
  EXPECT_EQ(scan_stops("由。", stops).stop_begin, 3u);
  EXPECT_EQ(scan_stops("", stops).safe_bytes, 0u);
  EXPECT_EQ(scan_stops("abc", {}).safe_bytes, 3u);
}

TEST(StopScan, NeverCallsATextSafeThatAStopStringTakesBack) {
  std::mt19937_64 random(testing::test_seed());
  const auto word = [&](size_t max_size) {
    std::string text(1 + random() % max_size, 'a');
    for (char& c : text) c = "ab"[random() % 2];
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::vector<std::string> stops = {word(5), word(3)};
    const std::string text = word(20);
    size_t most_safe = 0;
    for (size_t size = 1; size <= text.size(); ++size) {
      const std::string_view begun = std::string_view(text).substr(0, size);
      const size_t first = std::min(begun.find(stops[0]), begun.find(stops[1]));
      const StopScan scan = scan_stops(begun, stops);
      most_safe = std::max(most_safe, scan.safe_bytes);
      if (first == std::string_view::npos) {
        EXPECT_EQ(scan.stop_begin, std::nullopt);
        continue;
      }
      EXPECT_EQ(scan.stop_begin, first);
      EXPECT_LE(most_safe, first);
      break;
    }
  }
}

TEST(StopScan, RefusesStopStringsThatAreNone) {
  const auto refuses = [](std::vector<std::string> stops) {
    const auto checked = check_stops(stops);
    return !checked && checked.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_FALSE(refuses({}));
  EXPECT_FALSE(refuses({"。", std::string(256, 'x')}));
  EXPECT_TRUE(refuses({""}));
  EXPECT_TRUE(refuses({std::string(257, 'x')}));
  EXPECT_TRUE(refuses({"\xE3\x80"}));
  EXPECT_TRUE(refuses(std::vector<std::string>(17, "x")));
}

}  // namespace
}  // namespace yurai
