#include "yurai/trace/significance.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "yurai/trace/script.h"

namespace yurai {

Result<Significance> Significance::open(const CorpusIndex& index) {
  YURAI_ASSIGN(const std::string model_bytes,
               read_manifest_file(index.dir(), index.manifest(), kNullModelName));
  YURAI_ASSIGN(NullModel null_model, NullModel::parse(model_bytes));
  YURAI_ASSIGN(const std::string calibration_bytes,
               read_manifest_file(index.dir(), index.manifest(), kCalibrationName));
  YURAI_ASSIGN(Calibration calibration, parse_calibration(calibration_bytes));
  const auto points = static_cast<double>(std::max<uint64_t>(1, index.num_points()));
  return Significance{std::move(null_model), std::move(calibration), std::log(points)};
}

void Significance::weigh(const TextNgrams& ngrams, uint64_t char_begin, uint64_t char_end,
                         Span& span) const {
  const Script script =
      script_of(std::span(ngrams.chars).subspan(char_begin, char_end - char_begin));
  span.score = -(ln_points + ln_chance(ngrams, char_begin, char_end, span.count, script));
  span.chance_per_10k = calibration.chance_per_10k(script, span.score);
}

}  // namespace yurai
