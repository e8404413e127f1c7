#include "yurai/base/interval.h"

#include <algorithm>
#include <cmath>

namespace yurai {
namespace {

constexpr double kZ95 = 1.959963984540054;  // the normal distribution's 0.975 quantile

}  // namespace

Interval wilson_interval(uint64_t successes, uint64_t trials) {
  if (trials == 0) return {};
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z2 = kZ95 * kZ95;
  const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ95 * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  // The ends are exact where nothing or all was seen; rounding must not move them.
  return {.low = successes == 0 ? 0 : std::max(0.0, center - half),
          .high = successes == trials ? 1 : std::min(1.0, center + half)};
}

}  // namespace yurai
