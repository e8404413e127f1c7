#include "yurai/index/point_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/index/leaf.h"
#include "yurai/index/points.h"
#include "yurai/index/testing.h"

namespace yurai {
namespace {

using testing::random_text;

/// The order by definition.
void expect_sorted(const std::vector<std::string>& documents) {
  std::string text = "\xff";
  for (const std::string& document : documents) text += document + "\xff";
  const uint64_t size = text.size();
  text.append(kSortPadding, '\xff');
  const std::string_view view = std::string_view(text).substr(0, size);
  const auto rest = [&](uint64_t p) { return view.substr(p, view.find('\xff', p) + 1 - p); };
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    std::vector<uint32_t> order;
    for (uint32_t p = 1; p < size; ++p) {
      if (is_point(text.data(), p, points)) order.push_back(p);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return rest(a) < rest(b); });
    std::vector<uint16_t> lcps;
    for (size_t i = 0; i < order.size(); ++i) {
      size_t lcp = 0;
      if (i > 0) {
        const auto a = rest(order[i - 1]), b = rest(order[i]);
        while (a[lcp] == b[lcp] && a[lcp] != '\xff') ++lcp;
      }
      lcps.push_back(static_cast<uint16_t>(std::min<size_t>(lcp, kMaxLcp)));
    }
    for (const int num_threads : {1, 3}) {
      const auto sorted = sort_points(view, order.size(), points, num_threads, no_progress);
      ASSERT_TRUE(sorted) << sorted.error().message;
      const auto positions = sorted->positions.span();
      ASSERT_TRUE(std::equal(positions.begin(), positions.end(), order.begin(), order.end()));
      const auto found = sorted->lcps.span();
      ASSERT_TRUE(std::equal(found.begin(), found.end(), lcps.begin(), lcps.end()));
      for (size_t i = 0; i < order.size(); ++i) {
        const char branch = lcps[i] < kMaxLcp ? text[order[i] + lcps[i]] : '\0';
        ASSERT_EQ(sorted->branches.span()[i], static_cast<uint8_t>(branch)) << i;
      }
    }
  }
}

TEST(PointSort, SortsSmallTexts) {
  expect_sorted({});
  expect_sorted({""});
  expect_sorted({"a"});
  expect_sorted({"", "猫", "", "ab", "猫", "a_b c"});
}

TEST(PointSort, SortsRandomTexts) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 40; ++round) {
    const auto& alphabet = round % 3 == 0   ? testing::kTwoLetters
                           : round % 3 == 1 ? testing::kWords
                                            : testing::kJapanese;
    std::vector<std::string> texts(random() % 6);
    for (std::string& text : texts) text = random_text(random, alphabet, random() % 900);
    expect_sorted(texts);
  }
}

/// Copies that end alike, begin alike, and lie inside of others.
TEST(PointSort, SortsCopies) {
  std::mt19937_64 random(testing::test_seed());
  for (const auto* alphabet : {&testing::kTwoLetters, &testing::kWords, &testing::kJapanese}) {
    std::vector<std::string> texts;
    const std::string text = random_text(random, *alphabet, 500);
    for (int copy = 0; copy < 12; ++copy) {
      texts.push_back(copy % 3 == 0 ? text : random_text(random, *alphabet, random() % 9) + text);
      if (copy % 4 == 1) texts.back() += random_text(random, *alphabet, random() % 9);
      if (copy % 5 == 2) texts.back() += texts.back();
    }
    expect_sorted(texts);
  }
}

TEST(PointSort, SortsTextsThatRepeatThemselves) {
  expect_sorted({std::string(3000, 'a')});
  expect_sorted({std::string(700, 'a'), std::string(900, 'a'), std::string(700, 'a')});
  std::string fibonacci = "a", next = "ab";
  while (next.size() < 3000) fibonacci = std::exchange(next, next + fibonacci);
  expect_sorted({next, next});
  std::string pairs, spaced, cats;
  for (int i = 0; i < 700; ++i) {
    pairs += "ab";
    spaced += "a b ";
    cats += "猫犬猫";
  }
  expect_sorted({pairs, "x" + pairs});
  expect_sorted({spaced, cats, spaced + "c", cats + "犬"});
}

/// Words longer than the sort looks for their end.
TEST(PointSort, SortsEndlessWords) {
  const std::string word(2500, 'x');
  expect_sorted({word, "a " + word + " b", "a " + word + " c", word + "y " + word});
  expect_sorted({". " + std::string(1100, 'x') + " one", ". " + std::string(1100, 'x') + " two",
                 ". " + std::string(90, 'x') + " one", ". " + std::string(90, 'x') + " two"});
}

TEST(PointSort, CapsLcps) {
  std::mt19937_64 random(testing::test_seed());
  const std::string text = random_text(random, testing::kTwoLetters, 66000);
  expect_sorted({text, "b" + text});
}

/// More points in one bucket than a thread has keys for.
TEST(PointSort, CutsLargeBuckets) {
  std::mt19937_64 random(testing::test_seed());
  std::string text;
  for (int i = 0; i < 200000; ++i) text += random() % 8 == 0 ? "abc" : "ab";
  std::string padded = "\xff";
  for (int copy = 0; copy < 4; ++copy) padded += text + "\xff";
  const uint64_t size = padded.size();
  padded.append(kSortPadding, '\xff');
  const std::string_view view(padded.data(), size);
  const uint64_t num_points = count_points(view, PointMode::kChar);
  const auto one = sort_points(view, num_points, PointMode::kChar, 1, no_progress).value();
  const auto ranks = one.positions.span();
  for (size_t i = 1; i < ranks.size(); ++i) {
    const char* a = padded.data() + ranks[i - 1];
    const char* b = padded.data() + ranks[i];
    const uint64_t lcp = one.lcps.span()[i];
    if (lcp < 100 || i % 997 == 0) {
      ASSERT_TRUE(std::equal(a, a + lcp, b)) << i;
    }
    if (lcp == kMaxLcp) continue;
    ASSERT_TRUE(static_cast<uint8_t>(a[lcp]) < static_cast<uint8_t>(b[lcp]) ||
                (a[lcp] == '\xff' && b[lcp] == '\xff' && a < b))
        << i;
  }
}

}  // namespace
}  // namespace yurai
