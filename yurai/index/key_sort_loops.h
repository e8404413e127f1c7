#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "yurai/index/key_sort.h"

/// The quicksort of key_sort.h over the parts that differ from machine to machine. Included by each
/// of its sources; what it gives is theirs alone: they are built for different machines.
namespace yurai {
namespace {

/// Moves items to the front that are less than the pivot or, with `or_equal`, not above it; returns
/// how many.
inline size_t partition_scalar(KeyedPositions items, size_t size, uint64_t pivot, bool or_equal) {
  size_t left = 0;
  for (size_t i = 0; i < size; ++i) {  // without a branch
    const uint64_t key = items.keys[i];
    const uint32_t position = items.positions[i];
    items.keys[i] = items.keys[left];
    items.positions[i] = items.positions[left];
    items.keys[left] = key;
    items.positions[left] = position;
    left += (key < pivot || (or_equal && key == pivot)) ? 1 : 0;
  }
  return left;
}

/// The end of a partition, whose items before `i` are packed: `left` of them where they were, the
/// other `right` in the scratch.
inline size_t finish_partition(KeyedPositions items, size_t size, uint64_t pivot, bool or_equal,
                               KeyedPositions scratch, size_t i, size_t left, size_t right) {
  for (; i < size; ++i) {
    const uint64_t key = items.keys[i];
    const uint32_t position = items.positions[i];
    const bool is_left = key < pivot || (or_equal && key == pivot);
    const KeyedPositions to = is_left ? items + left : scratch + right;
    *to.keys = key;
    *to.positions = position;
    (is_left ? left : right) += 1;
  }
  std::memcpy(items.keys + left, scratch.keys, right * sizeof(uint64_t));
  std::memcpy(items.positions + left, scratch.positions, right * sizeof(uint32_t));
  return left;
}

inline void insertion_sort(KeyedPositions items, size_t size) {
  for (size_t i = 1; i < size; ++i) {
    const uint64_t key = items.keys[i];
    const uint32_t position = items.positions[i];
    size_t at = i;
    for (; at > 0 && key < items.keys[at - 1]; --at) {
      items.keys[at] = items.keys[at - 1];
      items.positions[at] = items.positions[at - 1];
    }
    items.keys[at] = key;
    items.positions[at] = position;
  }
}

inline void sift_down(KeyedPositions items, size_t root, size_t size) {
  for (size_t child; (child = 2 * root + 1) < size; root = child) {
    if (child + 1 < size && items.keys[child] < items.keys[child + 1]) ++child;
    if (items.keys[child] <= items.keys[root]) return;
    std::swap(items.keys[child], items.keys[root]);
    std::swap(items.positions[child], items.positions[root]);
  }
}
/// For keys that were made to be bad to quicksort.
inline void heap_sort(KeyedPositions items, size_t size) {
  for (size_t root = size / 2; root-- > 0;) sift_down(items, root, size);
  for (size_t end = size; end-- > 1;) {
    std::swap(items.keys[0], items.keys[end]);
    std::swap(items.positions[0], items.positions[end]);
    sift_down(items, 0, end);
  }
}

inline uint64_t median(uint64_t a, uint64_t b, uint64_t c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

/// `Kernel` gives partition(items, size, pivot, or_equal, scratch) and, for at most kSmall items,
/// sort_small(items, size, scratch).
template <class Kernel>
void quicksort(KeyedPositions items, size_t size, KeyedPositions scratch, int levels_left) {
  while (size > Kernel::kSmall) {
    if (levels_left-- == 0) return heap_sort(items, size);
    const auto key = [&](size_t i) { return items.keys[i]; };
    const uint64_t pivot =
        size < 256 ? median(key(0), key(size / 2), key(size - 1))
                   : median(median(key(0), key(size / 8), key(size / 4)),
                            median(key(size / 2 - 1), key(size / 2), key(size / 2 + 1)),
                            median(key(size * 3 / 4), key(size * 7 / 8), key(size - 1)));
    const size_t left = Kernel::partition(items, size, pivot, false, scratch);
    // Where the pivot is the least, those equal to it are done.
    const size_t done = left > 0 ? left : Kernel::partition(items, size, pivot, true, scratch);
    if (left > 0) quicksort<Kernel>(items, left, scratch, levels_left);
    items = items + done;
    size -= done;
  }
  Kernel::sort_small(items, size, scratch);
}

template <class Kernel>
void sort_with(KeyedPositions items, size_t size, KeyedPositions scratch) {
  quicksort<Kernel>(items, size, scratch, 2 * static_cast<int>(std::bit_width(size)));
}

}  // namespace
}  // namespace yurai
