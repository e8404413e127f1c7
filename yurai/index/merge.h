#pragma once

#include <cstdint>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/run_file.h"
#include "yurai/index/segment_writer.h"
#include "yurai/index/text_cache.h"

namespace yurai {

/// Memory of each thread that merges: its runs' chunks, its slice twice, a cache of text.
inline constexpr size_t kMaxRunsAtOnce = 64;
inline constexpr uint64_t kThreadMergeMemory =
    kMaxRunsAtOnce * (RunReader::kMemory + 2 * kRecordsASample * sizeof(uint64_t)) + (8 << 20) +
    TextCache::kMinMemory;

struct MergeOptions {
  int num_threads = 1;
  /// At least kThreadMergeMemory a thread and a TextCache::kMinMemory.
  uint64_t memory_bytes = 0;
  /// Where there are more runs, consecutive ones become larger runs first.
  size_t max_runs_at_once = kMaxRunsAtOnce;
};

/// Merges runs of consecutive parts of `text` into the segment, and removes them. The order is
/// that of docs/formats/index.md, whatever the cuts. Slices of it are merged in parallel.
Result<void> merge_runs(std::vector<Run> runs, const TextFile& text, const MergeOptions& options,
                        StagingDirectory& stage, SegmentWriter& writer, const Progress& progress);

}  // namespace yurai
