#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/run_file.h"
#include "yurai/index/segment.h"
#include "yurai/index/text_cache.h"

namespace yurai {

/// Several segments, and what was taken down of them, as one query sees them: ranks, counts and
/// positions are those of one segment of all documents that are left. A text's ranks are the sums
/// of its ranks in the segments, less those in the segment of what was taken down. Not thread-safe.
class ManySegments {
 public:
  /// What of the index is looked at; all of it must outlive this.
  struct Source {
    std::span<const Segment> segments;
    const Segment* taken = nullptr;
    const Corpus* corpus = nullptr;  ///< joined, of what is left
    uint64_t num_points = 0;         ///< of what is left
    PageCache* cache = nullptr;
  };
  explicit ManySegments(const Source& source);

  Result<uint64_t> count(std::string_view text);
  Result<RankRange> find(std::string_view text);
  /// The longest prefix, on a character border, that is left.
  Result<LongestMatch> longest_match(std::string_view text);
  Result<std::vector<LongestMatch>> longest_matches(std::span<const std::string_view> texts);

  /// The suffixes of these ranks, in order, as records of the joined text.
  Result<std::vector<RunRecord>> records(RankRange range);

  /// Calls `use(view, sign)` for each segment (1) and what was taken down (−1).
  template <class Use>
  Result<void> for_each_view(const Use& use) {
    for (SegmentView& view : views_) YURAI_TRY(use(view, 1));
    return taken_ ? use(*taken_, -1) : Result<void>();
  }

  uint64_t num_reads() const;
  uint64_t num_missed() const;

 private:
  using Ranks = std::vector<uint64_t>;  ///< one a segment

  /// A suffix of a segment.
  struct Pivot {
    size_t segment = 0;
    uint64_t position = 0;  ///< in the text of that segment
    std::string head;       ///< how it begins; all of it where it is shorter than that
  };
  Result<Pivot> pivot_at(size_t segment, uint64_t rank);
  /// Suffixes of a segment (of what was taken down: segments().size()) before the pivot.
  Result<uint64_t> count_before(const Pivot& pivot, size_t segment);
  Result<bool> is_before(size_t segment, uint64_t rank, const Pivot& pivot);
  /// Which suffixes of each segment are among the first `rank` of all.
  Result<Ranks> split(uint64_t rank);

  /// The same, from what each segment found.
  Result<LongestMatch> longest_match(std::string_view text,
                                     std::span<const SegmentView::Longest> longest_in);
  Result<RankRange> less_taken(RankRange sum, std::string_view text);
  SegmentView& view(size_t segment) { return segment < views_.size() ? views_[segment] : *taken_; }
  tl::unexpected<Error> out_of_order() const;

  Source source_;
  std::vector<SegmentView> views_;
  std::optional<SegmentView> taken_;
  std::optional<TextCache> text_;
  std::map<uint64_t, Ranks> known_;  ///< splits
};

}  // namespace yurai
