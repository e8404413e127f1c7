#pragma once

#include <cstdint>

#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/record/trace.h"
#include "yurai/trace/calibration.h"
#include "yurai/trace/null_model.h"

namespace yurai {

/// What spans are worth in one index: its null model and its calibration. Immutable.
struct Significance {
  NullModel null_model;
  Calibration calibration;
  double ln_points = 0;

  static Result<Significance> open(const CorpusIndex& index);

  /// Sets score and chance_per_10k of a span of characters [char_begin, char_end) of a text, which
  /// occurs span.count times.
  void weigh(const TextNgrams& ngrams, uint64_t char_begin, uint64_t char_end, Span& span) const;
};

}  // namespace yurai
