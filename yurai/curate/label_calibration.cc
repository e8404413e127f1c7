#include "yurai/curate/label_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace yurai {
namespace {

std::vector<ScoredLabel> ascending(std::span<const ScoredLabel> scores) {
  std::vector<ScoredLabel> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(), [](const ScoredLabel& x, const ScoredLabel& y) {
    return x.score != y.score ? x.score < y.score : x.positive < y.positive;
  });
  return sorted;
}

/// 1 / (1 + exp(f)), without overflow.
double logistic(double f) {
  if (f >= 0) return std::exp(-f) / (1 + std::exp(-f));
  return 1 / (1 + std::exp(f));
}

/// -target · log p - (1 - target) · log(1 - p) for p = logistic(f).
double loss(double f, double target) {
  return f >= 0 ? target * f + std::log1p(std::exp(-f))
                : (target - 1) * f + std::log1p(std::exp(f));
}

}  // namespace

ScoreCalibration ScoreCalibration::platt(std::span<const ScoredLabel> margins) {
  const std::vector<ScoredLabel> sorted = ascending(margins);  // so that order changes no rounding
  const auto num_positive = static_cast<double>(
      std::count_if(sorted.begin(), sorted.end(), [](const auto& x) { return x.positive; }));
  const double num_negative = static_cast<double>(sorted.size()) - num_positive;
  const double high = (num_positive + 1) / (num_positive + 2);
  const double low = 1 / (num_negative + 2);
  const auto total = [&](double a, double b) {
    double sum = 0;
    for (const ScoredLabel& x : sorted) sum += loss(a * x.score + b, x.positive ? high : low);
    return sum;
  };
  double a = 0;
  double b = std::log((num_negative + 1) / (num_positive + 1));
  double value = total(a, b);
  for (int pass = 0; pass < 100; ++pass) {
    double h11 = 1e-12;
    double h22 = 1e-12;
    double h21 = 0;
    double g1 = 0;
    double g2 = 0;
    for (const ScoredLabel& x : sorted) {
      const double p = logistic(a * x.score + b);
      const double curvature = p * (1 - p);
      const double slope = (x.positive ? high : low) - p;
      h11 += x.score * x.score * curvature;
      h22 += curvature;
      h21 += x.score * curvature;
      g1 += x.score * slope;
      g2 += slope;
    }
    if (std::fabs(g1) < 1e-9 && std::fabs(g2) < 1e-9) break;
    const double det = h11 * h22 - h21 * h21;
    const double da = -(h22 * g1 - h21 * g2) / det;
    const double db = -(h11 * g2 - h21 * g1) / det;
    const double gd = g1 * da + g2 * db;
    double step = 1;
    for (; step >= 1e-10; step /= 2) {
      const double next = total(a + step * da, b + step * db);
      if (next < value + 1e-4 * step * gd) {
        a += step * da;
        b += step * db;
        value = next;
        break;
      }
    }
    if (step < 1e-10) break;
  }
  ScoreCalibration out;
  out.a_ = std::min(a, 0.0);
  out.b_ = b;
  return out;
}

ScoreCalibration ScoreCalibration::isotonic(std::span<const ScoredLabel> margins) {
  struct Block {
    double first = 0;  // margins
    double last = 0;
    double positives = 0;
    double size = 0;
    double mean() const { return positives / size; }
  };
  std::vector<Block> blocks;
  const std::vector<ScoredLabel> sorted = ascending(margins);
  for (size_t i = 0; i < sorted.size();) {
    Block block;
    block.first = block.last = sorted[i].score;
    for (const double margin = sorted[i].score; i < sorted.size() && sorted[i].score == margin;
         ++i) {
      block.positives += sorted[i].positive;
      block.size += 1;
    }
    while (!blocks.empty() && blocks.back().mean() >= block.mean()) {
      block.first = blocks.back().first;
      block.positives += blocks.back().positives;
      block.size += blocks.back().size;
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  ScoreCalibration out;
  out.method_ = Method::kIsotonic;
  for (const Block& block : blocks) {
    out.knots_.push_back({block.first, block.mean()});
    if (block.last > block.first) out.knots_.push_back({block.last, block.mean()});
  }
  return out;
}

double ScoreCalibration::probability(double margin) const {
  if (method_ == Method::kPlatt) return logistic(a_ * margin + b_);
  if (knots_.empty()) return 0.5;
  const auto above =
      std::upper_bound(knots_.begin(), knots_.end(), margin,
                       [](double value, const Knot& knot) { return value < knot.margin; });
  if (above == knots_.begin()) return knots_.front().probability;
  if (above == knots_.end()) return knots_.back().probability;
  const Knot& below = *(above - 1);
  const double share = (margin - below.margin) / (above->margin - below.margin);
  return below.probability + share * (above->probability - below.probability);
}

Json ScoreCalibration::to_json() const {
  if (method_ == Method::kPlatt) return {{"method", "platt"}, {"a", a_}, {"b", b_}};
  Json knots = Json::array();
  for (const Knot& knot : knots_) knots.push_back({knot.margin, knot.probability});
  return {{"method", "isotonic"}, {"knots", std::move(knots)}};
}

Result<ScoreCalibration> ScoreCalibration::from_json(const Json& json) {
  const auto bad = [] {
    return fail(ErrorCode::kCorrupt, "the model's calibration can't be read; train it again");
  };
  const auto is_finite = [](const Json& value) {
    return value.is_number() && std::isfinite(value.get<double>());
  };
  if (!json.is_object() || !json.contains("method")) return bad();
  ScoreCalibration out;
  if (json["method"] == "platt") {
    if (!json.contains("a") || !json.contains("b") || !is_finite(json["a"]) ||
        !is_finite(json["b"])) {
      return bad();
    }
    out.a_ = json["a"].get<double>();
    out.b_ = json["b"].get<double>();
    return out;
  }
  out.method_ = Method::kIsotonic;
  if (json["method"] != "isotonic" || !json.contains("knots") || !json["knots"].is_array()) {
    return bad();
  }
  for (const Json& pair : json["knots"]) {
    if (!pair.is_array() || pair.size() != 2 || !is_finite(pair[0]) || !is_finite(pair[1])) {
      return bad();
    }
    const Knot knot{pair[0].get<double>(), pair[1].get<double>()};
    if (!out.knots_.empty() && knot.margin <= out.knots_.back().margin) return bad();
    out.knots_.push_back(knot);
  }
  return out;
}

Result<ScoreCalibration::Method> parse_calibration_method(std::string_view name) {
  if (name == "platt") return ScoreCalibration::Method::kPlatt;
  if (name == "isotonic") return ScoreCalibration::Method::kIsotonic;
  return fail(ErrorCode::kInvalidArgument, "a calibration is 'platt' or 'isotonic'");
}

ScoreCalibration fit_calibration(ScoreCalibration::Method method,
                                 std::span<const ScoredLabel> margins) {
  return method == ScoreCalibration::Method::kPlatt ? ScoreCalibration::platt(margins)
                                                    : ScoreCalibration::isotonic(margins);
}

Result<double> threshold_for_precision(std::span<const ScoredLabel> scores, double precision) {
  const std::vector<ScoredLabel> sorted = ascending(scores);
  double found = 0;
  double positives = 0;
  double threshold = -1;
  double best = 0;
  for (size_t i = sorted.size(); i-- > 0;) {
    found += 1;
    positives += sorted[i].positive;
    if (i > 0 && sorted[i - 1].score == sorted[i].score) continue;
    best = std::max(best, positives / found);
    if (positives / found >= precision) threshold = sorted[i].score;
  }
  if (threshold >= 0) return threshold;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("no threshold reaches a precision of {} on these {} texts; the best is "
                          "{:.3f}. Ask for less, or label more texts",
                          precision, sorted.size(), best));
}

}  // namespace yurai
