#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/page_cache.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"
#include "yurai/index/fences.h"

namespace yurai {

inline constexpr std::string_view kLeavesName = "leaves.bin";

/// Writes the sorted points of a corpus as leaves.bin, fences.bin and directory.bin. The bytes
/// depend on the entries and the text only, not on how they were handed over.
class SegmentWriter {
 public:
  /// `text` must outlive the writer.
  static Result<SegmentWriter> create(StagingDirectory& stage, const TextFile& text);

  /// The next entries in order, packed (leaf.h).
  Result<void> append(std::span<const uint64_t> entries);
  Result<void> finish();
  uint64_t num_points() const { return num_written_ + pending_.size(); }

 private:
  SegmentWriter(const TextFile& text, PageFileWriter leaves, FencesWriter fences);
  Result<void> add(const LeafEntry& entry);
  Result<void> write_leaf(size_t count);

  const TextFile* text_;
  std::unique_ptr<PageCache> cache_;  ///< of the text, for separators
  PageFileWriter leaves_;
  FencesWriter fences_;
  unsigned position_bits_;
  std::vector<LeafEntry> pending_;  ///< entries of the leaf to come, perhaps more
  size_t num_long_ = 0;             ///< pending ones with a long lcp
  uint64_t num_written_ = 0;
  uint32_t leaf_lcp_ = kMaxLcp;  ///< least lcp since the last leaf began, and its branch
  uint8_t leaf_branch_ = 0;
};

}  // namespace yurai
