#pragma once

#include <cstdint>

#include "yurai/base/json.h"

namespace yurai {

/// `part` of `whole`, with Wilson's 95 % score interval: what a draw of `whole` says of the share
/// in what it was drawn from. Without any (`whole` 0) it is 0, and the interval [0, 1].
///
///     proportion(0, 100)  → 0, [0, 0.037]
struct Proportion {
  uint64_t part = 0;
  uint64_t whole = 0;
  double value = 0;
  double low = 0;
  double high = 1;
};
Proportion proportion(uint64_t part, uint64_t whole);

/// {"part","whole","value","low","high"}
Json to_json(const Proportion& share);

}  // namespace yurai
