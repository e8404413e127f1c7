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
};

/// Sorts the points of a corpus and writes the segment and its manifest into the staging folder,
/// which `CorpusIndex::open(stage.path())` can then open before `stage.commit()`. The same corpus
/// gives the same bytes, on any number of threads.
Result<void> build_index(const std::filesystem::path& corpus_dir, const IndexBuildOptions& options,
                         StagingDirectory& stage, const Progress& progress);

}  // namespace yurai
