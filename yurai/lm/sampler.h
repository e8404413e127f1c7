#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "yurai/base/random.h"
#include "yurai/base/result.h"

/// Drawing a symbol by its count. Integer arithmetic throughout: the same seed draws the same
/// symbols on every machine.
namespace yurai {

/// Draws index i with probability counts[i]^(1/T) / sum of all counts[j]^(1/T).
///
///     YURAI_ASSIGN(const Sampler sampler, Sampler::make(0.7));
///     SplitMix64 random(seed);
///     const size_t drawn = sampler.draw(counts, random);
class Sampler {
 public:
  /// kInvalidArgument unless `temperature` is a number >= 0.
  static Result<Sampler> make(double temperature);

  /// `counts` holds at least one that is > 0. At T = 0 the first of the largest, without a random
  /// number; at T = 1 exact; else the weights, relative to the largest, are off by less than
  /// 2^-28 / T, and what weighs less than 2^-40 is never drawn.
  size_t draw(std::span<const uint64_t> counts, SplitMix64& random) const;

 private:
  explicit Sampler(double temperature);
  enum class Mode { kMostProbable, kByCount, kTempered };
  Mode mode_;
  uint64_t inverse_temperature_q32_;
};

}  // namespace yurai
