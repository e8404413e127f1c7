#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/trace/maximal_spans.h"

namespace yurai {

/// Those of `maximal_spans` that have at least `min_bytes`, by begin. Over char points it looks
/// only where such a span may begin: from the right, a longest match of l < min_bytes at i means
/// that none begins after i + l - min_bytes and at or before i. On `num_threads` threads; the
/// result is the same for any number.
Result<std::vector<MaximalSpan>> long_spans(const CorpusIndex& index, std::string_view answer,
                                            uint64_t min_bytes, int num_threads);

/// A part [begin, end) of a text that need not be found.
struct KnownPart {
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// Of the spans of `long_spans`, at least those that lie in none of `known`, whose begins and ends
/// ascend. The same jumps pass over what is known, so that a text that is known but for some places
/// takes little time. Char points only.
Result<std::vector<MaximalSpan>> unknown_spans(const CorpusIndex& index, std::string_view answer,
                                               uint64_t min_bytes,
                                               const std::vector<KnownPart>& known);

/// `long_spans` where `min_bytes` is large enough for that to be faster, on as many threads as a
/// long text is worth; else those of `maximal_spans` of any size.
Result<std::vector<MaximalSpan>> spans_of_size(const CorpusIndex& index, std::string_view answer,
                                               uint64_t min_bytes);

}  // namespace yurai
