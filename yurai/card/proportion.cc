#include "yurai/card/proportion.h"

#include <algorithm>
#include <cmath>

namespace yurai {
namespace {

constexpr double kZ = 1.959963984540054;  // of the normal distribution, two-sided 95 %

}  // namespace

// E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
Proportion proportion(uint64_t part, uint64_t whole) {
  Proportion share{.part = part, .whole = whole};
  if (whole == 0) return share;
  const auto n = static_cast<double>(whole);
  share.value = static_cast<double>(part) / n;
  const double scale = 1 + kZ * kZ / n;
  const double middle = (share.value + kZ * kZ / (2 * n)) / scale;
  const double half =
      kZ / scale * std::sqrt(share.value * (1 - share.value) / n + kZ * kZ / (4 * n * n));
  // At the ends the interval touches them; rounding must not move it off.
  share.low = part == 0 ? 0 : std::max(0.0, middle - half);
  share.high = part == whole ? 1 : std::min(1.0, middle + half);
  return share;
}

Json to_json(const Proportion& share) {
  return {{"part", share.part},
          {"whole", share.whole},
          {"value", share.value},
          {"low", share.low},
          {"high", share.high}};
}

}  // namespace yurai
