#include <immintrin.h>

#include "yurai/index/key_sort_kernels.h"
#include "yurai/index/key_sort_loops.h"

namespace yurai {
namespace {

struct Avx512 {
  static constexpr size_t kSmall = 16;

  /// What goes left is packed where it was read, what goes right in the scratch.
  static size_t partition(KeyedPositions items, size_t size, uint64_t pivot, bool or_equal,
                          KeyedPositions scratch) {
    const __m512i pivots = _mm512_set1_epi64(static_cast<int64_t>(pivot));
    const auto goes_left = [&](__m512i keys) {
      return static_cast<uint32_t>(or_equal ? _mm512_cmple_epu64_mask(keys, pivots)
                                            : _mm512_cmplt_epu64_mask(keys, pivots));
    };
    size_t left = 0, right = 0, i = 0;
    for (; i + 16 <= size; i += 16) {
      const __m512i low = _mm512_loadu_si512(items.keys + i);
      const __m512i high = _mm512_loadu_si512(items.keys + i + 8);
      const __m512i positions = _mm512_loadu_si512(items.positions + i);
      const uint32_t low_left = goes_left(low);
      const uint32_t high_left = goes_left(high);
      const uint32_t all_left = low_left | high_left << 8;
      const auto num_low = static_cast<size_t>(std::popcount(low_left));
      const auto num_left = static_cast<size_t>(std::popcount(all_left));
      store(items.keys + left, low_left, low);
      store(items.keys + left + num_low, high_left, high);
      _mm512_storeu_si512(items.positions + left,
                          _mm512_maskz_compress_epi32(static_cast<__mmask16>(all_left), positions));
      store(scratch.keys + right, ~low_left, low);
      store(scratch.keys + right + 8 - num_low, ~high_left, high);
      _mm512_storeu_si512(
          scratch.positions + right,
          _mm512_maskz_compress_epi32(static_cast<__mmask16>(~all_left), positions));
      left += num_left;
      right += 16 - num_left;
    }
    return finish_partition(items, size, pivot, or_equal, scratch, i, left, right);
  }

  /// Every item goes to the place that the number of those before it says.
  static void sort_small(KeyedPositions items, size_t size, KeyedPositions) {
    if (size < 6) return insertion_sort(items, size);  // loading what was just stored waits
    const uint32_t all = (1u << size) - 1;
    const __m512i low = _mm512_maskz_loadu_epi64(static_cast<__mmask8>(all), items.keys);
    const __m512i high = _mm512_maskz_loadu_epi64(static_cast<__mmask8>(all >> 8), items.keys + 8);
    uint64_t keys[16];
    uint32_t positions[16];
    for (size_t i = 0; i < size; ++i) {
      const __m512i key = _mm512_set1_epi64(static_cast<int64_t>(items.keys[i]));
      const uint32_t below = static_cast<uint32_t>(_mm512_cmplt_epu64_mask(low, key)) |
                             static_cast<uint32_t>(_mm512_cmplt_epu64_mask(high, key)) << 8;
      const uint32_t equal = static_cast<uint32_t>(_mm512_cmpeq_epu64_mask(low, key)) |
                             static_cast<uint32_t>(_mm512_cmpeq_epu64_mask(high, key)) << 8;
      const auto at =
          static_cast<size_t>(std::popcount(((below | (equal & ((1u << i) - 1))) & all)));
      keys[at] = items.keys[i];
      positions[at] = items.positions[i];
    }
    std::memcpy(items.keys, keys, size * sizeof(uint64_t));
    std::memcpy(items.positions, positions, size * sizeof(uint32_t));
  }

 private:
  static void store(uint64_t* to, uint32_t which, __m512i keys) {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(static_cast<__mmask8>(which), keys));
  }
};

}  // namespace

void sort_keys_avx512(KeyedPositions items, size_t size, KeyedPositions scratch) {
  sort_with<Avx512>(items, size, scratch);
}

}  // namespace yurai
