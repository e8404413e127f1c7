#include "yurai/curate/label_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

std::vector<ScoredLabel> random_scores(std::mt19937_64& random, size_t size) {
  std::vector<ScoredLabel> out;
  for (size_t i = 0; i < size; ++i) {
    out.push_back({static_cast<double>(random() % 8) / 7, random() % 3 == 0});
  }
  return out;
}

double slow_auroc(const std::vector<ScoredLabel>& scores) {
  double pairs = 0;
  double ordered = 0;
  for (const ScoredLabel& yes : scores) {
    for (const ScoredLabel& no : scores) {
      if (!yes.positive || no.positive) continue;
      ++pairs;
      ordered += yes.score > no.score ? 1 : yes.score == no.score ? 0.5 : 0;
    }
  }
  return pairs > 0 ? ordered / pairs : 0.5;
}

double slow_average_precision(const std::vector<ScoredLabel>& scores) {
  double positives = 0;
  double sum = 0;
  for (const ScoredLabel& yes : scores) {
    if (!yes.positive) continue;
    ++positives;
    sum += count_at(scores, yes.score).precision().value();
  }
  return positives > 0 ? sum / positives : 0;
}

TEST(LabelMetrics, AgreeWithTheirDefinitions) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 300; ++round) {
    const auto scores = random_scores(random, random() % 40);
    EXPECT_NEAR(auroc(scores), slow_auroc(scores), 1e-12);
    EXPECT_NEAR(average_precision(scores), slow_average_precision(scores), 1e-12);
  }
}

TEST(LabelMetrics, MeasureProbabilities) {
  const std::vector<ScoredLabel> scores = {{0.9, true}, {0.9, false}, {0.1, false}, {0.1, false}};
  EXPECT_NEAR(brier(scores), (0.01 + 0.81 + 0.01 + 0.01) / 4, 1e-12);
  EXPECT_NEAR(calibration_error(scores), (0.8 + 0.2) / 4, 1e-12);
  EXPECT_EQ(brier({}), 0);
  EXPECT_EQ(calibration_error({}), 0);
  const LabelCounts counts = count_at(scores, 0.5);
  EXPECT_EQ(counts.true_positive, 1U);
  EXPECT_EQ(counts.false_positive, 1U);
  EXPECT_EQ(counts.true_negative, 2U);
  EXPECT_EQ(counts.precision(), 0.5);
  EXPECT_EQ(counts.recall(), 1);
  EXPECT_EQ(count_at(scores, 0.95).precision(), std::nullopt);
}

TEST(LabelMetrics, BootstrapIntervalsCoverTheTruth) {
  std::mt19937_64 random(testing::test_seed());
  int covered = 0;
  constexpr int kTrials = 60;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<ScoredLabel> scores;
    std::vector<uint64_t> groups;
    for (uint64_t i = 0; i < 200; ++i) {
      scores.push_back({random() % 10 < 3 ? 1.0 : 0.0, false});  // its mean is truly 0.3
      groups.push_back(i);
    }
    const auto mean = [](std::span<const ScoredLabel> some) {
      double sum = 0;
      for (const ScoredLabel& x : some) sum += x.score;
      return sum / static_cast<double>(some.size());
    };
    const MetricInterval interval = bootstrap(scores, groups, mean, 500);
    covered += interval.low <= 0.3 && 0.3 <= interval.high;
  }
  EXPECT_GE(covered, kTrials * 8 / 10);
}

TEST(LabelMetrics, WhereNothingIsFoundPrecisionIsNoNumber) {
  const auto precision = [](std::span<const ScoredLabel> some) {
    return count_at(some, 0.5).precision();
  };
  const std::vector<uint64_t> groups = {1, 2};
  const std::vector<ScoredLabel> none = {{0.1, true}, {0.2, false}};
  EXPECT_TRUE(to_json(bootstrap(none, groups, precision)).is_null());
  // Rounds that draw only the text below the threshold do not count as 0.
  const std::vector<ScoredLabel> one = {{0.9, true}, {0.2, false}};
  EXPECT_EQ(to_json(bootstrap(one, groups, precision))["low"], 1);
}

TEST(LabelMetrics, BootstrapDrawsAGroupTogether) {
  // Ten copies of one text are one text: the interval is as wide as that of two.
  std::vector<ScoredLabel> scores(20, {0.0, true});
  std::vector<uint64_t> groups(20, 7);
  for (size_t i = 10; i < 20; ++i) {
    scores[i].score = 1;
    groups[i] = 8;
  }
  const MetricInterval interval = bootstrap(scores, groups, brier);
  EXPECT_EQ(interval.low, 0);
  EXPECT_EQ(interval.high, 1);
}

TEST(LabelCalibration, PlattFindsTheCurveThatMadeTheLabels) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<ScoredLabel> margins;
  for (int i = 0; i < 20'000; ++i) {
    const double margin = static_cast<double>(random() % 2001) / 500 - 2;
    const double p = 1 / (1 + std::exp(-2 * margin + 0.5));
    margins.push_back({margin, static_cast<double>(random() % 1'000'000) < p * 1e6});
  }
  const ScoreCalibration calibration = ScoreCalibration::platt(margins);
  for (const double margin : {-2.0, 0.0, 0.5, 2.0}) {
    EXPECT_NEAR(calibration.probability(margin), 1 / (1 + std::exp(-2 * margin + 0.5)), 0.03);
  }
}

TEST(LabelCalibration, IsotonicIsTheBestMonotoneFitAndGoesThroughStorage) {
  const std::vector<ScoredLabel> margins = {{1, false}, {2, true},  {3, false},
                                            {4, true},  {4, false}, {5, true}};
  const ScoreCalibration calibration = ScoreCalibration::isotonic(margins);
  EXPECT_DOUBLE_EQ(calibration.probability(0), 0);
  EXPECT_DOUBLE_EQ(calibration.probability(2.5), 0.5);
  EXPECT_DOUBLE_EQ(calibration.probability(9), 1);
  double last = 0;
  for (double margin = 0; margin < 6; margin += 0.1) {
    EXPECT_GE(calibration.probability(margin), last);
    last = calibration.probability(margin);
  }
  const ScoreCalibration again = ScoreCalibration::from_json(calibration.to_json()).value();
  EXPECT_EQ(again.probability(3.7), calibration.probability(3.7));
  const ScoreCalibration platt = ScoreCalibration::platt(margins);
  EXPECT_EQ(ScoreCalibration::from_json(platt.to_json())->probability(3.7), platt.probability(3.7));
}

TEST(LabelCalibration, RefusesStoredNonsense) {
  for (const char* text : {"{}", "[]", R"({"method":"x"})", R"({"method":"platt","a":"1","b":2})",
                           R"({"method":"isotonic","knots":[[1,0.5],[1,0.6]]})",
                           R"({"method":"isotonic","knots":[[1]]})"}) {
    EXPECT_FALSE(ScoreCalibration::from_json(parse_json(text, "x").value())) << text;
  }
}

TEST(LabelCalibration, FindsTheLowestThresholdOfAPrecision) {
  const std::vector<ScoredLabel> scores = {{0.9, true}, {0.8, true},  {0.7, false},
                                           {0.6, true}, {0.5, false}, {0.4, false}};
  EXPECT_EQ(threshold_for_precision(scores, 1.0).value(), 0.8);
  EXPECT_EQ(threshold_for_precision(scores, 0.75).value(), 0.6);
  EXPECT_EQ(threshold_for_precision(scores, 0.5).value(), 0.4);
  const std::vector<ScoredLabel> hopeless = {{0.9, false}, {0.5, true}};
  EXPECT_EQ(threshold_for_precision(hopeless, 0.9).error().message,
            "no threshold reaches a precision of 0.9 on these 2 texts; the best is 0.500. Ask for "
            "less, or label more texts");
}

}  // namespace
}  // namespace yurai
