#include "yurai/curate/union_find.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

TEST(UnionFind, GivesEveryGroupItsSmallestFromAnyNumberOfThreads) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 20; ++round) {
    const size_t size = 1 + random() % 2000;
    std::vector<std::pair<uint64_t, uint64_t>> pairs(random() % 3000);
    for (auto& pair : pairs) pair = {random() % size, random() % size};
    std::vector<uint64_t> naive(size);
    for (size_t i = 0; i < size; ++i) naive[i] = i;
    for (const auto& [a, b] : pairs) {
      const uint64_t from = std::max(naive[a], naive[b]);
      const uint64_t to = std::min(naive[a], naive[b]);
      std::replace(naive.begin(), naive.end(), from, to);
    }
    UnionFind groups(size);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = t; i < pairs.size(); i += 4) groups.unite(pairs[i].first, pairs[i].second);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(groups.find(i), naive[i]);
  }
}

}  // namespace
}  // namespace yurai
