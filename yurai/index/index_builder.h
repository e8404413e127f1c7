#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/index_layout.h"
#include "yurai/index/run_file.h"
#include "yurai/record/trace.h"

namespace yurai {

struct IndexBuildOptions {
  PointMode points = PointMode::kChar;
  int num_threads = 1;
  uint64_t memory_bytes = 4ull << 30;  ///< a hard bound; kResourceExhausted says how much is needed
  bool fold = false;                   ///< `build_index`: with a folded twin
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

/// Sorts the points of a corpus and writes them into the staging folder, without a manifest;
/// returns their number.
Result<uint64_t> build_segment(const Corpus& corpus, const IndexBuildOptions& options,
                               StagingDirectory& stage, const Progress& progress);

/// Merges runs of consecutive parts of the corpus to the same bytes, and removes them.
Result<uint64_t> merge_segment(const Corpus& corpus, std::vector<Run> runs,
                               const IndexBuildOptions& options, StagingDirectory& stage,
                               const Progress& progress);

/// Writes the manifest of a folder whose one segment, and `folded` its twin, is in the staging
/// folder. `corpus_path` leads from the folder to the corpus.
Result<void> write_index_manifest(const Corpus& corpus, const std::filesystem::path& corpus_path,
                                  PointMode points, uint64_t num_points,
                                  std::optional<IndexLayout::Segment> folded,
                                  StagingDirectory& stage);

/// The relative way from the folder of an index to a corpus.
Result<std::filesystem::path> path_from(const std::filesystem::path& dir,
                                        const std::filesystem::path& corpus_dir);

}  // namespace yurai
