#include "yurai/base/random.h"

namespace yurai {

__extension__ using uint128_t = unsigned __int128;

uint64_t SplitMix64::next() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

uint64_t SplitMix64::below(uint64_t limit) {
  // Lemire, "Fast random integer generation in an interval", 2019: scale 64 random bits by the
  // limit and keep the whole part; the few fractions that would favour some results draw again.
  const uint64_t unfair = (0 - limit) % limit;
  while (true) {
    const auto scaled = static_cast<uint128_t>(next()) * limit;
    if (static_cast<uint64_t>(scaled) >= unfair) return static_cast<uint64_t>(scaled >> 64);
  }
}

}  // namespace yurai
