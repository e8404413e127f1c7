#include <immintrin.h>

#include "yurai/curate/minhash_kernels.h"

namespace yurai {
namespace {

constexpr size_t kLanes = 4;

/// All shingles over kVectors vectors of hash functions, whose minima stay in registers.
template <size_t kVectors>
void update(const uint64_t* shingles, size_t num_shingles, const uint64_t* offsets,
            uint64_t* minima) {
  __m256i offset[kVectors];
  __m256i least[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    offset[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(offsets + v * kLanes));
    least[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(minima + v * kLanes));
  }
  for (size_t s = 0; s < num_shingles; ++s) {
    const __m256i shingle = _mm256_set1_epi64x(static_cast<int64_t>(shingles[s]));
    for (size_t v = 0; v < kVectors; ++v) {
      const __m256i sum = _mm256_add_epi32(shingle, offset[v]);
      const __m256i hash = _mm256_mul_epu32(sum, _mm256_srli_epi64(sum, 33));
      least[v] = _mm256_blendv_epi8(least[v], hash, _mm256_cmpgt_epi64(least[v], hash));
    }
  }
  for (size_t v = 0; v < kVectors; ++v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(minima + v * kLanes), least[v]);
  }
}

}  // namespace

void minhash_avx2(const uint64_t* shingles, size_t num_shingles, const uint64_t* offsets,
                  size_t num_hashes, uint64_t* minima) {
  constexpr size_t kVectors = 6;
  size_t i = 0;
  for (; i + kVectors * kLanes <= num_hashes; i += kVectors * kLanes) {
    update<kVectors>(shingles, num_shingles, offsets + i, minima + i);
  }
  for (; i < num_hashes; i += 2 * kLanes) {
    update<2>(shingles, num_shingles, offsets + i, minima + i);
  }
}

}  // namespace yurai
