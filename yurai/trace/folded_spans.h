#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/trace/maximal_spans.h"
#include "yurai/trace/significance.h"
#include "yurai/trace/span_documents.h"

namespace yurai {

struct FoldedSpanOptions {
  double max_chance = 1;
  uint64_t min_bytes = 0;  ///< of folded text
};

/// Those parts of the answer, of whole pieces (yurai/text/fold.h), whose folded text stands in a
/// folded document and that lie in no longer such part; without those that lie in one of `exact`,
/// the maximal spans of the answer as it is. `twin` and `significance` are those of the folded
/// documents. By begin.
Result<std::vector<Candidate>> folded_spans(const CorpusIndex& twin,
                                            const Significance& significance,
                                            std::string_view answer,
                                            const std::vector<MaximalSpan>& exact,
                                            const FoldedSpanOptions& options);

}  // namespace yurai
