#include "yurai/index/key_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using Items = std::vector<std::pair<uint64_t, uint32_t>>;

Items sorted_by(const KeySortKernel& kernel, const Items& items) {
  std::vector<uint64_t> keys(items.size()), scratch_keys(items.size() + kKeySortPadding);
  std::vector<uint32_t> positions(items.size()), scratch_positions(scratch_keys.size());
  for (size_t i = 0; i < items.size(); ++i) std::tie(keys[i], positions[i]) = items[i];
  kernel.sort({keys.data(), positions.data()}, items.size(),
              {scratch_keys.data(), scratch_positions.data()});
  Items sorted;
  for (size_t i = 0; i < items.size(); ++i) sorted.emplace_back(keys[i], positions[i]);
  return sorted;
}

/// Whether keys ascend, and the items are those that were given.
void expect_sorts(const KeySortKernel& kernel, Items items) {
  Items sorted = sorted_by(kernel, items);
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end(), by_key)) << kernel.name;
  std::sort(items.begin(), items.end());
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, items) << kernel.name << ", " << items.size() << " items";
}

TEST(KeySort, SortsAsStdSortDoesWithEveryKernel) {
  std::mt19937_64 random(testing::test_seed());
  for (const KeySortKernel& kernel : key_sort_kernels()) {
    for (size_t size = 0; size < 70; ++size) {
      for (const uint64_t num_keys : {uint64_t{1}, uint64_t{3}, ~uint64_t{0}}) {
        Items items(size);
        for (size_t i = 0; i < size; ++i) {
          items[i] = {random() % num_keys, static_cast<uint32_t>(i)};
        }
        expect_sorts(kernel, items);
      }
    }
    for (const uint64_t num_keys : {uint64_t{1}, uint64_t{100}, ~uint64_t{0}}) {
      Items items(50'000 + random() % 1000);
      for (size_t i = 0; i < items.size(); ++i) {
        items[i] = {random() % num_keys, static_cast<uint32_t>(random())};
      }
      expect_sorts(kernel, items);
    }
  }
}

TEST(KeySort, SortsOrderedKeysAndTheLargestOnes) {
  for (const KeySortKernel& kernel : key_sort_kernels()) {
    Items items;
    for (uint32_t i = 0; i < 20'000; ++i) items.emplace_back(~uint64_t{0} - i / 3, i);
    expect_sorts(kernel, items);
    std::reverse(items.begin(), items.end());
    expect_sorts(kernel, items);
    for (uint32_t i = 0; i < 20'000; ++i) items[i].first = i % 2 == 0 ? ~uint64_t{0} : i;
    expect_sorts(kernel, items);
    for (uint32_t i = 0; i < 20'000; ++i) items[i].first = i < 10'000 ? i : 20'000 - i;
    expect_sorts(kernel, items);
  }
}

TEST(KeySort, EndsInTimeOnKeysMadeAgainstTheMedian) {
  // Keys such that each median is next to the least: the largest stand where it looks.
  Items items;
  for (uint32_t i = 0; i < 100'000; ++i) {
    items.emplace_back((uint64_t{i} * 0x9E3779B97F4A7C15u) >> (i % 64), i);
  }
  for (const KeySortKernel& kernel : key_sort_kernels()) expect_sorts(kernel, items);
}

}  // namespace
}  // namespace yurai
