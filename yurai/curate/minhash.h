#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/curate/minhash_kernels.h"
#include "yurai/curate/shingles.h"

/// MinHash signatures and the bands ("buckets") by which near duplicates meet.
///
///     MinHasher hasher(kLlmJp, choose_isa().value());
///     std::vector<uint64_t> keys;
///     hasher.band_keys(tokens, keys);   // documents that share a key are candidates
///
/// A. Broder, "On the resemblance and containment of documents", SEQUENCES 1997; P. Indyk,
/// R. Motwani, "Approximate nearest neighbors", STOC 1998.
namespace yurai {

struct MinHashParameters {
  std::string_view name;
  ShingleUnit unit = ShingleUnit::kChar;
  uint32_t shingle_size = 5;
  uint32_t num_bands = 20;
  uint32_t hashes_per_band = 10;
  /// Pairs below it are no twins though they share a band; about (1/num_bands)^(1/hashes_per_band),
  /// the middle of the curve on which pairs share one.
  double threshold = 0.741;

  uint32_t num_hashes() const { return num_bands * hashes_per_band; }
};

/// Character 5-grams, 20 bands of 10: LLM-jp's for Japanese.
inline constexpr MinHashParameters kLlmJp{"llm-jp", ShingleUnit::kChar, 5, 20, 10, 0.741};
/// Word 5-grams, 14 bands of 8: those that datatrove has when it is told nothing.
inline constexpr MinHashParameters kDatatrove{"datatrove", ShingleUnit::kWord, 5, 14, 8, 0.719};

/// "llm-jp" or "datatrove"; another name is kInvalidArgument.
Result<MinHashParameters> minhash_preset(std::string_view name);

/// Chance that a pair of this Jaccard index shares a band: 1 - (1 - j^r)^b.
double candidate_probability(const MinHashParameters& parameters, double jaccard);

/// One thread's signatures. Every instruction set gives the same bits.
class MinHasher {
 public:
  MinHasher(const MinHashParameters& parameters, Isa isa);

  /// The least value of each hash function over the text's shingles; empty for no text.
  void signature(std::span<const uint64_t> tokens, std::vector<uint64_t>& minima) const;

  /// A key a band: the hash of the band's number and minima. Empty for no text.
  void band_keys(std::span<const uint64_t> tokens, std::vector<uint64_t>& keys);

 private:
  MinHashParameters parameters_;
  MinHashKernel* kernel_;
  std::vector<uint64_t> offsets_;  ///< of each hash function, padded to whole vectors
  std::vector<uint64_t> minima_;
};

}  // namespace yurai
