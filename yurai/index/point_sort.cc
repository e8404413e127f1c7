#include "yurai/index/point_sort.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "yurai/base/parallel.h"
#include "yurai/index/key_sort.h"
#include "yurai/index/leaf.h"
#include "yurai/index/points.h"
#include "yurai/index/suffix_key.h"
#include "yurai/index/tie_sort.h"

namespace yurai {
namespace {

/// What shares so many bytes is left to resolve_ties, or, without a point within them, so many.
constexpr uint64_t kTieDepth = 64;
constexpr uint64_t kMaxDepth = 1024;
/// A larger range is cut in place first: a thread has room for so many keys.
constexpr size_t kMaxItems = size_t{1} << 19;
constexpr size_t kLookAhead = 32;

// Buckets in the order of bytes: ASCII by two bytes, characters of two and three bytes each one,
// those of four by all but their last six bits.
constexpr uint32_t kTwoByteBuckets = 0x80 << 8;
constexpr uint32_t kThreeByteBuckets = kTwoByteBuckets + 0x800;
constexpr uint32_t kFourByteBuckets = kThreeByteBuckets + 0x10000;
constexpr uint32_t kNumBuckets = kFourByteBuckets + (0x200000 >> 6);

uint32_t bucket_of(const char* suffix) {
  const auto byte = [&](int i) { return static_cast<uint32_t>(static_cast<uint8_t>(suffix[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return lead << 8 | byte(1);
  if (lead < 0xE0) return kTwoByteBuckets + ((lead & 0x1F) << 6 | (byte(1) & 0x3F));
  const uint32_t middle = (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  if (lead < 0xF0) return kThreeByteBuckets + ((lead & 0xF) << 12 | middle);
  return kFourByteBuckets + ((lead & 7) << 12 | middle);
}

/// Bytes that the suffixes of a bucket share, no end of a document among them.
uint64_t bucket_depth(uint32_t bucket) {
  if (bucket >= kThreeByteBuckets) return 3;
  return bucket < kTwoByteBuckets && (bucket & 0xFF) == 0xFF ? 1 : 2;
}

/// Compares a suffix with the one before it; they share `depth` bytes.
void set_shared_bytes(const char* text, SortedPoints& sorted, uint64_t rank, uint64_t depth) {
  const std::span<const uint32_t> positions = sorted.positions.span();
  const char* suffix = text + (positions[rank] & ~kTied);
  const uint64_t shared = shared_suffix_bytes(text + (positions[rank - 1] & ~kTied), suffix, depth);
  sorted.set_shared(rank, shared, static_cast<uint8_t>(suffix[shared]));
}

/// Room for the items of one range.
struct ItemRoom {
  explicit ItemRoom(size_t size)
      : keys(std::make_unique_for_overwrite<uint64_t[]>(size)),
        positions(std::make_unique_for_overwrite<uint32_t[]>(size)) {}
  KeyedPositions items() const { return {keys.get(), positions.get()}; }

  std::unique_ptr<uint64_t[]> keys;
  std::unique_ptr<uint32_t[]> positions;
};

/// One thread's sorting of ranges whose suffixes share `depth` bytes.
class RangeSorter {
 public:
  RangeSorter(std::string_view text, PointMode points, SortedPoints& sorted)
      : text_(text.data()),
        points_(points),
        sorted_(sorted),
        positions_(sorted.positions.span().data()),
        room_(std::min(kMaxItems, sorted.positions.span().size())),
        scratch_(std::min(kMaxItems, sorted.positions.span().size()) + kKeySortPadding) {
    groups_.reserve(std::min(kMaxItems, sorted.positions.span().size()) / 2 + 1);
    next_groups_.reserve(groups_.capacity());
  }

  static uint64_t memory(uint64_t num_points) {
    return std::min<uint64_t>(kMaxItems, num_points) *
           (2 * (sizeof(uint64_t) + sizeof(uint32_t)) + sizeof(Group));
  }
  uint64_t num_tied() const { return num_tied_; }

  /// Sorts ranks [begin, end); the lcp of the first is not touched.
  void sort(uint64_t begin, uint64_t end, uint64_t depth) {
    if (end - begin > kMaxItems) {
      uint64_t equal_begin = begin, equal_end = end;
      const uint64_t pivot = cut(depth, equal_begin, equal_end);
      if (equal_begin > begin) sort(begin, equal_begin, depth);
      sort_equal(equal_begin, equal_end, depth, pivot);
      if (equal_begin > begin) set_lcp(equal_begin, depth);
      if (equal_end == end) return;
      sort(equal_end, end, depth);
      set_lcp(equal_end, depth);  // its first is known only now
      return;
    }
    if (end - begin < 2) return;
    std::copy_n(positions_ + begin, end - begin, room_.items().positions);
    sort_items(end - begin, depth, begin);
  }

 private:
  /// Items that share as many bytes as are known.
  struct Group {
    uint32_t rank;  ///< of the first, when they are sorted
    uint32_t size;
  };

  uint64_t key_at(uint64_t rank, uint64_t depth) const {
    return load_key(text_ + positions_[rank] + depth);
  }

  /// Parts a range by a pivot key into those below, equal and above; returns the key.
  uint64_t cut(uint64_t depth, uint64_t& begin, uint64_t& end) {
    uint64_t sample[15];
    for (uint64_t i = 0; i < 15; ++i) sample[i] = key_at(begin + (end - begin) / 15 * i, depth);
    std::nth_element(sample, sample + 7, sample + 15);
    const uint64_t pivot = sample[7];
    for (uint64_t i = begin; i < end;) {
      const uint64_t ahead = std::min<uint64_t>(kLookAhead, end - i - 1);
      __builtin_prefetch(text_ + positions_[i + ahead] + depth);
      __builtin_prefetch(text_ + positions_[end - 1 - ahead] + depth);
      const uint64_t key = key_at(i, depth);
      if (key < pivot) {
        std::swap(positions_[begin++], positions_[i++]);
      } else if (key > pivot) {
        std::swap(positions_[--end], positions_[i]);
      } else {
        ++i;
      }
    }
    return pivot;
  }

  /// Ranks [begin, end) share `key` after `depth` bytes.
  void sort_equal(uint64_t begin, uint64_t end, uint64_t depth, uint64_t key) {
    if (end - begin < 2) return;
    if (ends_in_key(key)) {
      std::sort(positions_ + begin, positions_ + end);
      for (uint64_t rank = begin + 1; rank < end; ++rank) {
        sorted_.set_shared(rank, depth + key_end(key), kEndByte);
      }
      return;
    }
    depth += kKeyBytes;
    if (is_tie(positions_[begin], depth)) {
      tie(begin, end, depth);
    } else if (depth >= kMaxDepth) {
      sort_whole(begin, end, depth);
    } else {
      sort(begin, end, depth);
    }
  }

  bool is_tie(uint32_t position, uint64_t depth) const {
    return depth >= kTieDepth && next_point(text_ + position, depth - kTieUnit, points_) > 0;
  }
  void tie(uint64_t begin, uint64_t end, uint64_t depth) {
    for (uint64_t rank = begin + 1; rank < end; ++rank) positions_[rank] |= kTied;
    const std::span<uint16_t> lcps = sorted_.lcps.span();
    std::fill(&lcps[begin] + 1, &lcps[begin] + (end - begin), pack_tie(depth));
    num_tied_ += end - begin;
  }

  /// Whole suffixes, for a word without an end.
  void sort_whole(uint64_t begin, uint64_t end, uint64_t depth) {
    std::sort(positions_ + begin, positions_ + end, [&](uint32_t a, uint32_t b) {
      const uint64_t shared = shared_suffix_bytes(text_ + a, text_ + b, depth);
      const auto byte_a = static_cast<uint8_t>(text_[a + shared]);
      const auto byte_b = static_cast<uint8_t>(text_[b + shared]);
      return byte_a != byte_b ? byte_a < byte_b : a < b;
    });
    for (uint64_t rank = begin + 1; rank < end; ++rank) set_lcp(rank, depth);
  }

  void set_lcp(uint64_t rank, uint64_t depth) { set_shared_bytes(text_, sorted_, rank, depth); }

  /// Sorts the room's first `size` positions, which become ranks from `rank` on and share `depth`
  /// bytes. Round by round: the next bytes of all that are still equal are asked for at once, so
  /// that no read from memory waits for the one before.
  void sort_items(size_t size, uint64_t depth, uint64_t rank) {
    const KeyedPositions items = room_.items();
    groups_.assign(1, {static_cast<uint32_t>(rank), static_cast<uint32_t>(size)});
    for (; size > 0; depth += kKeyBytes) {
      for (size_t i = 0; i < size; ++i) {
        __builtin_prefetch(text_ + items.positions[std::min(i + kLookAhead, size - 1)] + depth);
        items.keys[i] = load_key(text_ + items.positions[i] + depth);
      }
      next_groups_.clear();
      size_t begin = 0, kept = 0;
      for (const Group& group : groups_) {
        sort_keys_(items + begin, group.size, scratch_.items());
        kept = place(items + begin, group, depth, kept);
        begin += group.size;
      }
      std::swap(groups_, next_groups_);
      size = kept;
    }
  }

  /// Puts a sorted group in place, but for items with equal keys of which the next bytes must tell:
  /// these become groups of the next round, in the room after the `kept` that are there.
  size_t place(KeyedPositions items, const Group& group, uint64_t depth, size_t kept) {
    for (size_t i = 0; i < group.size;) {
      const uint64_t key = items.keys[i];
      const uint64_t rank = group.rank + i;
      if (i > 0) {
        const size_t shared = shared_key_bytes(items.keys[i - 1], key);
        sorted_.set_shared(rank, depth + shared, static_cast<uint8_t>(key >> (56 - 8 * shared)));
      }
      size_t end = i + 1;
      while (end < group.size && items.keys[end] == key) ++end;
      const size_t size = end - i;
      if (size == 1) {
        positions_[rank] = items.positions[i];
      } else if (goes_on(items + i, size, depth, rank)) {
        next_groups_.push_back({static_cast<uint32_t>(rank), static_cast<uint32_t>(size)});
        std::copy(items.positions + i, items.positions + end, room_.items().positions + kept);
        kept += size;
      }
      i = end;
    }
    return kept;
  }

  /// Of items with equal keys: whether the next bytes must tell. If not, they are put in place.
  bool goes_on(KeyedPositions items, size_t size, uint64_t depth, uint64_t rank) {
    const uint64_t key = items.keys[0];
    const bool ends = ends_in_key(key);
    const uint64_t next_depth = depth + kKeyBytes;
    const bool ties = !ends && is_tie(items.positions[0], next_depth);
    if (!ends && !ties && next_depth < kMaxDepth) return true;
    std::copy_n(items.positions, size, positions_ + rank);
    sort_equal(rank, rank + size, depth, key);
    return false;
  }

  const char* text_;
  PointMode points_;
  SortedPoints& sorted_;
  uint32_t* positions_;
  ItemRoom room_, scratch_;
  std::vector<Group> groups_, next_groups_;
  KeySort sort_keys_ = key_sort_kernels().front().sort;
  uint64_t num_tied_ = 0;
};

/// Puts the points into their buckets, in the order of the text; returns where each begins.
std::vector<uint32_t> fill_buckets(std::string_view text, PointMode points, int num_threads,
                                   std::span<uint32_t> positions) {
  const auto num_parts = static_cast<uint64_t>(num_threads);
  std::vector<std::vector<uint32_t>> places(num_parts);
  const auto for_each_point = [&](uint64_t part, const auto& visit) {
    const uint64_t begin = std::max<uint64_t>(1, text.size() / num_parts * part);
    const uint64_t end = part + 1 == num_parts ? text.size() : text.size() / num_parts * (part + 1);
    for (uint64_t p = begin; p < end; ++p) {
      if (is_point(text.data(), p, points)) visit(p, bucket_of(text.data() + p));
    }
  };
  for_each_part(num_threads, num_parts, [&](uint64_t part, uint64_t) {
    places[part].assign(kNumBuckets, 0);
    for_each_point(part, [&](uint64_t, uint32_t bucket) { ++places[part][bucket]; });
  });
  std::vector<uint32_t> begins(kNumBuckets + 1);
  uint32_t next = 0;
  for (uint32_t bucket = 0; bucket < kNumBuckets; ++bucket) {
    begins[bucket] = next;
    for (auto& place : places) next += std::exchange(place[bucket], next);
  }
  begins[kNumBuckets] = next;
  YURAI_CHECK(next == positions.size());
  for_each_part(num_threads, num_parts, [&](uint64_t part, uint64_t) {
    for_each_point(part, [&](uint64_t p, uint32_t bucket) {
      positions[places[part][bucket]++] = static_cast<uint32_t>(p);
    });
  });
  return begins;
}

}  // namespace

uint64_t sort_memory(uint64_t text_bytes, uint64_t num_points, int num_threads) {
  return num_points * SortedPoints::kBytesAPoint + tie_memory(text_bytes, num_points) +
         static_cast<uint64_t>(num_threads) *
             (RangeSorter::memory(num_points) + kNumBuckets * sizeof(uint32_t)) +
         kNumBuckets * sizeof(uint32_t);
}

Result<SortedPoints> sort_points(std::string_view text, uint64_t num_points, PointMode points,
                                 int num_threads, const Progress& progress) {
  YURAI_CHECK(text.size() <= kMaxSortBytes);
  progress("sort", 0, text.size());
  YURAI_ASSIGN(SortedPoints sorted, SortedPoints::allocate(num_points));
  std::atomic<uint64_t> num_tied = 0;
  {
    const std::vector<uint32_t> begins =
        fill_buckets(text, points, num_threads, sorted.positions.span());
    std::atomic<uint32_t> next_bucket = 0;
    std::atomic<uint64_t> num_sorted = 0;
    const auto num_parts = static_cast<uint64_t>(num_threads);
    for_each_part(num_threads, num_parts, [&](uint64_t part, uint64_t) {
      RangeSorter sorter(text, points, sorted);
      for (uint32_t bucket; (bucket = next_bucket++) < kNumBuckets;) {
        if (begins[bucket] == begins[bucket + 1]) continue;
        sorter.sort(begins[bucket], begins[bucket + 1], bucket_depth(bucket));
        num_sorted += begins[bucket + 1] - begins[bucket];
        if (part + 1 < num_parts) continue;  // the caller's thread tells
        progress("sort",
                 static_cast<uint64_t>(static_cast<double>(num_sorted) /
                                       static_cast<double>(num_points) *
                                       static_cast<double>(text.size())),
                 text.size());
      }
      num_tied += sorter.num_tied();
    });
    for (uint32_t bucket = 0; bucket < kNumBuckets; ++bucket) {
      const uint32_t first = begins[bucket];
      if (first == 0 || first == begins[bucket + 1]) continue;
      set_shared_bytes(text.data(), sorted, first, 0);
    }
  }
  if (num_points > 0) {
    sorted.set_shared(0, 0, static_cast<uint8_t>(text[sorted.positions.span()[0] & ~kTied]));
  }
  progress("sort", text.size(), text.size());
  if (num_tied > 0) {
    YURAI_TRY(resolve_ties(text, points, num_threads, sorted, progress));
  }
  return sorted;
}

}  // namespace yurai
