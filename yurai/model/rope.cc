#include "yurai/model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace yurai {

Rope make_rope(const ModelConfig& config) {
  const RopeScaling& scaling = config.rope_scaling;
  const size_t half = config.head_size / 2;
  const auto original = static_cast<double>(scaling.original_max_positions);
  const double d = static_cast<double>(config.head_size);
  Rope rope;
  rope.frequencies.resize(half);
  // yarn (Peng et al. 2023): dimensions that turn often are kept, those that turn less than once
  // are stretched, a ramp between.
  const auto dimension_of = [&](double turns) {
    return d * std::log(original / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(config.rope_theta));
  };
  double low = dimension_of(scaling.beta_fast);
  double high = dimension_of(scaling.beta_slow);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, d - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < half; ++i) {
    double frequency = std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / d);
    switch (scaling.kind) {
      case RopeScaling::Kind::kNone:
        break;
      case RopeScaling::Kind::kLinear:
        frequency /= scaling.factor;
        break;
      case RopeScaling::Kind::kLlama3: {
        // How often it turns within the original length: few turns are stretched.
        const double turns = original * frequency / (2 * std::numbers::pi);
        const double share = std::clamp((turns - scaling.low_freq_factor) /
                                            (scaling.high_freq_factor - scaling.low_freq_factor),
                                        0.0, 1.0);
        frequency = (1 - share) * frequency / scaling.factor + share * frequency;
        break;
      }
      case RopeScaling::Kind::kYarn: {
        const double stretched =
            std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        frequency = stretched * frequency / scaling.factor + (1 - stretched) * frequency;
        break;
      }
    }
    rope.frequencies[i] = static_cast<float>(frequency);
  }
  if (scaling.kind == RopeScaling::Kind::kYarn) {
    const auto mscale = [&](double weight) {
      return scaling.factor <= 1 ? 1 : 0.1 * weight * std::log(scaling.factor) + 1;
    };
    double scale = mscale(1);
    if (scaling.mscale && scaling.mscale_all_dim && *scaling.mscale != 0 &&
        *scaling.mscale_all_dim != 0) {
      scale = mscale(*scaling.mscale) / mscale(*scaling.mscale_all_dim);
    }
    rope.scale = static_cast<float>(scaling.attention_factor.value_or(scale));
  }
  return rope;
}

}  // namespace yurai
