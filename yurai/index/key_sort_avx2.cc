#include <immintrin.h>

#include <array>

#include "yurai/index/key_sort_kernels.h"
#include "yurai/index/key_sort_loops.h"

namespace yurai {
namespace {

/// For each set of four lanes: where the lanes come from that are packed to the front, as numbers
/// of 32-bit lanes.
struct PackTable {
  alignas(32) std::array<std::array<int32_t, 8>, 16> keys{};
  alignas(16) std::array<std::array<int8_t, 16>, 16> positions{};
};
constexpr PackTable kPack = [] {
  PackTable table;
  for (size_t set = 0; set < 16; ++set) {
    size_t to = 0;
    for (size_t lane = 0; lane < 4; ++lane) {
      if ((set >> lane & 1) == 0) continue;
      table.keys[set][2 * to] = static_cast<int32_t>(2 * lane);
      table.keys[set][2 * to + 1] = static_cast<int32_t>(2 * lane + 1);
      for (size_t byte = 0; byte < 4; ++byte) {
        table.positions[set][4 * to + byte] = static_cast<int8_t>(4 * lane + byte);
      }
      ++to;
    }
  }
  return table;
}();

struct Avx2 {
  static constexpr size_t kSmall = 16;

  /// What goes left is packed where it was read, what goes right in the scratch.
  static size_t partition(KeyedPositions items, size_t size, uint64_t pivot, bool or_equal,
                          KeyedPositions scratch) {
    if (or_equal && pivot == ~uint64_t{0}) return size;
    // Compared as signed numbers; up to the pivot is below the next number.
    constexpr uint64_t kSign = uint64_t{1} << 63;
    const uint64_t limit = or_equal ? pivot + 1 : pivot;
    const __m256i sign = _mm256_set1_epi64x(static_cast<int64_t>(kSign));
    const __m256i limits = _mm256_set1_epi64x(static_cast<int64_t>(limit ^ kSign));
    size_t left = 0, right = 0, i = 0;
    for (; i + 4 <= size; i += 4) {
      const __m256i keys = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(items.keys + i));
      const __m128i positions =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(items.positions + i));
      const __m256i is_left = _mm256_cmpgt_epi64(limits, _mm256_xor_si256(keys, sign));
      const auto set = static_cast<size_t>(_mm256_movemask_pd(_mm256_castsi256_pd(is_left)));
      const auto num_left = static_cast<size_t>(std::popcount(set));
      store(items + left, set, keys, positions);
      store(scratch + right, set ^ 15, keys, positions);
      left += num_left;
      right += 4 - num_left;
    }
    return finish_partition(items, size, pivot, or_equal, scratch, i, left, right);
  }

  static void sort_small(KeyedPositions items, size_t size, KeyedPositions) {
    insertion_sort(items, size);
  }

 private:
  static void store(KeyedPositions to, size_t set, __m256i keys, __m128i positions) {
    const __m256i key_lanes =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(kPack.keys[set].data()));
    const __m128i position_bytes =
        _mm_load_si128(reinterpret_cast<const __m128i*>(kPack.positions[set].data()));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.keys),
                        _mm256_permutevar8x32_epi32(keys, key_lanes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to.positions),
                     _mm_shuffle_epi8(positions, position_bytes));
  }
};

}  // namespace

void sort_keys_avx2(KeyedPositions items, size_t size, KeyedPositions scratch) {
  sort_with<Avx2>(items, size, scratch);
}

}  // namespace yurai
