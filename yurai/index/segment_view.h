#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "yurai/base/page_cache.h"
#include "yurai/base/page_fetch.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/fences.h"
#include "yurai/index/leaf.h"

namespace yurai {

/// One segment as one query sees it: the searches among its sorted suffixes. Texts hold no
/// separator; `find` and `longest` take texts of any length, what they say of leaves holds for
/// those of at most kMaxLcp bytes. Whatever the files say, nothing outside of them is read.
class SegmentView {
 public:
  SegmentView(const Fences& fences, const PageFile& leaves, const TextFile& text, PageCache* cache)
      : fences_(&fences),
        cache_(cache),
        leaves_(leaves, cache, columns_of(text)),
        text_(text, cache) {}

  /// Ranks of the suffixes that begin with `text`.
  Result<RankRange> find(std::string_view text) { return search(text, Sought::kFound); }

  /// The same of a text that is known to stand here.
  Result<RankRange> find_known(std::string_view text) { return search(text, Sought::kKnown); }

  /// The same; where there are none, an empty range where they would be.
  Result<RankRange> bounds(std::string_view text) { return search(text, Sought::kPlace); }

  /// The longest prefix of `text`, to the byte, that a suffix begins with, and one that does.
  struct Longest {
    size_t size_bytes = 0;
    uint64_t rank = 0;
  };
  Result<Longest> longest(std::string_view text);

  /// That of each text; with `ranges`, its suffixes too. One text is searched while pages of others
  /// are read.
  struct LongestRange {
    Longest longest;
    RankRange range;  ///< of the longest, cut to a character border (`around`)
  };
  Result<std::vector<LongestRange>> longest_of_each(std::span<const std::string_view> texts,
                                                    bool ranges);

  /// Ranks of the suffixes that share at least `size_bytes` bytes with the one of `rank`, which
  /// begins with `text` of that size.
  Result<RankRange> around(uint64_t rank, std::string_view text);

  Result<LeafEntry> entry(uint64_t rank);
  /// Calls `use(leaf, i)` with each entry of these ranks, in order; its position lies in the text.
  template <class Use>
  Result<void> for_each_entry(RankRange range, const Use& use) {
    while (range.begin < range.end) {
      YURAI_ASSIGN(const NumberedLeaf in, leaf_of(range.begin));
      const uint64_t first = in.leaf.first_rank();
      const uint64_t end = std::min(range.end, first + in.leaf.size());
      for (; range.begin < end; ++range.begin) {
        const size_t i = range.begin - first;
        const uint64_t position = in.leaf.position(i);
        if (position >= text_.file().size_bytes()) return beyond_text(position);
        use(in.leaf, i);
      }
    }
    return {};
  }
  /// Bytes that the text at `position` shares with `text`.
  Result<size_t> shared_bytes(uint64_t position, std::string_view text) {
    return text_.shared_bytes(position, text);
  }
  /// The byte at `position`, which shared_bytes left inside of a document.
  Result<uint8_t> byte(uint64_t position);
  /// Up to `size` bytes from `position`; fewer at the end of the text.
  Result<std::string> bytes(uint64_t position, size_t size);

  /// Gives back what was read so far, which is not counted any more.
  void forget();

  uint64_t num_points() const { return fences_->num_points(); }
  /// Pages asked for, and those of them that no cache had.
  uint64_t num_reads() const { return leaves_.num_reads() + text_.num_reads(); }
  uint64_t num_missed() const { return leaves_.num_missed() + text_.num_missed(); }

 private:
  /// The leaves that hold the first suffix not below the text, and the last one that begins with it
  /// (or would). Different leaves: the text is a prefix of every separator between.
  struct Leaves {
    uint64_t lower = 0;
    uint64_t upper = 0;
    size_t next_shared = 0;  ///< bytes shared with the first suffix of leaf lower + 1, if there is
    bool begins_lower = false;  ///< leaf lower begins with the first suffix that has the text
  };
  Result<Leaves> locate(std::string_view text);
  Result<Leaves> locate(const Fences::Range& range, std::string_view text);
  Result<Leaves> resolve_tie(const Fences::Range& tie, std::string_view text);
  /// Where the text says which leaf among those that tie.
  static size_t search_tie(std::span<const Fence> tie, std::string_view text);

  /// Where a blind search says that the text belongs in leaf at.lower; of no matter where the
  /// separators tell.
  Result<size_t> place_in(const Leaves& at, std::string_view text);
  /// What `longest` finds, given that place; or, the rank says so, at the begin of the next leaf.
  Result<Longest> longest_at(const Leaves& at, size_t place, std::string_view text);
  /// The same of a text of any size; `at` and `place` are those of its first kMaxLcp bytes.
  Result<Longest> longest_from(const Leaves& at, size_t place, std::string_view text);
  struct Search;
  Result<void> advance(Search& search, PageFetch& fetch, size_t task);
  void want_text(PageFetch& fetch, uint64_t position, size_t task);

  /// A leaf of a certain number.
  struct NumberedLeaf {
    uint64_t number = 0;
    Leaf leaf;
    bool holds(uint64_t rank) const {
      return rank >= leaf.first_rank() && rank - leaf.first_rank() < leaf.size();
    }
  };
  Result<Leaf> leaf(uint64_t number);
  Result<NumberedLeaf> leaf_of(uint64_t rank);
  /// The suffixes around one of the leaf that share as much, if the leaf says where they end.
  Result<std::optional<RankRange>> around_in(const NumberedLeaf& in, uint64_t rank,
                                             size_t num_bytes);
  Result<uint64_t> position_of(const Leaf& leaf, size_t i) const;
  tl::unexpected<Error> beyond_text(uint64_t position) const;
  /// What of a text: its suffixes; the same, as they are known to be there; or, where there are
  /// none, their place.
  enum class Sought { kFound, kKnown, kPlace };
  Result<RankRange> search(std::string_view text, Sought sought);
  Result<RankRange> find_in_range(RankRange range, std::string_view text);
  /// First rank in `range`, whose suffixes begin with the first kMaxLcp bytes of `text`, that is
  /// not below the text; with `after`, that is above it and does not begin with it.
  Result<uint64_t> bound_in_range(RankRange range, std::string_view text, bool after);

  /// Where the columns of a leaf lie that a search looks at.
  static PagePart columns_of(const TextFile& text);

  const Fences* fences_;
  PageCache* cache_;
  PageReader leaves_;
  TextReader text_;
  std::vector<NumberedLeaf> recent_;  ///< those last looked at, a few
  size_t oldest_ = 0;
};

}  // namespace yurai
