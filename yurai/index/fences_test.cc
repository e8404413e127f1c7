#include "yurai/index/fences.h"

#include <gtest/gtest.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using Side = Fences::Side;

Fences::Fence fence(std::string separator, uint32_t lcp) {
  return {{7, lcp, 0}, lcp, 'q', std::move(separator)};
}

/// The leaves "", "b", "bc", a cut separator and "d".
std::string sample() {
  FencesWriter writer(5 * kEntriesPerLeaf);
  writer.add(fence("", 0));
  writer.add(fence("b", 0));
  writer.add(fence("bc", 1));
  writer.add(fence(std::string(kMaxFenceBytes, 'c'), 300));
  writer.add(fence("d", 0));
  return std::move(writer).bytes();
}

TEST(Fences, KeepWhatWasWritten) {
  const Fences fences = Fences::parse(sample(), 5).value();
  ASSERT_EQ(fences.size(), 5u);
  EXPECT_EQ(fences.separator(0), "");
  EXPECT_EQ(fences.separator(2), "bc");
  EXPECT_EQ(fences.separator(4), "d");
  EXPECT_EQ(fences.first_position(3), 7u);
  EXPECT_EQ(fences.first_lcp(3), 300u);
  EXPECT_EQ(fences.leaf_lcp(3), 300u);
  EXPECT_EQ(fences.leaf_branch(3), 'q');
}

TEST(Fences, SayHowASeparatorComparesWithAText) {
  const Fences fences = Fences::parse(sample(), 5).value();
  EXPECT_EQ(fences.side(0, ""), Side::kBelow);
  EXPECT_EQ(fences.side(1, ""), Side::kPrefixed);
  EXPECT_EQ(fences.side(1, "a"), Side::kAbove);
  EXPECT_EQ(fences.side(1, "b"), Side::kBelow);
  EXPECT_EQ(fences.side(2, "b"), Side::kPrefixed);
  EXPECT_EQ(fences.side(3, std::string(64, 'c')), Side::kPrefixed);
  EXPECT_EQ(fences.side(3, std::string(65, 'c')), Side::kTie);
  EXPECT_EQ(fences.side(3, std::string(65, 'd')), Side::kBelow);
}

TEST(Fences, FindTheLeavesOfAText) {
  const Fences fences = Fences::parse(sample(), 5).value();
  const auto expect = [&](std::string_view text, uint64_t begin, uint64_t end) {
    const Fences::Range range = fences.find(text);
    EXPECT_EQ(range.begin, begin) << text;
    EXPECT_EQ(range.end, end) << text;
  };
  expect("a", 1, 1);
  expect("b", 2, 3);
  expect("bd", 3, 3);
  expect("c", 3, 4);
  expect("e", 5, 5);
}

TEST(Fences, RefuseOtherBytes) {
  const std::string good = sample();
  EXPECT_FALSE(Fences::parse(good, 4));
  EXPECT_FALSE(Fences::parse("", 0));
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(Fences::parse(good.substr(0, size), 5));
  std::string other_version = good;
  ++other_version[8];
  EXPECT_FALSE(Fences::parse(other_version, 5));
  std::string other_lcp = good;
  other_lcp[32 + 5 * 5 + 2] = 60;  // the separators' lengths no longer add up
  EXPECT_FALSE(Fences::parse(other_lcp, 5));
}

}  // namespace
}  // namespace yurai
