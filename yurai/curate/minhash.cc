#include "yurai/curate/minhash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

/// splitmix64: the offsets of the hash functions are its first outputs from seed 1.
uint64_t next_random(uint64_t& state) {
  uint64_t x = state += 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

}  // namespace

MinHashKernel* minhash_kernel(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx2) return minhash_avx2;
  if (isa == Isa::kAvx512) return minhash_avx512;
#endif
  YURAI_CHECK(isa == Isa::kScalar);
  return minhash_scalar;
}

Result<MinHashParameters> minhash_preset(std::string_view wanted) {
  for (const MinHashParameters& preset : {kLlmJp, kDatatrove}) {
    if (preset.name == wanted) return preset;
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no preset; there are {} and {}", for_terminal(wanted),
                          kLlmJp.name, kDatatrove.name));
}

double candidate_probability(const MinHashParameters& parameters, double jaccard) {
  return 1 - std::pow(1 - std::pow(jaccard, parameters.hashes_per_band), parameters.num_bands);
}

MinHasher::MinHasher(const MinHashParameters& parameters, Isa isa)
    : parameters_(parameters), kernel_(minhash_kernel(isa)) {
  const size_t padded =
      (parameters.num_hashes() + kHashesPerStep - 1) / kHashesPerStep * kHashesPerStep;
  uint64_t state = 1;
  for (size_t i = 0; i < padded; ++i) offsets_.push_back(next_random(state));
}

void MinHasher::signature(std::span<const uint64_t> tokens, std::vector<uint64_t>& minima) const {
  minima.clear();
  const size_t size = num_shingles(tokens.size(), parameters_.shingle_size);
  if (size == 0) return;
  minima.assign(offsets_.size(), ~0ull >> 1);
  std::array<uint64_t, 512>
      shingles;  // stays in the first-level cache while all hashes pass over it
  for (size_t first = 0; first < size; first += shingles.size()) {
    const size_t count = std::min(shingles.size(), size - first);
    hash_shingles(tokens, parameters_.shingle_size, first, {shingles.data(), count});
    kernel_(shingles.data(), count, offsets_.data(), offsets_.size(), minima.data());
  }
  minima.resize(parameters_.num_hashes());
}

void MinHasher::band_keys(std::span<const uint64_t> tokens, std::vector<uint64_t>& keys) {
  keys.clear();
  signature(tokens, minima_);
  if (minima_.empty()) return;
  std::vector<uint64_t> band(parameters_.hashes_per_band + 1);
  for (uint32_t number = 0; number < parameters_.num_bands; ++number) {
    band[0] = number;
    std::copy_n(minima_.begin() + number * parameters_.hashes_per_band, parameters_.hashes_per_band,
                band.begin() + 1);
    keys.push_back(
        xxh3({reinterpret_cast<const char*>(band.data()), band.size() * sizeof(uint64_t)}));
  }
}

}  // namespace yurai
