#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/trace/script.h"

/// What a score is worth: how many spans at least this strong 10,000 characters of unrelated text
/// hold. Measured on the index itself; docs/formats/calibration.md.
namespace yurai {

inline constexpr std::string_view kCalibrationName = "calibration.json";

struct CurvePoint {
  double score = 0;
  double chance_per_10k = 0;
  double low = 0;  ///< 95 % interval of the mean over sources
  double high = 0;
};

/// One script's curve and what it was computed from.
struct ScriptCurve {
  uint64_t passages = 0;    ///< that were traced and hold this script
  uint64_t characters = 0;  ///< of this script in them
  uint64_t sources = 0;
  uint64_t spans = 0;              ///< found in them
  std::vector<CurvePoint> points;  ///< scores ascend, chances never do
};

struct Calibration {
  std::array<ScriptCurve, std::size(kScripts)> curves;
  uint64_t passages_drawn = 0;
  uint64_t passages_related = 0;  ///< left out: they quote a document
  std::string left_out;           ///< "source" or "document"; what a passage is not traced to

  const ScriptCurve& curve(Script script) const { return curves[static_cast<size_t>(script)]; }
  /// Between the points along straight lines of ln(chance); beyond the last as the default curve.
  double chance_per_10k(Script script, double score) const;
};

Json to_json(const Calibration& calibration);
Result<Calibration> parse_calibration(std::string_view bytes);

/// What the passages of one source gave for one script.
struct SourceSample {
  uint64_t characters = 0;
  std::vector<double> scores;  ///< of their spans, each text once a document
};

/// The curve over sources: the mean of their rates, shrunk towards `default_chance` as if that were
/// one more source, and falling no faster than it where fewer than three spans are left.
ScriptCurve fit_curve(Script script, const std::vector<SourceSample>& sources);

/// What an index with nothing to measure on says: rates seen over public corpora
/// (docs/adr/0003-significance-score.md).
double default_chance(Script script, double score);

}  // namespace yurai
