#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/leaf.h"

namespace yurai {

/// A separator of two leaves is cut to this many bytes; ties are resolved through the text.
inline constexpr size_t kMaxFenceBytes = 64;

/// The directory of the leaves, in memory: for each leaf its separator (the shortest prefix of its
/// first suffix that is above the last suffix of the leaf before), cut to kMaxFenceBytes; the
/// position of its first suffix; and what that shares with the first suffix of the leaf before, for
/// a blind search among leaves whose cut separators are equal. The first leaf's separator is empty.
/// Format: fences.bin in docs/formats/index.md. Immutable; thread-safe.
class Fences {
 public:
  /// What stands between two leaves.
  struct Fence {
    LeafEntry first;          ///< of the leaf
    uint32_t leaf_lcp = 0;    ///< bytes that the first suffixes of this and the previous leaf share
    uint8_t leaf_branch = 0;  ///< byte of this leaf's first suffix after those
    std::string separator;    ///< cut
  };

  /// Reads what `FencesWriter::bytes` wrote. kCorrupt where lengths disagree.
  static Result<Fences> parse(std::string bytes, uint64_t num_leaves);

  uint64_t size() const { return size_; }

  /// How a separator compares with a text.
  enum class Side {
    kBelow,     ///< not above the text; a prefix of the text is below it
    kPrefixed,  ///< the text is a proper prefix of it
    kTie,       ///< cut, and equal to the text's beginning as far as it goes
    kAbove,     ///< above the text, which is no prefix of it
  };
  Side side(uint64_t leaf, std::string_view text) const;

  /// First leaf whose separator is not below, and first whose separator is above the text, as far
  /// as the cut separators tell: between them they are all kPrefixed, or all kTie.
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  Range find(std::string_view text) const;

  /// Among leaves [range.begin, range.end) that tie, the one whose first suffix shares as many
  /// bytes with the text as any.
  uint64_t search(Range range, std::string_view text) const;

  /// The cut separator.
  std::string_view separator(uint64_t leaf) const;
  uint64_t first_position(uint64_t leaf) const;
  /// Bytes that the leaf's first suffix shares with the suffix before it.
  uint32_t first_lcp(uint64_t leaf) const;
  uint32_t leaf_lcp(uint64_t leaf) const;
  uint8_t leaf_branch(uint64_t leaf) const;

 private:
  Fences() = default;

  std::string bytes_;
  uint64_t size_ = 0;
  std::vector<uint64_t> group_begins_;     // of the separators, every kGroup leaves
  std::vector<uint16_t> begins_in_group_;  // of each separator
};

/// Collects the fences in the order of the leaves.
class FencesWriter {
 public:
  /// Asks for the memory of `max_points` points once; it is used as the fences come.
  explicit FencesWriter(uint64_t max_points);
  void add(const Fences::Fence& fence);
  /// The bytes of fences.bin.
  std::string bytes() &&;

 private:
  std::string positions_;
  std::string first_lcps_;
  std::string leaf_lcps_;
  std::string leaf_branches_;
  std::string separators_;
  uint64_t size_ = 0;
};

/// Length of the cut separator of a leaf whose first suffix shares `first_lcp` bytes with the one
/// before.
constexpr size_t separator_bytes(uint64_t leaf, uint32_t first_lcp) {
  if (leaf == 0) return 0;
  return first_lcp < kMaxFenceBytes ? first_lcp + 1 : kMaxFenceBytes;
}

}  // namespace yurai
