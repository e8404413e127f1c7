#include "yurai/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "yurai/model/fused_kernels.h"

namespace yurai {

Optimizer::Optimizer(const OptimizerConfig& config, const std::vector<WeightRange>& ranges,
                     uint64_t num_values)
    : config_(config), mean_(num_values, 0), square_(num_values, 0) {
  for (const WeightRange& range : ranges) {
    const uint64_t end = range.begin + range.parameter.num_values();
    const bool decays = range.parameter.shape.size() == 2;
    if (!ranges_.empty() && ranges_.back().decays == decays && ranges_.back().end == range.begin) {
      ranges_.back().end = end;
    } else {
      ranges_.push_back({range.begin, end, decays});
    }
  }
}

double Optimizer::norm(std::span<const float> gradients) {
  // Eight sums side by side, which a compiler may keep in one register: the order is fixed.
  double sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= gradients.size(); i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) {
      sums[lane] +=
          static_cast<double>(gradients[i + lane]) * static_cast<double>(gradients[i + lane]);
    }
  }
  for (; i < gradients.size(); ++i) {
    sums[0] += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
  }
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return std::sqrt(sum);
}

void Optimizer::update(std::span<float> weights, std::span<const float> gradients, double norm,
                       double rate, uint64_t step) {
  const double clip = config_.clip > 0 && norm > config_.clip ? config_.clip / norm : 1;
  const double t = static_cast<double>(step + 1);
  kernels::AdamStep adam{.scale = static_cast<float>(clip),
                         .beta1 = static_cast<float>(config_.beta1),
                         .beta2 = static_cast<float>(config_.beta2),
                         .rate = static_cast<float>(rate / (1 - std::pow(config_.beta1, t))),
                         .root = static_cast<float>(1 / std::sqrt(1 - std::pow(config_.beta2, t))),
                         .epsilon = static_cast<float>(config_.epsilon),
                         .keep = 1};
  for (const Decayed& range : ranges_) {
    adam.keep = range.decays ? static_cast<float>(1 - rate * config_.weight_decay) : 1.0F;
    kernels::adamw(gradients.data() + range.begin, adam, range.end - range.begin,
                   mean_.data() + range.begin, square_.data() + range.begin,
                   weights.data() + range.begin);
  }
}

}  // namespace yurai
