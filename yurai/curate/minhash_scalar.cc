#include <algorithm>

#include "yurai/curate/minhash_kernels.h"

namespace yurai {

void minhash_scalar(const uint64_t* shingles, size_t num_shingles, const uint64_t* offsets,
                    size_t num_hashes, uint64_t* minima) {
  for (size_t s = 0; s < num_shingles; ++s) {
    const auto lo = static_cast<uint32_t>(shingles[s]);
    const auto hi = static_cast<uint32_t>(shingles[s] >> 32);
    for (size_t i = 0; i < num_hashes; ++i) {
      const uint32_t left = lo + static_cast<uint32_t>(offsets[i]);
      const uint32_t right = (hi + static_cast<uint32_t>(offsets[i] >> 32)) >> 1;
      minima[i] = std::min(minima[i], uint64_t{left} * right);
    }
  }
}

}  // namespace yurai
