#include "yurai/index/leaf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

size_t shared(const std::string& a, const std::string& b) {
  size_t i = 0;
  while (i < std::min(a.size(), b.size()) && a[i] == b[i]) ++i;
  return i;
}

TEST(LeafEntry, PacksIntoEightBytes) {
  const LeafEntry entry{kMaxPosition - 5, 65535, 0xFF};
  const LeafEntry same = unpack(pack(entry));
  EXPECT_EQ(same.position, entry.position);
  EXPECT_EQ(same.lcp, entry.lcp);
  EXPECT_EQ(same.branch, entry.branch);
}

TEST(BlindSearch, FindsAStringThatSharesMostWithTheText) {
  std::mt19937_64 random(testing::test_seed());
  const auto draw = [&](size_t max_size) {
    std::string text(random() % (max_size + 1), 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> sorted(1 + random() % 20);
    for (std::string& text : sorted) text = draw(8) + "\xff";
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    const auto lcp = [&](size_t i) {
      return static_cast<uint32_t>(shared(sorted[i - 1], sorted[i]));
    };
    const auto branch = [&](size_t i) { return static_cast<uint8_t>(sorted[i][lcp(i)]); };
    const std::string text = draw(10);
    size_t best = 0;
    for (const std::string& other : sorted) best = std::max(best, shared(other, text));
    const size_t found = blind_search(0, sorted.size(), text, lcp, branch);
    ASSERT_EQ(shared(sorted[found], text), best) << text;
  }
}

TEST(Leaf, FindsTheRunAroundAnEntry) {
  const uint32_t lcps[] = {7, 2, 3, 3, 1, 5};
  std::string block;
  for (const uint32_t lcp : lcps) {
    const uint64_t packed = pack({1, lcp, 'x'});
    block.append(reinterpret_cast<const char*>(&packed), sizeof(packed));
  }
  const Leaf leaf(block, 6);
  EXPECT_EQ(leaf.run_begin(3, 3), 1u);
  EXPECT_EQ(leaf.run_end(1, 3), 4u);
  EXPECT_EQ(leaf.run_begin(3, 1), 0u);
  EXPECT_EQ(leaf.run_end(0, 1), 6u);
  EXPECT_EQ(leaf.run_end(5, 1), 6u);
}

}  // namespace
}  // namespace yurai
