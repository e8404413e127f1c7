#pragma once

#include <cstdint>

namespace yurai {

struct Interval {
  double low = 0;
  double high = 1;
};

/// Wilson's score interval for `successes` of `trials`, at 95 %; [0, 1] without trials.
/// (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.)
Interval wilson_interval(uint64_t successes, uint64_t trials);

}  // namespace yurai
