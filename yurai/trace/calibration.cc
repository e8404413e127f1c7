#include "yurai/trace/calibration.h"

#include <algorithm>
#include <cmath>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr double kMaxChance = 10'000;  ///< a span a character
constexpr double kPer = 10'000;

constexpr double kFirstScore = -10;
constexpr double kLastScore = 150;
constexpr double kScoreStep = 2.5;

/// A source of so many characters has half the weight of a large one.
constexpr double kHalfWeightChars = 10'000;
/// Sources that the default curve stands for.
constexpr double kDefaultWeight = 1;
/// Spread of ln(rate) between sources, where too few of them were seen to tell.
constexpr double kDefaultSpread = 1.2;
constexpr uint64_t kMinSpans = 3;

struct DefaultCurve {
  double score_of_one;  ///< where chance_per_10k is 1
  double slope;         ///< of ln(chance)
};
constexpr DefaultCurve default_curve(Script script) {
  switch (script) {
    case Script::kCjk:
      return {38, 0.17};
    case Script::kOther:
      return {45, 0.12};
    case Script::kCode:
      return {64, 0.06};
  }
  return {};
}

/// Text that is not cjk holds spans of two classes: of either class so many, and half of them each,
/// may be as strong as stated.
constexpr double num_classes_of(Script script) { return script == Script::kCjk ? 1 : 2; }

uint64_t count_at_least(const std::vector<double>& ascending, double score) {
  return static_cast<uint64_t>(ascending.end() -
                               std::lower_bound(ascending.begin(), ascending.end(), score));
}

/// Mean and interval at one score, before any extrapolation.
struct Mean {
  double rate = 0;
  uint64_t spans = 0;
  double variance = 0;  ///< of the mean
};

Mean mean_at(double score, double prior, double per, const std::vector<SourceSample>& sources) {
  Mean mean;
  double weights = kDefaultWeight, weights_squared = kDefaultWeight * kDefaultWeight;
  double sum = kDefaultWeight * prior, squares = kDefaultWeight * prior * prior, noise = 0;
  for (const SourceSample& source : sources) {
    const auto chars = static_cast<double>(source.characters);
    const double weight = chars / (chars + kHalfWeightChars);
    const uint64_t spans = count_at_least(source.scores, score);
    const double rate = static_cast<double>(spans) / chars * per;
    const double rate_error = std::sqrt(static_cast<double>(spans) + 1) / chars * per;
    mean.spans += spans;
    weights += weight;
    weights_squared += weight * weight;
    sum += weight * rate;
    squares += weight * rate * rate;
    noise += weight * weight * rate_error * rate_error;
  }
  mean.rate = sum / weights;
  const double effective = weights * weights / weights_squared;
  double between = std::max(0.0, squares / weights - mean.rate * mean.rate);
  if (effective > 1) between *= effective / (effective - 1);
  // Few sources show too little of how sources differ.
  const double floor = mean.rate * mean.rate * (std::exp(kDefaultSpread * kDefaultSpread) - 1);
  between = std::max(between, floor / effective);
  mean.variance = between / effective + noise / (weights * weights);
  return mean;
}

Json to_json(Script script, const ScriptCurve& curve, const std::string& left_out) {
  Json points = Json::array();
  for (const CurvePoint& point : curve.points) {
    points.push_back({{"score", point.score},
                      {"chance_per_10k", point.chance_per_10k},
                      {"interval", {point.low, point.high}}});
  }
  return {{"class", name(script)},
          {"passages", curve.passages},
          {"characters", curve.characters},
          {"sources", curve.sources},
          {"spans", curve.spans},
          {"method", curve.sources == 0 ? "default curve" : "leave one " + left_out + " out"},
          {"curve", std::move(points)}};
}

}  // namespace

double default_chance(Script script, double score) {
  const DefaultCurve curve = default_curve(script);
  return std::min(kMaxChance, std::exp(-curve.slope * (score - curve.score_of_one)));
}

ScriptCurve fit_curve(Script script, const std::vector<SourceSample>& all_sources) {
  ScriptCurve curve;
  std::vector<SourceSample> sources;
  for (const SourceSample& source : all_sources) {
    if (source.characters == 0) continue;
    sources.push_back(source);
    std::sort(sources.back().scores.begin(), sources.back().scores.end());
    curve.characters += source.characters;
    curve.spans += source.scores.size();
  }
  curve.sources = sources.size();
  const double slope = default_curve(script).slope;
  CurvePoint last;
  for (double score = kFirstScore; score <= kLastScore; score += kScoreStep) {
    const Mean mean =
        mean_at(score, default_chance(script, score), kPer * num_classes_of(script), sources);
    CurvePoint point{score, mean.rate, 0, 0};
    if (mean.spans < kMinSpans && !curve.points.empty()) {
      point.chance_per_10k =
          std::max(point.chance_per_10k, last.chance_per_10k * std::exp(-slope * kScoreStep));
    }
    if (!curve.points.empty()) {
      point.chance_per_10k = std::min(point.chance_per_10k, last.chance_per_10k);
    }
    point.chance_per_10k = std::min(point.chance_per_10k, kMaxChance);
    const double relative = mean.variance / (point.chance_per_10k * point.chance_per_10k);
    const double width = std::exp(1.96 * std::sqrt(std::log1p(relative)));
    point.low = point.chance_per_10k / width;
    point.high = std::min(kMaxChance, point.chance_per_10k * width);
    curve.points.push_back(point);
    last = point;
  }
  return curve;
}

double Calibration::chance_per_10k(Script script, double score) const {
  const auto& points = curve(script).points;
  if (score <= points.front().score) return points.front().chance_per_10k;
  const CurvePoint& last = points.back();
  if (score >= last.score) {
    return last.chance_per_10k * std::exp(-default_curve(script).slope * (score - last.score));
  }
  size_t after = 1;
  while (after + 1 < points.size() && points[after].score < score) ++after;
  const CurvePoint& a = points[after - 1];
  const CurvePoint& b = points[after];
  const double slope = std::log(b.chance_per_10k / a.chance_per_10k) / (b.score - a.score);
  return a.chance_per_10k * std::exp(slope * (score - a.score));
}

Json to_json(const Calibration& calibration) {
  Json classes = Json::array();
  for (const Script script : kScripts) {
    classes.push_back(to_json(script, calibration.curve(script), calibration.left_out));
  }
  return {{"version", 1},
          {"unit", "spans at least this strong in 10,000 characters of unrelated text"},
          {"passages_drawn", calibration.passages_drawn},
          {"passages_related", calibration.passages_related},
          {"left_out", calibration.left_out},
          {"classes", std::move(classes)}};
}

Result<Calibration> parse_calibration(std::string_view bytes) {
  const auto corrupt = [](std::string_view what) {
    return fail(ErrorCode::kCorrupt, std::string(kCalibrationName) + ": " + std::string(what) +
                                         "; rebuild with 'yurai index build'");
  };
  YURAI_ASSIGN(const Json json, parse_json(bytes, kCalibrationName));
  if (!json.is_object()) return corrupt("it is no object");
  const auto version = json_uint(json, "version");
  if (!version || *version != 1) return corrupt("this program reads version 1");
  Calibration calibration;
  YURAI_ASSIGN(calibration.passages_drawn, json_uint(json, "passages_drawn"));
  YURAI_ASSIGN(calibration.passages_related, json_uint(json, "passages_related"));
  YURAI_ASSIGN(calibration.left_out, json_string(json, "left_out"));
  const Json classes = json.value("classes", Json::array());
  if (!classes.is_array() || classes.size() != std::size(kScripts)) return corrupt("no classes");
  for (const Script script : kScripts) {
    const Json& object = classes[static_cast<size_t>(script)];
    if (json_string(object, "class").value_or("") != name(script)) return corrupt("no such class");
    ScriptCurve& curve = calibration.curves[static_cast<size_t>(script)];
    YURAI_ASSIGN(curve.passages, json_uint(object, "passages"));
    YURAI_ASSIGN(curve.characters, json_uint(object, "characters"));
    YURAI_ASSIGN(curve.sources, json_uint(object, "sources"));
    YURAI_ASSIGN(curve.spans, json_uint(object, "spans"));
    const auto points = object.find("curve");
    if (points == object.end() || !points->is_array() || points->size() < 2) {
      return corrupt("a curve needs two points");
    }
    for (const Json& point : *points) {
      const auto score = point.find("score");
      const auto chance = point.find("chance_per_10k");
      const auto interval = point.find("interval");
      if (score == point.end() || chance == point.end() || interval == point.end() ||
          !score->is_number() || !chance->is_number() || !interval->is_array() ||
          interval->size() != 2 || !(*interval)[0].is_number() || !(*interval)[1].is_number()) {
        return corrupt("a point of a curve has no score, chance and interval");
      }
      curve.points.push_back({score->get<double>(), chance->get<double>(),
                              (*interval)[0].get<double>(), (*interval)[1].get<double>()});
      const CurvePoint& last = curve.points.back();
      if (!(last.chance_per_10k > 0) ||
          (curve.points.size() > 1 && last.score <= curve.points.rbegin()[1].score)) {
        return corrupt("the points of a curve are out of order");
      }
    }
  }
  return calibration;
}

}  // namespace yurai
