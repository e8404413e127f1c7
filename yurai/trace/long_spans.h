#pragma once

#include <cstddef>
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

/// `long_spans` where `min_bytes` is large enough for that to be faster, on as many threads as a
/// long text is worth; else those of `maximal_spans` of any size.
Result<std::vector<MaximalSpan>> spans_of_size(const CorpusIndex& index, std::string_view answer,
                                               uint64_t min_bytes);

}  // namespace yurai
