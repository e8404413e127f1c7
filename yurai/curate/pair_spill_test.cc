#include "yurai/curate/pair_spill.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

std::vector<Pair> sorted_by_spill(PairSpill& spill, uint64_t memory_bytes) {
  std::vector<Pair> out;
  EXPECT_TRUE(spill.visit_sorted(memory_bytes, [&](const Pair& pair) -> Result<void> {
    out.push_back(pair);
    return {};
  }));
  return out;
}

TEST(PairSpill, SortsWhateverTheMemory) {
  std::mt19937_64 random(testing::test_seed());
  testing::TemporaryDirectory folder;
  for (int round = 0; round < 12; ++round) {
    // Few keys, keys that differ in few bits, and keys of all bits.
    const uint64_t mask = round % 3 == 0 ? 7 : round % 3 == 1 ? 0xF0000 : ~0ull;
    PairSpill spill(folder / "spill");
    std::vector<Pair> pairs(random() % 60'000);
    for (Pair& pair : pairs) pair = {random() & mask, random() & (round % 2 == 0 ? 3 : ~0ull)};
    ASSERT_TRUE(spill.add(pairs));
    std::sort(pairs.begin(), pairs.end());
    ASSERT_EQ(spill.size(), pairs.size());
    ASSERT_TRUE(sorted_by_spill(spill, 1 << 30) == pairs);
    ASSERT_TRUE(sorted_by_spill(spill, 100'000) == pairs);
    ASSERT_TRUE(sorted_by_spill(spill, 1) == pairs);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PairSpill, KeepsTheOrderOfAddingInChunks) {
  testing::TemporaryDirectory folder;
  PairSpill spill(folder / "spill");
  for (uint64_t i = 0; i < 70'000; ++i) ASSERT_TRUE(spill.add(Pair{70'000 - i, i}));
  PairSpill moved = std::move(spill);
  uint64_t next = 0;
  ASSERT_TRUE(moved.visit_chunks([&](std::span<const Pair> chunk) -> Result<void> {
    for (const Pair& pair : chunk) EXPECT_EQ(pair.second, next++);
    return {};
  }));
  EXPECT_EQ(next, 70'000u);
}

TEST(PairSpill, SaysWhichFileItCannotWrite) {
  PairSpill spill("/nonexistent/spill");
  const std::vector<Pair> pairs(5000);
  const Result<void> added = spill.add(pairs);
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().message.find("/nonexistent/spill"), std::string::npos);
}

}  // namespace
}  // namespace yurai
