#include "yurai/index/segment_writer.h"

#include <bit>

namespace yurai {

static_assert(std::endian::native == std::endian::little, "entries are written as they lie");

Result<SegmentWriter> SegmentWriter::create(StagingDirectory& stage, const BlockFile& text,
                                            uint64_t max_points) {
  YURAI_ASSIGN(BlockFileWriter leaves, BlockFileWriter::create(stage, kLeavesName));
  return SegmentWriter(stage, text, std::move(leaves), max_points);
}

Result<void> SegmentWriter::append(std::span<const uint64_t> entries) {
  for (const uint64_t packed : entries) {
    const LeafEntry entry = unpack(packed);
    if (entry.lcp <= leaf_lcp_) {
      leaf_lcp_ = entry.lcp;
      leaf_branch_ = entry.branch;
    }
    if (num_points_++ % kEntriesPerLeaf == 0) YURAI_TRY(add_fence(entry));
  }
  return leaves_.append({reinterpret_cast<const char*>(entries.data()), entries.size_bytes()});
}

Result<void> SegmentWriter::add_fence(const LeafEntry& first) {
  Fences::Fence fence{first, leaf_lcp_, leaf_branch_, {}};
  const uint64_t leaf = (num_points_ - 1) / kEntriesPerLeaf;
  YURAI_ASSIGN(fence.separator,
               BlockReader(*text_).bytes(first.position, separator_bytes(leaf, first.lcp)));
  fences_.add(fence);
  leaf_lcp_ = kMaxLcp;
  leaf_branch_ = 0;
  return {};
}

Result<void> SegmentWriter::finish() {
  YURAI_TRY(leaves_.close());
  return stage_->add_file(kFencesName, std::move(fences_).bytes());
}

}  // namespace yurai
