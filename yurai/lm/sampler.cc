#include "yurai/lm/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

namespace yurai {
namespace {

__extension__ using uint128_t = unsigned __int128;

constexpr int kWeightBits = 40;  // the largest weight is 2^40: a million of them still fit 64 bits

/// log2 of x >= 1 with 32 fractional bits, a bit at a time: squaring the mantissa doubles its
/// logarithm.
uint64_t log2_q32(uint64_t x) {
  const int exponent = 63 - std::countl_zero(x);
  uint64_t mantissa = x << (63 - exponent);  // in [1, 2), 63 fractional bits
  uint64_t result = static_cast<uint64_t>(exponent);
  for (int bit = 0; bit < 32; ++bit) {
    const auto square = static_cast<uint128_t>(mantissa) * mantissa;  // 126 fractional bits
    const bool above_two = static_cast<uint64_t>(square >> 127) != 0;
    mantissa = static_cast<uint64_t>(square >> (above_two ? 64 : 63));
    result = result << 1 | static_cast<uint64_t>(above_two);
  }
  return result;
}

constexpr uint64_t square_root(uint128_t x) {
  uint64_t root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const uint64_t larger = root | (1ull << bit);
    if (static_cast<uint128_t>(larger) * larger <= x) root = larger;
  }
  return root;
}

/// kHalfPowers[i] = 2^-(2^-(i+1)) with 63 fractional bits: each the square root of the one before.
constexpr std::array<uint64_t, 32> kHalfPowers = [] {
  std::array<uint64_t, 32> powers{};
  uint64_t power = 1ull << 62;  // one half
  for (uint64_t& entry : powers) {
    power = square_root(static_cast<uint128_t>(power) << 63);
    entry = power;
  }
  return powers;
}();

/// 2^-x of a fixed-point x with 32 fractional bits, as a weight.
uint64_t weight_of(uint128_t exponent_q32) {
  const uint128_t whole = exponent_q32 >> 32;
  if (whole > kWeightBits) return 0;
  uint64_t power = 1ull << 63;
  for (size_t i = 0; i < kHalfPowers.size(); ++i) {
    if ((static_cast<uint64_t>(exponent_q32) >> (31 - i) & 1) != 0) {
      power = static_cast<uint64_t>(static_cast<uint128_t>(power) * kHalfPowers[i] >> 63);
    }
  }
  return power >> (63 - kWeightBits) >> static_cast<int>(whole);
}

/// The index whose share of the sum holds a uniform draw.
size_t draw_by_weight(std::span<const uint64_t> weights, SplitMix64& random) {
  uint64_t left = random.below(std::accumulate(weights.begin(), weights.end(), uint64_t{0}));
  size_t i = 0;
  while (left >= weights[i]) left -= weights[i++];
  return i;
}

}  // namespace

Result<Sampler> Sampler::make(double temperature) {
  if (!(temperature >= 0) || !std::isfinite(temperature)) {
    return fail(ErrorCode::kInvalidArgument, "the temperature must be a number >= 0");
  }
  return Sampler(temperature);
}

Sampler::Sampler(double temperature)
    : mode_(temperature == 0   ? Mode::kMostProbable
            : temperature == 1 ? Mode::kByCount
                               : Mode::kTempered) {
  // One division, which IEEE 754 rounds alike everywhere; below 2^-31 all temperatures are as cold.
  inverse_temperature_q32_ = static_cast<uint64_t>(4294967296.0 / std::max(temperature, 0x1p-31));
}

size_t Sampler::draw(std::span<const uint64_t> counts, SplitMix64& random) const {
  const auto largest = std::max_element(counts.begin(), counts.end());
  YURAI_CHECK(largest != counts.end() && *largest > 0);
  if (mode_ == Mode::kMostProbable) return static_cast<size_t>(largest - counts.begin());
  if (mode_ == Mode::kByCount) return draw_by_weight(counts, random);
  const uint64_t log_largest = log2_q32(*largest);
  std::vector<uint64_t> weights(counts.size());
  std::transform(counts.begin(), counts.end(), weights.begin(), [&](uint64_t count) {
    if (count == 0) return uint64_t{0};
    const auto below_largest = static_cast<uint128_t>(log_largest - log2_q32(count));
    return weight_of(below_largest * inverse_temperature_q32_ >> 32);
  });
  return draw_by_weight(weights, random);
}

}  // namespace yurai
