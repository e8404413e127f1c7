#include "yurai/card/proportion.h"

#include "yurai/base/interval.h"

namespace yurai {

Proportion proportion(uint64_t part, uint64_t whole) {
  const Interval interval = wilson_interval(part, whole);
  const double value = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  return {part, whole, value, interval.low, interval.high};
}

Json to_json(const Proportion& share) {
  return {{"part", share.part},
          {"whole", share.whole},
          {"value", share.value},
          {"low", share.low},
          {"high", share.high}};
}

}  // namespace yurai
