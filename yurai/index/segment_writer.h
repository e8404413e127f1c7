#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"
#include "yurai/index/fences.h"

namespace yurai {

inline constexpr std::string_view kLeavesName = "leaves.bin";

/// Fills `out` with the text from `position` on. Several threads call it at once.
using ReadText = std::function<Result<void>(uint64_t position, std::span<char> out)>;
/// Of a text on disk, which must outlive it.
ReadText read_from(const TextFile& text);

/// Writes the sorted points of a corpus as leaves.bin, fences.bin and directory.bin. The bytes
/// depend on the entries and the text only, not on how they were handed over.
class SegmentWriter {
 public:
  /// Of points of a text of `text_bytes`. Leaves are encoded on `num_threads` threads.
  static Result<SegmentWriter> create(StagingDirectory& stage, uint64_t text_bytes,
                                      ReadText read_text, int num_threads);

  /// The next entries in order, packed (leaf.h).
  Result<void> append(std::span<const uint64_t> entries);
  Result<void> finish();
  uint64_t num_points() const { return num_written_ + pending_.size(); }

 private:
  /// A leaf on its way to the files.
  struct EncodedLeaf {
    std::string payload;
    Fence fence;
    LeafEntry least;  ///< of the entries after the first: the least lcp
  };

  SegmentWriter(uint64_t text_bytes, ReadText read_text, PageFileWriter leaves, FencesWriter fences,
                int num_threads);
  size_t leaf_end(size_t begin) const;
  Result<void> write_leaves(std::span<const size_t> ends);
  Result<void> encode(size_t begin, size_t end, EncodedLeaf& leaf) const;

  ReadText read_text_;
  PageFileWriter leaves_;
  FencesWriter fences_;
  int num_threads_;
  unsigned position_bits_;
  std::vector<uint64_t> pending_;  ///< packed entries of the leaves to come
  uint64_t num_written_ = 0;
  LeafEntry least_;  ///< of the last leaf
};

}  // namespace yurai
