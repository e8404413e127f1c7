#include "yurai/index/suffix_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using Symbols = std::vector<uint32_t>;

template <class Index>
std::vector<Index> naive_order(const Symbols& symbols) {
  std::vector<Index> order(symbols.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::lexicographical_compare(symbols.begin() + a, symbols.end(), symbols.begin() + b,
                                        symbols.end());
  });
  return order;
}

void expect_sorted(const Symbols& symbols, uint64_t alphabet_size) {
  std::vector<int32_t> narrow(symbols.size());
  sort_suffixes<int32_t>(symbols, alphabet_size, narrow);
  ASSERT_EQ(narrow, naive_order<int32_t>(symbols));
  std::vector<int64_t> wide(symbols.size());
  sort_suffixes<int64_t>(symbols, alphabet_size, wide);
  ASSERT_EQ(wide, naive_order<int64_t>(symbols));
}

TEST(SuffixSort, SortsTheExampleOfTheHeader) {
  std::vector<int32_t> suffixes(5);
  sort_suffixes<int32_t>(Symbols{2, 1, 3, 1, 3}, 4, suffixes);
  EXPECT_EQ(suffixes, (std::vector<int32_t>{3, 1, 0, 4, 2}));
}

TEST(SuffixSort, SortsNothingAndOneSymbol) {
  expect_sorted({}, 1);
  expect_sorted({0}, 1);
  expect_sorted({5}, 6);
}

TEST(SuffixSort, SortsEveryShortString) {
  for (uint32_t alphabet = 1; alphabet <= 3; ++alphabet) {
    for (size_t size = 1; size <= 8; ++size) {
      Symbols symbols(size, 0);
      for (;;) {
        expect_sorted(symbols, alphabet);
        size_t i = 0;
        while (i < size && ++symbols[i] == alphabet) symbols[i++] = 0;
        if (i == size) break;
      }
    }
  }
}

TEST(SuffixSort, SortsRandomStringsOfAnyAlphabet) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 300; ++round) {
    const uint64_t alphabet = 1 + random() % (round % 3 == 0 ? 3 : round % 3 == 1 ? 50 : 100000);
    Symbols symbols(random() % 400);
    for (uint32_t& symbol : symbols) symbol = static_cast<uint32_t>(random() % alphabet);
    expect_sorted(symbols, alphabet);
  }
}

TEST(SuffixSort, SortsRepetitiveStrings) {
  Symbols a{0};
  Symbols b{0, 1};
  while (b.size() < 1500) {  // Fibonacci words
    Symbols next = b;
    next.insert(next.end(), a.begin(), a.end());
    a = std::move(b);
    b = std::move(next);
  }
  expect_sorted(b, 2);
  expect_sorted(Symbols(1000, 7), 8);
  Symbols period(1201);
  for (size_t i = 0; i < period.size(); ++i)
    period[i] = i % 7 == 3 ? 1u : static_cast<uint32_t>(i % 3);
  expect_sorted(period, 3);
}

TEST(SuffixSort, SortsCopiesOfAText) {
  std::mt19937_64 random(testing::test_seed());
  Symbols once(300);
  for (uint32_t& symbol : once) symbol = static_cast<uint32_t>(random() % 30);
  Symbols symbols;
  for (uint32_t copy = 0; copy < 8; ++copy) {
    symbols.insert(symbols.end(), once.begin(), once.end());
    symbols.push_back(30 + copy);
  }
  expect_sorted(symbols, 38);
}

TEST(SuffixSort, SaysHowFarItIs) {
  double last = 0;
  std::vector<int32_t> suffixes(1000);
  sort_suffixes<int32_t>(Symbols(1000, 0), 1, suffixes, [&](double share) {
    EXPECT_GE(share, last);
    EXPECT_LE(share, 1);
    last = share;
  });
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace yurai
