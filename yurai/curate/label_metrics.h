#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/curate/label_calibration.h"

/// How good scores are, and how sure that is.
namespace yurai {

/// Share of the pairs of a positive and a negative that are in the right order; ties count half.
/// 0.5 where one of them is missing.
double auroc(std::span<const ScoredLabel> scores);
/// Average precision: the step-wise area under precision over recall. 0 without positives.
double average_precision(std::span<const ScoredLabel> scores);
/// Mean squared distance of the probability from 0 or 1.
double brier(std::span<const ScoredLabel> scores);
/// Expected calibration error over ten bins of equal width.
double calibration_error(std::span<const ScoredLabel> scores);

struct LabelCounts {
  uint64_t true_positive = 0;
  uint64_t false_positive = 0;
  uint64_t false_negative = 0;
  uint64_t true_negative = 0;

  uint64_t found() const { return true_positive + false_positive; }
  std::optional<double> precision() const;  ///< none where nothing was found
  double recall() const;
};

/// What `score >= threshold` finds.
LabelCounts count_at(std::span<const ScoredLabel> scores, double threshold);

/// A measurement and its 95 % interval; without a value there is nothing to measure.
struct MetricInterval {
  std::optional<double> value{};
  double low = 0;
  double high = 0;
};
Json to_json(const MetricInterval& interval);  ///< null without a value

/// None: these scores say nothing of it.
using ScoreMetric = std::function<std::optional<double>(std::span<const ScoredLabel>)>;

inline constexpr int kBootstrapRounds = 2000;

/// The percentile bootstrap: `groups` (one of each score; texts of one group are drawn together)
/// are drawn with replacement, with a fixed seed. Of n scores at most 4,000,000 / (n + 1) rounds
/// are drawn, but 200 at least: fewer than kBootstrapRounds from 2,000 scores on. Rounds in which
/// there is nothing to measure do not count.
MetricInterval bootstrap(std::span<const ScoredLabel> scores, std::span<const uint64_t> groups,
                         const ScoreMetric& metric, int rounds = kBootstrapRounds);

}  // namespace yurai
