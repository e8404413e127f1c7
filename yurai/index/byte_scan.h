#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace yurai {

/// The first place in [begin, end) where the byte is at most `limit`; `end` when there is none.
inline size_t first_at_most(const uint8_t* bytes, size_t begin, size_t end, uint8_t limit) {
#if defined(__SSE2__)  // part of every x86-64
  const __m128i limits = _mm_set1_epi8(static_cast<char>(limit));
  for (; begin + 16 <= end; begin += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + begin));
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(block, limits), block));
    if (found != 0) {
      return begin + static_cast<size_t>(std::countr_zero(static_cast<unsigned>(found)));
    }
  }
#endif
  while (begin < end && bytes[begin] > limit) ++begin;
  return begin;
}

/// The last place in (begin, end) where the byte is at most `limit`; `begin` when there is none.
inline size_t last_at_most(const uint8_t* bytes, size_t begin, size_t end, uint8_t limit) {
#if defined(__SSE2__)
  const __m128i limits = _mm_set1_epi8(static_cast<char>(limit));
  for (; end >= begin + 17; end -= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + end - 16));
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(block, limits), block));
    if (found != 0) {
      return end - 16 + static_cast<size_t>(std::bit_width(static_cast<unsigned>(found))) - 1;
    }
  }
#endif
  while (end > begin + 1 && bytes[end - 1] > limit) --end;
  return end > begin + 1 ? end - 1 : begin;
}

}  // namespace yurai
