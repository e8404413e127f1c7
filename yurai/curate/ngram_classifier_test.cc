#include "yurai/curate/ngram_classifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

std::vector<uint32_t> numbers(size_t size) {
  std::vector<uint32_t> out(size);
  std::iota(out.begin(), out.end(), 0U);
  return out;
}

TEST(NgramClassifier, FoldsWhatLooksAlike) {
  EXPECT_EQ(classified_form("  ＡＢＣ　\n ｶﾞ ①  "), "abc ガ 1");
  EXPECT_EQ(classified_form("Straße"), "strasse");
  EXPECT_EQ(classified_form(""), "");
  EXPECT_EQ(classified_form("a\xff"
                            "b"),
            "a\ufffdb");
}

TEST(NgramClassifier, ReadsDistinctNgramsWithMarksAtTheEnds) {
  NgramReader reader({.min_chars = 1, .max_chars = 2, .bits = 20});
  // of ^aa$: ^ a $ ^a aa a$
  EXPECT_EQ(reader.read("aa").size(), 6U);
  EXPECT_EQ(reader.read("").size(), 3U);  // ^ $ ^$
  const auto first = reader.read("吾輩は猫である");
  const std::set<uint32_t> once(first.begin(), first.end());
  EXPECT_EQ(once.size(), first.size());
  const std::vector<uint32_t> kept(first.begin(), first.end());
  reader.read("x");
  const auto again = reader.read("吾輩は猫である");
  EXPECT_EQ(kept, std::vector<uint32_t>(again.begin(), again.end()));
}

TEST(NgramClassifier, RefusesSizesThatCannotBe) {
  EXPECT_FALSE(check({.min_chars = 0}));
  EXPECT_FALSE(check({.min_chars = 3, .max_chars = 2}));
  EXPECT_FALSE(check({.max_chars = 17}));
  EXPECT_FALSE(check({.bits = 7}));
  EXPECT_FALSE(check({.bits = 29}));
  EXPECT_TRUE(check(CharNgramOptions{}));
}

/// The objective that train_linear minimises, written as its definition says.
double objective(const LinearModel& model, const NgramSets& sets, const std::vector<bool>& positive,
                 double cost) {
  double sum = model.bias * model.bias / 2;
  for (const float weight : model.weights)
    sum += static_cast<double>(weight) * static_cast<double>(weight) / 2;
  for (size_t i = 0; i < sets.size(); ++i) {
    sum += cost * std::log1p(std::exp((positive[i] ? -1 : 1) * model.margin(sets[i])));
  }
  return sum;
}

TEST(NgramClassifier, FindsTheMinimumThatGradientDescentFinds) {
  std::mt19937_64 random(testing::test_seed());
  const CharNgramOptions options{.min_chars = 1, .max_chars = 1, .bits = 8};
  for (int round = 0; round < 10; ++round) {
    NgramReader reader(options);
    NgramSets sets;
    std::vector<bool> positive;
    for (int i = 0; i < 20; ++i) {
      std::string text;
      for (uint64_t c = random() % 6; c > 0; --c) text += static_cast<char>('a' + random() % 5);
      sets.add(reader.read(text));
      positive.push_back(random() % 2 == 0);
    }
    const double cost = 0.5 + static_cast<double>(random() % 5);
    const LinearModel trained = train_linear(sets, numbers(sets.size()), positive, options.bits,
                                             {.cost = cost, .tolerance = 1e-9});
    LinearModel slow;
    slow.weights.resize(256);
    for (int step = 0; step < 20'000; ++step) {
      std::vector<double> gradient(slow.weights.begin(), slow.weights.end());
      double bias_gradient = slow.bias;
      for (size_t i = 0; i < sets.size(); ++i) {
        const double y = positive[i] ? 1 : -1;
        const double pull = -cost * y / (1 + std::exp(y * slow.margin(sets[i])));
        bias_gradient += pull;
        for (const uint32_t bucket : sets[i]) {
          gradient[bucket] += pull / std::sqrt(static_cast<double>(sets[i].size()));
        }
      }
      for (size_t b = 0; b < gradient.size(); ++b) {
        slow.weights[b] -= static_cast<float>(0.01 * gradient[b]);
      }
      slow.bias -= 0.01 * bias_gradient;
    }
    EXPECT_LE(objective(trained, sets, positive, cost),
              objective(slow, sets, positive, cost) + 1e-4);
    EXPECT_NEAR(trained.bias, slow.bias, 2e-3);
  }
}

TEST(NgramClassifier, LearnsAWordFromAFewTexts) {
  NgramReader reader({});
  NgramSets sets;
  std::vector<bool> positive;
  for (int i = 0; i < 40; ++i) {
    const std::string rest = "今日は" + std::to_string(i * 37) + "回目の話";
    sets.add(reader.read(i % 2 == 0 ? rest + "ばか" : rest));
    positive.push_back(i % 2 == 0);
  }
  const LinearModel model = train_linear(sets, numbers(40), positive, 18, {});
  EXPECT_GT(model.margin(reader.read("明日はばか")), 0);
  EXPECT_LT(model.margin(reader.read("明日は晴れ")), 0);
}

}  // namespace
}  // namespace yurai
