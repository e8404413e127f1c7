#pragma once

#include <cstdint>

namespace yurai {

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
/// Integer arithmetic only: the same seed gives the same numbers on every machine.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /// Uniform in [0, limit); limit > 0.
  uint64_t below(uint64_t limit);

 private:
  uint64_t state_;
};

}  // namespace yurai
