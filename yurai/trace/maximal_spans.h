#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"

namespace yurai {

/// A part [begin, end) of an answer, on character borders, that stands in a document.
struct MaximalSpan {
  uint64_t begin = 0;
  uint64_t end = 0;
  RankRange range;  ///< its occurrences
  uint64_t size() const { return end - begin; }
};

/// Those parts of `answer` (valid UTF-8) that the index finds and that lie in no longer such part,
/// by begin (and so by end); they may overlap. One longest match a character, fewer inside of long
/// spans. kResourceExhausted when the answer repeats itself so much that more than 4 GiB would be
/// compared.
Result<std::vector<MaximalSpan>> maximal_spans(const CorpusIndex& index, std::string_view answer);

}  // namespace yurai
