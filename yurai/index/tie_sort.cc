#include "yurai/index/tie_sort.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <vector>

#include "yurai/base/large_array.h"
#include "yurai/base/parallel.h"
#include "yurai/index/leaf.h"
#include "yurai/index/points.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

constexpr uint64_t kLookAhead = 32;
/// Longer runs are sorted in place.
constexpr uint64_t kMaxItems = uint64_t{1} << 19;
/// The pass over the text may compare so many points for each that ties.
constexpr uint64_t kMaxWork = 16;

/// std::popcount is a call, for machines that cannot count.
inline uint64_t num_bits(uint64_t word) {
  word -= word >> 1 & 0x5555555555555555;
  word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
  word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0F;
  return word * 0x0101010101010101 >> 56;
}

/// A set of places in a text, and the number of each among them.
class PlaceSet {
 public:
  PlaceSet() = default;
  static Result<PlaceSet> allocate(uint64_t text_size) {
    YURAI_ASSIGN(auto words, LargeArray<Word>::allocate(text_size / 64 + 1));
    return PlaceSet(std::move(words));
  }

  static uint64_t memory(uint64_t text_size) { return (text_size / 64 + 1) * sizeof(Word); }

  /// By several threads at once.
  void add(uint64_t place) {
    uint64_t& word = words_.span()[place / 64].places;
    const std::atomic_ref<uint64_t> bits(word);
    const uint64_t bit = uint64_t{1} << place % 64;
    if ((bits.load(std::memory_order_relaxed) & bit) == 0) {
      bits.fetch_or(bit, std::memory_order_relaxed);
    }
  }
  /// Numbers the places, from the left; returns how many there are.
  uint64_t number() {
    uint64_t before = 0;
    for (Word& word : words_.span()) {
      word.before = before;
      before += num_bits(word.places);
    }
    return before;
  }

  bool has(uint64_t place) const { return (word_of(place).places >> place % 64 & 1) != 0; }
  uint64_t number_of(uint64_t place) const {
    const Word& word = word_of(place);
    const uint64_t left = word.places & ((uint64_t{1} << place % 64) - 1);
    return word.before + num_bits(left);
  }
  void prefetch(uint64_t place) const { __builtin_prefetch(&word_of(place)); }

  uint64_t num_words() const { return words_.span().size(); }
  uint64_t word(uint64_t i) const { return words_.span()[i].places; }

 private:
  struct Word {
    uint64_t places = 0;
    uint64_t before = 0;
  };
  explicit PlaceSet(LargeArray<Word> words) : words_(std::move(words)) {}
  const Word& word_of(uint64_t place) const { return words_.span()[place / 64]; }

  LargeArray<Word> words_;
};

/// Keeps the rank of each point that tied at first and of the first point after each: a point that
/// ties has the rank of its run's first. For doubling, the ranks of all points.
class TieSorter {
 public:
  TieSorter(std::string_view text, PointMode points, int num_threads, SortedPoints& sorted,
            const Progress& progress)
      : text_(text),
        points_(points),
        num_threads_(num_threads),
        sorted_(sorted),
        positions_(sorted.positions.span()),
        lcps_(sorted.lcps.span()),
        progress_(progress) {}

  Result<void> resolve() {
    YURAI_ASSIGN(tied_, PlaceSet::allocate(text_.size()));
    for_each_part(num_threads_, positions_.size(), [&](uint64_t begin, uint64_t end) {
      for (uint64_t rank = begin; rank < end; ++rank) {
        if (ties(rank) || ties(rank + 1)) tied_.add(position(rank));
      }
    });
    YURAI_ASSIGN(ranked_, PlaceSet::allocate(text_.size()));
    for_each_part(num_threads_, tied_.num_words(), [&](uint64_t begin, uint64_t end) {
      for_each_tied(begin, end, [&](uint64_t p) {
        ranked_.add(p);
        ranked_.add(p + next_point(text_.data() + p, ~uint64_t{0}, points_));
      });
    });
    YURAI_TRY(fill_ranks());
    if (!pass_from_right()) {
      for (uint64_t p = 1; p < text_.size(); ++p) {
        if (is_point(text_.data(), p, points_)) ranked_.add(p);
      }
      YURAI_TRY(fill_ranks());
      while (double_once()) {
      }
    }
    compare();
    return {};
  }

 private:
  struct Item {
    uint32_t key;
    uint32_t position;
  };

  uint32_t position(uint64_t rank) const { return positions_[rank] & ~kTied; }
  uint32_t& rank_of(uint64_t p) { return ranks_.span()[ranked_.number_of(p)]; }
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

  /// The points that tied at first, words [begin, end) of them, from the left.
  template <class Use>
  void for_each_tied(uint64_t begin, uint64_t end, const Use& use) const {
    for (uint64_t word = begin; word < end; ++word) {
      for (uint64_t left = tied_.word(word); left != 0; left &= left - 1) {
        use(word * 64 + static_cast<uint64_t>(std::countr_zero(left)));
      }
    }
  }

  Result<void> fill_ranks() {
    ranks_ = {};  // the old ones go before the new ones come
    YURAI_ASSIGN(ranks_, LargeArray<uint32_t>::allocate(ranked_.number()));
    for_each_part(num_threads_, positions_.size(), [&](uint64_t begin, uint64_t end) {
      uint64_t first = begin;
      while (first > 0 && ties(first)) --first;
      for (uint64_t rank = begin; rank < end; ++rank) {
        if (rank + kLookAhead < end) ranked_.prefetch(position(rank + kLookAhead));
        if (!ties(rank)) first = rank;
        const uint32_t p = position(rank);
        if (ranked_.has(p)) rank_of(p) = static_cast<uint32_t>(first);
      }
    });
    return {};
  }

  /// What all that tied at first share: a suffix shares with the one before it at least what the
  /// point before it in the text does, less the way between (J. Kärkkäinen, G. Manzini,
  /// S. J. Puglisi, "Permuted Longest-Common-Prefix Array", CPM 2009).
  void compare() {
    for_each_part(num_threads_, tied_.num_words(), [&](uint64_t begin, uint64_t end) {
      uint64_t reach = 0;  // where the last one's shared bytes end
      for_each_tied(begin, end, [&](uint64_t p) {
        const std::span<const uint32_t> ranks = ranks_.span();
        const uint64_t number = ranked_.number_of(p);
        if (number + kLookAhead < ranks.size()) {
          __builtin_prefetch(&positions_[ranks[number + kLookAhead]]);
          __builtin_prefetch(&lcps_[ranks[number + kLookAhead]], 1);
        }
        const uint64_t rank = ranks[number];
        if (rank == 0) return;
        const uint64_t shared = shared_suffix_bytes(text_.data() + positions_[rank - 1],
                                                    text_.data() + p, reach > p ? reach - p : 0);
        reach = p + shared;
        sorted_.set_shared(rank, shared, static_cast<uint8_t>(text_[reach]));
      });
    });
  }

  /// Sorts a run by the ranks of the points `ahead` bytes on.
  void refine(uint64_t begin, uint64_t end, uint64_t ahead) {
    // Its own depth is overwritten below, that of other runs is not.
    const uint64_t own_depth = run_depth(begin);
    const auto key = [&](uint32_t p) { return rank_of(p + ahead); };
    for (uint64_t rank = begin; rank < end; ++rank) positions_[rank] &= ~kTied;
    items_.clear();
    if (end - begin <= kMaxItems) {
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
      rank_of(position(rank)) = static_cast<uint32_t>(first);
    }
  }

  /// Whether that was enough.
  bool pass_from_right() {
    uint64_t work = kMaxWork << 16;
    for (uint64_t word = tied_.num_words(); word-- > 0;) {
      if (word % (1 << 16) == 0) progress_("copies", text_.size() - word * 64, text_.size());
      for (uint64_t left = tied_.word(word); left != 0;) {
        const auto bit = static_cast<uint64_t>(63 - std::countl_zero(left));
        left ^= uint64_t{1} << bit;
        const uint64_t p = word * 64 + bit;
        const uint64_t number = ranked_.number_of(p);
        const std::span<const uint32_t> ranks = ranks_.span();
        if (number >= kLookAhead) __builtin_prefetch(&positions_[ranks[number - kLookAhead]]);
        work += kMaxWork;
        const uint64_t begin = ranks[number];
        if (!ties(begin + 1)) continue;
        const uint64_t end = run_end(begin);
        if (end - begin > work) return false;
        work -= end - begin;
        refine(begin, end, next_point(text_.data() + p, ~uint64_t{0}, points_));
      }
    }
    return true;
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
  int num_threads_;
  SortedPoints& sorted_;
  std::span<uint32_t> positions_;
  std::span<uint16_t> lcps_;
  const Progress& progress_;
  PlaceSet tied_, ranked_;
  LargeArray<uint32_t> ranks_;  ///< of the places in ranked_
  std::vector<Item> items_;
};

}  // namespace

uint64_t next_point(const char* suffix, uint64_t limit, PointMode points) {
  for (uint64_t ahead = 1; ahead <= limit; ++ahead) {
    if (is_point(suffix, ahead, points)) return ahead;
  }
  return 0;
}

uint64_t tie_memory(uint64_t text_bytes, uint64_t num_points) {
  return 2 * PlaceSet::memory(text_bytes) + num_points * sizeof(uint32_t);
}

Result<void> resolve_ties(std::string_view text, PointMode points, int num_threads,
                          SortedPoints& sorted, const Progress& progress) {
  TieSorter sorter(text, points, num_threads, sorted, progress);
  YURAI_TRY(sorter.resolve());
  progress("copies", text.size(), text.size());
  return {};
}

}  // namespace yurai
