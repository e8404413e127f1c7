#include "yurai/lm/token_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

const std::vector<float> kLogits = {std::log(0.1F), std::log(0.4F), std::log(0.1F), std::log(0.4F)};

std::set<uint32_t> drawn(const TokenFilter& filter, double temperature = 1) {
  SplitMix64 random(testing::test_seed());
  std::set<uint32_t> tokens;
  for (int i = 0; i < 500; ++i)
    tokens.insert(draw_token(kLogits, {}, temperature, filter, random).token);
  return tokens;
}

TEST(TokenSampler, DrawsByProbability) {
  SplitMix64 random(testing::test_seed());
  int counts[4] = {};
  for (int i = 0; i < 20'000; ++i) {
    const DrawnToken token = draw_token(kLogits, {}, 1, {}, random);
    ++counts[token.token];
    EXPECT_NEAR(token.probability, token.token % 2 == 1 ? 0.4 : 0.1, 1e-6);
  }
  EXPECT_NEAR(counts[1], 8000, 400);
  EXPECT_NEAR(counts[0], 2000, 250);
}

TEST(TokenSampler, TakesTheFirstOfTheMostProbableAtTemperatureZero) {
  EXPECT_EQ(drawn({}, 0), std::set<uint32_t>{1});
}

TEST(TokenSampler, LeavesOutWhatTheFiltersLeaveOut) {
  EXPECT_EQ(drawn({.top_k = 1}), std::set<uint32_t>{1});
  EXPECT_EQ(drawn({.top_k = 3}), (std::set<uint32_t>{0, 1, 3}));
  EXPECT_EQ(drawn({.top_p = 0.3}), std::set<uint32_t>{1});
  EXPECT_EQ(drawn({.top_p = 0.5}), (std::set<uint32_t>{1, 3}));
  EXPECT_EQ(drawn({.min_p = 0.5}), (std::set<uint32_t>{1, 3}));
  EXPECT_EQ(drawn({.min_p = 0.2}), (std::set<uint32_t>{0, 1, 2, 3}));
}

TEST(TokenSampler, MakesWhatWasSeenLessLikely) {
  const std::vector<float> logits = {2.0F, 1.9F, -1.0F};
  const std::vector<int32_t> seen = {0, 2, 0};
  SplitMix64 random(1);
  const TokenFilter filter{.repetition_penalty = 1.5};
  EXPECT_EQ(draw_token(logits, seen, 0, filter, random).token, 1U);
  EXPECT_EQ(draw_token(logits, {}, 0, filter, random).token, 0U);
}

TEST(TokenSampler, RefusesValuesOutOfTheirRange) {
  EXPECT_TRUE(check_sampling(0, {}));
  EXPECT_FALSE(check_sampling(-1, {}));
  EXPECT_FALSE(check_sampling(std::nan(""), {}));
  EXPECT_FALSE(check_sampling(1, {.top_p = 0}));
  EXPECT_FALSE(check_sampling(1, {.min_p = 2}));
  EXPECT_FALSE(check_sampling(1, {.repetition_penalty = 0}));
}

}  // namespace
}  // namespace yurai
