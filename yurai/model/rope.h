#pragma once

#include <vector>

#include "yurai/model/model_config.h"

namespace yurai {

/// Frequencies of the rotary embedding [d/2], and the factor of its cosines and sines.
struct Rope {
  std::vector<float> frequencies;
  float scale = 1;
};
Rope make_rope(const ModelConfig& config);

}  // namespace yurai
