#pragma once

#include <cstddef>
#include <cstdint>

#include "yurai/base/isa.h"

/// The inner loop of MinHash, once an instruction set. Each is compiled with its own flags and
/// chosen at run time.
namespace yurai {

/// Hash functions come in multiples of this many.
inline constexpr size_t kHashesPerStep = 8;

/// minima[i] = min(minima[i], h_i(x)) over all shingles x, with
///
///     v = x + offsets[i], its two 32-bit halves added apart;   h_i(x) = lo32(v) · (v >> 33)
///
/// one 32-bit multiplication where a 64-bit one would need three on AVX2, and below 2^63, so that
/// signed and unsigned comparison agree. `num_hashes` is a multiple of kHashesPerStep.
using MinHashKernel = void(const uint64_t* shingles, size_t num_shingles, const uint64_t* offsets,
                           size_t num_hashes, uint64_t* minima);

MinHashKernel minhash_scalar;
MinHashKernel minhash_avx2;
MinHashKernel minhash_avx512;

MinHashKernel* minhash_kernel(Isa isa);

}  // namespace yurai
