#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"

namespace yurai {

struct DuplicateOptions {
  uint32_t min_bytes = 256;    ///< 1 to 65,535
  uint64_t limit = 20;         ///< passages
  uint64_t max_documents = 5;  ///< of each passage
  int num_threads = 1;
};

/// A passage that stands in several places. What follows it, and what stands before it, is not the
/// same everywhere (before a place where no occurrence may begin it may be).
struct Duplicate {
  uint64_t size_bytes = 0;
  uint64_t count = 0;                 ///< places
  std::vector<Occurrence> documents;  ///< of the first places in the corpus, one a document;
                                      ///< `match` is cut to 200 characters
};

/// The longest repeated passages, the longest first. One walk through the order; reads the text
/// only where something repeats. The same on any number of threads.
Result<std::vector<Duplicate>> find_duplicates(const CorpusIndex& index,
                                               const DuplicateOptions& options,
                                               const Progress& progress);

/// {"bytes","count","text","documents":[{"id","number","byte_begin","byte_end",…}]}
Json to_json(const Duplicate& duplicate);

}  // namespace yurai
