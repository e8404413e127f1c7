#include "yurai/index/tie_sort.h"

#include <algorithm>
#include <vector>

#include "yurai/base/large_array.h"
#include "yurai/index/leaf.h"
#include "yurai/index/parallel.h"
#include "yurai/index/points.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

constexpr uint64_t kLookAhead = 32;
/// Longer runs are sorted in place.
constexpr uint64_t kMaxItems = uint64_t{1} << 19;
/// The pass over the text may compare so many points for each that ties.
constexpr uint64_t kMaxWork = 16;

/// Ranks of points by position: a point that ties has the rank of its run's first. The high bit
/// marks those that tied at first.
class TieSorter {
 public:
  TieSorter(std::string_view text, PointMode points, std::span<uint32_t> positions,
            std::span<uint16_t> lcps, std::span<uint32_t> ranks, const Progress& progress)
      : text_(text),
        points_(points),
        positions_(positions),
        lcps_(lcps),
        ranks_(ranks),
        progress_(progress) {}

  void fill_ranks(int num_threads) {
    for_each_part(num_threads, positions_.size(), [&](uint64_t begin, uint64_t end) {
      uint64_t first = begin;
      while (first > 0 && ties(first)) --first;
      for (uint64_t rank = begin; rank < end; ++rank) {
        if (rank + kLookAhead < end) {
          __builtin_prefetch(&ranks_[positions_[rank + kLookAhead] & ~kTied], 1);
        }
        if (!ties(rank)) first = rank;
        const bool tied = ties(rank) || ties(rank + 1);
        ranks_[positions_[rank] & ~kTied] = static_cast<uint32_t>(first) | (tied ? kTied : 0);
      }
    });
  }

  void resolve() {
    pass_from_right();
    while (double_once()) {
    }
  }

  /// The lcps of all that tied at first: a suffix shares with the one before it at least what the
  /// point before it in the text does, less the way between (see lcp.h's paper, CPM 2009).
  void compare(int num_threads) {
    for_each_part(num_threads, ranks_.size(), [&](uint64_t begin, uint64_t end) {
      uint64_t reach = 0;  // where the last one's shared bytes end
      for (uint64_t p = begin; p < end; ++p) {
        if (p + kLookAhead < end && (ranks_[p + kLookAhead] & kTied) != 0) {
          __builtin_prefetch(&positions_[ranks_[p + kLookAhead] & ~kTied]);
          __builtin_prefetch(&lcps_[ranks_[p + kLookAhead] & ~kTied], 1);
        }
        if ((ranks_[p] & kTied) == 0) continue;
        const uint64_t rank = ranks_[p] & ~kTied;
        if (rank == 0) continue;
        const uint64_t shared = shared_suffix_bytes(text_.data() + positions_[rank - 1],
                                                    text_.data() + p, reach > p ? reach - p : 0);
        reach = p + shared;
        lcps_[rank] = static_cast<uint16_t>(std::min<uint64_t>(shared, kMaxLcp));
      }
    });
  }

 private:
  struct Item {
    uint32_t key;
    uint32_t position;
  };

  bool ties(uint64_t rank) const {
    return rank < positions_.size() && (positions_[rank] & kTied) != 0;
  }
  uint64_t run_end(uint64_t begin) const {
    uint64_t end = begin + 1;
    while (ties(end)) ++end;
    return end;
  }
  /// Bytes that the members of the run which begins at `rank` share, or fewer; 0: it has one.
  uint64_t run_depth(uint64_t rank) const {
    return ties(rank + 1) ? uint64_t{lcps_[rank + 1]} * kTieUnit : 0;
  }

  /// Sorts a run by the ranks of the points `ahead` bytes on.
  void refine(uint64_t begin, uint64_t end, uint64_t ahead) {
    // Its own depth is overwritten below, that of other runs is not.
    const uint64_t own_depth = run_depth(begin);
    const auto key = [&](uint32_t position) { return ranks_[position + ahead] & ~kTied; };
    for (uint64_t rank = begin; rank < end; ++rank) positions_[rank] &= ~kTied;
    if (end - begin <= kMaxItems) {
      items_.clear();
      for (uint64_t rank = begin; rank < end; ++rank) {
        items_.push_back({key(positions_[rank]), positions_[rank]});
      }
      std::sort(items_.begin(), items_.end(),
                [](const Item& a, const Item& b) { return a.key < b.key; });
      for (uint64_t i = 0; i < items_.size(); ++i) positions_[begin + i] = items_[i].position;
    } else {
      std::sort(&positions_[begin], &positions_[begin] + (end - begin),
                [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
    }
    for (uint64_t rank = begin; rank < end;) {
      const uint32_t shared_key = key(positions_[rank]);
      const uint64_t depth = ahead + (shared_key == begin ? own_depth : run_depth(shared_key));
      for (++rank; rank < end && key(positions_[rank]) == shared_key; ++rank) {
        positions_[rank] |= kTied;
        lcps_[rank] = pack_tie(depth);
      }
    }
    uint64_t first = begin;
    for (uint64_t rank = begin; rank < end; ++rank) {
      if (!ties(rank)) first = rank;
      ranks_[positions_[rank] & ~kTied] = static_cast<uint32_t>(first) | kTied;
    }
  }

  void pass_from_right() {
    uint64_t work = kMaxWork << 16;
    for (uint64_t p = ranks_.size(); p-- > 0;) {
      if (p > kLookAhead) {
        __builtin_prefetch(&positions_[ranks_[p - kLookAhead] & ~kTied]);
      }
      if (p % (1 << 22) == 0) progress_("copies", ranks_.size() - p, ranks_.size());
      if ((ranks_[p] & kTied) == 0) continue;
      work += kMaxWork;
      const uint64_t begin = ranks_[p] & ~kTied;
      if (!ties(begin + 1)) continue;
      const uint64_t end = run_end(begin);
      if (end - begin > work) return;
      work -= end - begin;
      refine(begin, end, next_point(text_.data() + p, ~uint64_t{0}, points_));
    }
  }

  /// Sorts every run that is left by what follows as far on as its depth allows.
  bool double_once() {
    bool any = false;
    for (uint64_t rank = 1; rank < positions_.size(); ++rank) {
      if (!ties(rank)) continue;
      any = true;
      const uint64_t begin = rank - 1;
      const uint64_t end = run_end(begin);
      refine(begin, end, last_point(positions_[begin] & ~kTied, run_depth(begin)));
      rank = end - 1;
      progress_("copies", rank, positions_.size());
    }
    return any;
  }

  /// The last point of the suffix's first `depth` bytes, all of them shared, as a distance.
  uint64_t last_point(uint64_t position, uint64_t depth) const {
    for (uint64_t ahead = depth - 1; ahead > 0; --ahead) {
      if (is_point(text_.data(), position + ahead, points_)) return ahead;
    }
    return next_point(text_.data() + position, ~uint64_t{0}, points_);
  }

  std::string_view text_;
  PointMode points_;
  std::span<uint32_t> positions_;
  std::span<uint16_t> lcps_;
  std::span<uint32_t> ranks_;
  std::vector<Item> items_;
  const Progress& progress_;
};

}  // namespace

uint64_t next_point(const char* suffix, uint64_t limit, PointMode points) {
  for (uint64_t ahead = 1; ahead <= limit; ++ahead) {
    if (is_point(suffix, ahead, points)) return ahead;
  }
  return 0;
}

Result<void> resolve_ties(std::string_view text, PointMode points, int num_threads,
                          std::span<uint32_t> positions, std::span<uint16_t> lcps,
                          const Progress& progress) {
  YURAI_ASSIGN(auto ranks, LargeArray<uint32_t>::allocate(text.size()));
  TieSorter sorter(text, points, positions, lcps, ranks.span(), progress);
  sorter.fill_ranks(num_threads);
  sorter.resolve();
  sorter.compare(num_threads);
  progress("copies", text.size(), text.size());
  return {};
}

}  // namespace yurai
