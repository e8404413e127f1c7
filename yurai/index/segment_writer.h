#pragma once

#include <cstdint>
#include <span>

#include "yurai/base/block_file.h"
#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/index/fences.h"

namespace yurai {

inline constexpr std::string_view kLeavesName = "leaves.bin";
inline constexpr std::string_view kFencesName = "fences.bin";

/// Writes the sorted points of a corpus as leaves.bin and fences.bin.
class SegmentWriter {
 public:
  /// `text` must outlive the writer. At most `max_points` points follow.
  static Result<SegmentWriter> create(StagingDirectory& stage, const BlockFile& text,
                                      uint64_t max_points);

  /// The next entries, packed (leaf.h).
  Result<void> append(std::span<const uint64_t> entries);
  Result<void> finish();
  uint64_t num_points() const { return num_points_; }

 private:
  SegmentWriter(StagingDirectory& stage, const BlockFile& text, BlockFileWriter leaves,
                uint64_t max_points)
      : stage_(&stage), text_(&text), leaves_(std::move(leaves)), fences_(max_points) {}
  Result<void> add_fence(const LeafEntry& first);

  StagingDirectory* stage_;
  const BlockFile* text_;
  BlockFileWriter leaves_;
  FencesWriter fences_;
  uint64_t num_points_ = 0;
  uint32_t leaf_lcp_ = kMaxLcp;  // least lcp since the last fence, and its branch
  uint8_t leaf_branch_ = 0;
};

}  // namespace yurai
