#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// From a classifier's margin to a probability that means what it says.
namespace yurai {

/// A margin or score and whether its text has the label.
struct ScoredLabel {
  double score = 0;
  bool positive = false;
};

/// A non-decreasing function of the margin into [0, 1].
class ScoreCalibration {
 public:
  enum class Method { kPlatt, kIsotonic };

  /// p = 1 / (1 + exp(a · margin + b)) with the smoothed targets of Platt (1999), fitted as Lin,
  /// Lin and Weng (2007) do; a <= 0.
  static ScoreCalibration platt(std::span<const ScoredLabel> margins);
  /// The isotonic least-squares fit (pool adjacent violators), straight lines between its blocks.
  static ScoreCalibration isotonic(std::span<const ScoredLabel> margins);

  double probability(double margin) const;

  Json to_json() const;
  static Result<ScoreCalibration> from_json(const Json& json);

 private:
  struct Knot {
    double margin;
    double probability;
  };
  Method method_ = Method::kPlatt;
  double a_ = -1;
  double b_ = 0;
  std::vector<Knot> knots_;  ///< of isotonic: ascending in both
};

/// "platt" or "isotonic".
Result<ScoreCalibration::Method> parse_calibration_method(std::string_view name);
ScoreCalibration fit_calibration(ScoreCalibration::Method method,
                                 std::span<const ScoredLabel> margins);

/// The lowest threshold at which at least `precision` of the texts with score >= threshold are
/// positive: most of the positive ones are found. kInvalidArgument, with the best that can be had,
/// when there is none.
Result<double> threshold_for_precision(std::span<const ScoredLabel> scores, double precision);

}  // namespace yurai
