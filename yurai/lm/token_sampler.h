#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/lm/language_model.h"

namespace yurai {

struct DrawnToken {
  uint32_t token = 0;
  double probability = 0;  ///< under the model: temperature 1, no filter
};

/// kInvalidArgument for a value out of its range.
Result<void> check_sampling(double temperature, const TokenFilter& filter);

/// Draws a token by its logit: the repetition penalty for those in `seen`, the temperature, then
/// top_k, top_p and min_p, in this order. Ties are broken by the smaller id. Temperature 0 takes
/// the most probable. O(V log V) where a filter needs the order, else O(V).
DrawnToken draw_token(std::span<const float> logits, std::span<const int32_t> seen,
                      double temperature, const TokenFilter& filter, SplitMix64& random);

}  // namespace yurai
