#include <immintrin.h>

#include "yurai/curate/minhash_kernels.h"

namespace yurai {
namespace {

constexpr size_t kLanes = 8;

/// All shingles over kVectors vectors of hash functions, whose minima stay in registers.
template <size_t kVectors>
void update(const uint64_t* shingles, size_t num_shingles, const uint64_t* offsets,
            uint64_t* minima) {
  __m512i offset[kVectors];
  __m512i least[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    offset[v] = _mm512_loadu_si512(offsets + v * kLanes);
    least[v] = _mm512_loadu_si512(minima + v * kLanes);
  }
  for (size_t s = 0; s < num_shingles; ++s) {
    const __m512i shingle = _mm512_set1_epi64(static_cast<int64_t>(shingles[s]));
    for (size_t v = 0; v < kVectors; ++v) {
      const __m512i sum = _mm512_add_epi32(shingle, offset[v]);
      const __m512i hash = _mm512_mul_epu32(sum, _mm512_srli_epi64(sum, 33));
      least[v] = _mm512_min_epu64(least[v], hash);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) _mm512_storeu_si512(minima + v * kLanes, least[v]);
}

}  // namespace

void minhash_avx512(const uint64_t* shingles, size_t num_shingles, const uint64_t* offsets,
                    size_t num_hashes, uint64_t* minima) {
  constexpr size_t kVectors = 12;
  size_t i = 0;
  for (; i + kVectors * kLanes <= num_hashes; i += kVectors * kLanes) {
    update<kVectors>(shingles, num_shingles, offsets + i, minima + i);
  }
  for (; i < num_hashes; i += kLanes) {
    update<1>(shingles, num_shingles, offsets + i, minima + i);
  }
}

}  // namespace yurai
