#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "yurai/model/transformer.h"
#include "yurai/train/train_config.h"

/// AdamW over one flat buffer of weights. Every sum has a fixed order: the same bits on any number
/// of threads.
namespace yurai {

class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, const std::vector<WeightRange>& ranges,
            uint64_t num_values);

  /// Length of a gradient (L2).
  static double norm(std::span<const float> gradients);
  /// One update, the `step`-th from 0. Gradients longer than `clip` are shortened to it; `norm` is
  /// their length.
  void update(std::span<float> weights, std::span<const float> gradients, double norm, double rate,
              uint64_t step);

  /// Running means of the gradients and their squares: what a checkpoint keeps.
  std::span<float> mean() { return mean_; }
  std::span<float> square() { return square_; }

 private:
  OptimizerConfig config_;
  struct Decayed {
    uint64_t begin, end;
    bool decays;
  };
  std::vector<Decayed> ranges_;
  std::vector<float> mean_;
  std::vector<float> square_;
};

}  // namespace yurai
