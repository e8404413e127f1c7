#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/record/trace.h"
#include "yurai/trace/calibration.h"
#include "yurai/trace/null_model.h"

/// Passages that survive small edits: exact pieces of one document that follow each other there as
/// they do in the answer, joined over what was changed between them.
namespace yurai {

struct NearCopyOptions {
  double max_chance = 1;
  double min_identity = 0.8;
  uint64_t max_documents = 3;  ///< for one part of the answer
};

/// A part of the answer and the passage of a document that it nearly is.
struct NearCopy {
  uint64_t byte_begin = 0;  ///< into the answer
  uint64_t byte_end = 0;
  uint64_t char_begin = 0;
  uint64_t char_end = 0;
  std::string text;
  uint64_t edits = 0;   ///< characters inserted, deleted or replaced in the alignment
  double identity = 0;  ///< 1 - edits / characters of the longer of both
  double score = 0;     ///< as of a span: -ln of the expected number by chance
  double chance_per_10k = 0;
  Occurrence occurrence;
};

/// Near copies of at least two exact pieces each, by begin, then score. `answer` is valid UTF-8.
Result<std::vector<NearCopy>> find_near_copies(const CorpusIndex& index,
                                               const NullModel& null_model,
                                               const Calibration& calibration,
                                               std::string_view answer,
                                               const NearCopyOptions& options);

/// [{"byte_begin",…,"identity","edits","score","chance_per_10k","document"}]
Json to_json(const std::vector<NearCopy>& copies);

}  // namespace yurai
