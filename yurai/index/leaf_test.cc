#include "yurai/index/leaf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
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

/// Sorted neighbours' lcps as a text would have them, mostly short.
std::vector<LeafEntry> random_entries(std::mt19937_64& random, size_t size, uint32_t max_lcp) {
  std::vector<LeafEntry> entries(size);
  for (LeafEntry& entry : entries) {
    entry.position = random() >> 27;
    entry.lcp = static_cast<uint32_t>(random() % (random() % 4 == 0 ? max_lcp : 12));
    entry.branch = static_cast<uint8_t>(random());
  }
  return entries;
}

std::string encode(const std::vector<LeafEntry>& entries, uint64_t first_rank) {
  std::vector<uint64_t> packed;
  for (const LeafEntry& entry : entries) packed.push_back(pack(entry));
  return Leaf::encode(packed, first_rank, 37);
}

TEST(Leaf, KeepsWhatWasWrittenAndFindsRuns) {
  std::mt19937_64 random(testing::test_seed());
  for (const size_t size : {1, 2, 15, 16, 17, 33, 300}) {
    for (const uint32_t max_lcp : {13u, 260u, 65536u}) {
      const auto entries = random_entries(random, size, max_lcp);
      std::string payload = encode(entries, 4711);
      ASSERT_LE(payload.size(), kPagePayload);
      payload.resize(kPageBytes);
      const Leaf leaf = Leaf::parse(std::string_view(payload).substr(0, kPagePayload)).value();
      ASSERT_EQ(leaf.size(), size);
      EXPECT_EQ(leaf.first_rank(), 4711u);
      for (size_t i = 0; i < size; ++i) {
        ASSERT_EQ(leaf.position(i), entries[i].position);
        ASSERT_EQ(leaf.lcp(i), entries[i].lcp);
        ASSERT_EQ(leaf.branch(i), entries[i].branch);
        for (const size_t num_bytes : {1, 2, 5, 11, 254, 255, 256, 1000}) {
          size_t begin = i;
          while (begin > 0 && entries[begin].lcp >= num_bytes) --begin;
          size_t end = i + 1;
          while (end < size && entries[end].lcp >= num_bytes) ++end;
          ASSERT_EQ(leaf.run_begin(i, num_bytes), begin);
          ASSERT_EQ(leaf.run_end(i, num_bytes), end);
        }
      }
    }
  }
}

TEST(Leaf, SearchesAsTheBlindSearchDoes) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 300; ++round) {
    const auto entries = random_entries(random, 1 + random() % 400, round % 2 == 0 ? 14 : 300);
    std::string payload = encode(entries, 0);
    payload.resize(kPageBytes);
    const Leaf leaf = Leaf::parse(std::string_view(payload).substr(0, kPagePayload)).value();
    std::string text(1 + random() % (round % 3 == 0 ? 400 : 20), '\0');
    for (char& c : text) c = static_cast<char>(random());
    EXPECT_EQ(leaf.search(text),
              blind_search(
                  0, entries.size(), text, [&](size_t i) { return entries[i].lcp; },
                  [&](size_t i) { return entries[i].branch; }));
  }
}

TEST(Leaf, ReadsNothingOutsideWhateverThePageSays) {
  std::mt19937_64 random(testing::test_seed());
  const auto page = std::make_unique<PageBuffer>();
  for (int round = 0; round < 2000; ++round) {
    for (char& c : page->bytes) c = static_cast<char>(random());
    page->bytes[1] = static_cast<char>(random() % 5);
    page->bytes[3] = static_cast<char>(random() % 3);
    page->bytes[4] = static_cast<char>(random() % 44);
    const auto leaf = Leaf::parse({page->bytes.data(), kPagePayload});
    if (!leaf) continue;
    const size_t last = leaf->size() - 1;
    EXPECT_LE(leaf->position(last), kMaxPosition);
    EXPECT_LE(leaf->lcp(last), kMaxLcp);
    EXPECT_LE(leaf->search(std::string(300, 'x')), last);
    EXPECT_LE(leaf->run_begin(last, 256), last);
    EXPECT_EQ(leaf->run_end(last, 1), last + 1);
  }
}

TEST(ByteScan, FindsTheFirstAndTheLast) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint8_t> bytes(1 + random() % 100);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(200 + random() % 56);
    const auto limit = static_cast<uint8_t>(198 + random() % 6);
    const size_t begin = random() % bytes.size();
    const size_t end = begin + random() % (bytes.size() - begin + 1);
    size_t first = begin;
    while (first < end && bytes[first] > limit) ++first;
    ASSERT_EQ(first_at_most(bytes.data(), begin, end, limit), first);
    size_t last = end;
    while (last > begin + 1 && bytes[last - 1] > limit) --last;
    last = last > begin + 1 ? last - 1 : begin;
    ASSERT_EQ(last_at_most(bytes.data(), begin, end, limit), last);
  }
}

}  // namespace
}  // namespace yurai
