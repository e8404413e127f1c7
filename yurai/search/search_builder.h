#pragma once

#include <cstdint>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"

namespace yurai {

struct SearchBuildOptions {
  uint64_t memory_bytes = 512 << 20;  ///< for postings at once; more are sorted in runs on disk
  int num_threads = 1;
};

/// Writes the document search of a corpus (docs/formats/search.md) into a staging folder; the
/// caller writes the manifest. The same corpus gives the same bytes with any memory
/// and any number of threads.
Result<void> build_document_search(const Corpus& corpus, const SearchBuildOptions& options,
                                   StagingDirectory& stage, const Progress& progress);

}  // namespace yurai
