#include "yurai/curate/label_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>

namespace yurai {
namespace {

std::vector<ScoredLabel> descending(std::span<const ScoredLabel> scores) {
  std::vector<ScoredLabel> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const ScoredLabel& x, const ScoredLabel& y) { return x.score > y.score; });
  return sorted;
}

/// Calls `ties(positives, negatives)` for each distinct score, the highest first.
template <class Ties>
void for_each_score(std::span<const ScoredLabel> scores, const Ties& ties) {
  const std::vector<ScoredLabel> sorted = descending(scores);
  for (size_t i = 0; i < sorted.size();) {
    double positives = 0;
    double negatives = 0;
    for (const double score = sorted[i].score; i < sorted.size() && sorted[i].score == score; ++i) {
      (sorted[i].positive ? positives : negatives) += 1;
    }
    ties(positives, negatives);
  }
}

}  // namespace

double auroc(std::span<const ScoredLabel> scores) {
  double positives_above = 0;
  double negatives = 0;
  double ordered = 0;
  for_each_score(scores, [&](double positives, double others) {
    ordered += others * (positives_above + positives / 2);
    positives_above += positives;
    negatives += others;
  });
  return positives_above > 0 && negatives > 0 ? ordered / (positives_above * negatives) : 0.5;
}

double average_precision(std::span<const ScoredLabel> scores) {
  double positives = 0;
  double found = 0;
  double area = 0;
  for_each_score(scores, [&](double here, double others) {
    positives += here;
    found += here + others;
    area += here * positives / found;
  });
  return positives > 0 ? area / positives : 0;
}

double brier(std::span<const ScoredLabel> scores) {
  double sum = 0;
  for (const ScoredLabel& x : scores) {
    const double distance = x.score - (x.positive ? 1 : 0);
    sum += distance * distance;
  }
  return scores.empty() ? 0 : sum / static_cast<double>(scores.size());
}

double calibration_error(std::span<const ScoredLabel> scores) {
  constexpr size_t kBins = 10;
  std::array<double, kBins> sum{};  // of score - label
  for (const ScoredLabel& x : scores) {
    const auto bin = static_cast<size_t>(std::clamp(x.score, 0.0, 1.0) * kBins);
    sum[std::min(bin, kBins - 1)] += x.score - (x.positive ? 1 : 0);
  }
  double total = 0;
  for (const double difference : sum) total += std::fabs(difference);
  return scores.empty() ? 0 : total / static_cast<double>(scores.size());
}

std::optional<double> LabelCounts::precision() const {
  if (found() == 0) return std::nullopt;
  return static_cast<double>(true_positive) / static_cast<double>(found());
}

double LabelCounts::recall() const {
  const uint64_t positives = true_positive + false_negative;
  return positives == 0 ? 0 : static_cast<double>(true_positive) / static_cast<double>(positives);
}

LabelCounts count_at(std::span<const ScoredLabel> scores, double threshold) {
  LabelCounts counts;
  for (const ScoredLabel& x : scores) {
    const bool found = x.score >= threshold;
    if (x.positive) {
      ++(found ? counts.true_positive : counts.false_negative);
    } else {
      ++(found ? counts.false_positive : counts.true_negative);
    }
  }
  return counts;
}

Json to_json(const MetricInterval& interval) {
  if (!interval.value) return nullptr;
  return {{"value", *interval.value}, {"low", interval.low}, {"high", interval.high}};
}

MetricInterval bootstrap(std::span<const ScoredLabel> scores, std::span<const uint64_t> groups,
                         const ScoreMetric& metric, int rounds) {
  std::map<uint64_t, std::vector<size_t>> members;
  for (size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  std::vector<const std::vector<size_t>*> drawn;
  for (const auto& [group, numbers] : members) drawn.push_back(&numbers);
  // Of many scores each round is long, and the interval narrow; the ends of it grow rougher.
  constexpr size_t kMaxDrawn = 4'000'000;
  rounds = std::min(rounds, std::max(200, static_cast<int>(kMaxDrawn / (scores.size() + 1))));
  MetricInterval interval{metric(scores), 0, 0};
  std::vector<double> values;
  std::mt19937_64 random(1);
  std::vector<ScoredLabel> sample;
  for (int round = 0; round < rounds && !drawn.empty(); ++round) {
    sample.clear();
    for (size_t i = 0; i < drawn.size(); ++i) {
      for (const size_t number : *drawn[random() % drawn.size()]) sample.push_back(scores[number]);
    }
    if (const auto value = metric(sample)) values.push_back(*value);
  }
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    if (values.empty()) return interval.value.value_or(0);
    const double last = static_cast<double>(values.size() - 1);
    return values[static_cast<size_t>(std::lround(share * last))];
  };
  interval.low = quantile(0.025);
  interval.high = quantile(0.975);
  return interval;
}

}  // namespace yurai
