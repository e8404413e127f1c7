#include "yurai/curate/label_agreement.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace yurai {
namespace {

constexpr int kRounds = 1000;

/// The coincidences of pairs of labels within documents, and what follows.
class Coincidences {
 public:
  explicit Coincidences(size_t num_labels)
      : num_labels_(num_labels), pairs_(num_labels * num_labels), totals_(num_labels) {}

  void add(const UnitLabels& unit) {
    if (unit.size() < 2) return;
    const double share = 1 / static_cast<double>(unit.size() - 1);
    for (size_t i = 0; i < unit.size(); ++i) {
      for (size_t j = 0; j < unit.size(); ++j) {
        if (i != j) pairs_[unit[i] * num_labels_ + unit[j]] += share;
      }
      totals_[unit[i]] += 1;
      total_ += 1;
    }
  }

  double alpha(LabelScale scale) const {
    double observed = 0;
    double expected = 0;
    for (size_t a = 0; a < num_labels_; ++a) {
      for (size_t b = a + 1; b < num_labels_; ++b) {
        const double difference = squared_difference(a, b, scale);
        observed += pairs_[a * num_labels_ + b] * difference;
        expected += totals_[a] * totals_[b] * difference;
      }
    }
    return expected == 0 ? 1 : 1 - (total_ - 1) * observed / expected;
  }

 private:
  double squared_difference(size_t a, size_t b, LabelScale scale) const {
    if (scale == LabelScale::kNominal) return 1;
    double between = 0;
    for (size_t g = a; g <= b; ++g) between += totals_[g];
    between -= (totals_[a] + totals_[b]) / 2;
    return between * between;
  }

  size_t num_labels_;
  std::vector<double> pairs_;
  std::vector<double> totals_;
  double total_ = 0;
};

}  // namespace

Result<Agreement> krippendorff_alpha(const std::vector<UnitLabels>& units, LabelScale scale) {
  std::vector<const UnitLabels*> paired;
  size_t num_labels = 0;
  Agreement agreement;
  for (const UnitLabels& unit : units) {
    if (unit.size() < 2) continue;
    paired.push_back(&unit);
    agreement.labels += unit.size();
    num_labels = std::max(num_labels, 1 + *std::max_element(unit.begin(), unit.end()));
  }
  if (paired.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no document has two labels, so nothing can be said about agreement");
  }
  agreement.units = paired.size();
  Coincidences all(num_labels);
  for (const UnitLabels* unit : paired) all.add(*unit);
  agreement.alpha = all.alpha(scale);

  std::mt19937_64 random(1);
  std::vector<double> values;
  for (int round = 0; round < kRounds; ++round) {
    Coincidences drawn(num_labels);
    for (size_t i = 0; i < paired.size(); ++i) drawn.add(*paired[random() % paired.size()]);
    values.push_back(drawn.alpha(scale));
  }
  std::sort(values.begin(), values.end());
  agreement.low = values[static_cast<size_t>(std::lround(0.025 * (kRounds - 1)))];
  agreement.high = values[static_cast<size_t>(std::lround(0.975 * (kRounds - 1)))];
  return agreement;
}

}  // namespace yurai
