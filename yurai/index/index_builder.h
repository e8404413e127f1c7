#pragma once

#include <cstdint>
#include <filesystem>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/record/trace.h"

namespace yurai {

struct IndexBuildOptions {
  PointMode points = PointMode::kChar;
  int num_threads = 1;
  uint64_t memory_bytes = 4ull << 30;  ///< a hard bound; kResourceExhausted says how much is needed
  // Smaller values take more time, and change nothing else.
  uint64_t max_shard_bytes = UINT64_MAX;  ///< of text that is sorted at once; or one document
  size_t max_runs_at_once = 64;           ///< sorted shards that are merged at once, 2 to 64
};

/// Sorts the points of a corpus and writes the segment and its manifest into the staging folder,
/// which `CorpusIndex::open(stage.path())` can then open before `stage.commit()`. What does not fit
/// in memory is sorted in shards of whole documents, which are merged. The same corpus gives the
/// same bytes, whatever the threads, the memory and the shards.
Result<void> build_index(const std::filesystem::path& corpus_dir, const IndexBuildOptions& options,
                         StagingDirectory& stage, const Progress& progress);

}  // namespace yurai
