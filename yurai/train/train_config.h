#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/model/model_config.h"
#include "yurai/model/transformer.h"

/// What a training run is told, in TOML. docs/cli/train.md has every name.
namespace yurai {

/// The weight of a step's update over the run: a warm-up, then a cosine, or a plateau and a decay
/// (warm-up–stable–decay).
struct Schedule {
  uint64_t steps = 0;
  uint64_t warmup_steps = 0;
  uint64_t decay_steps = 0;  ///< wsd: of the end; cosine: all after the warm-up
  bool cosine = true;
  double learning_rate = 3e-3;  ///< the highest
  double final_share = 0.1;     ///< of it, at the end

  /// Of step `step` < steps.
  double rate(uint64_t step) const;
};

struct OptimizerConfig {  ///< AdamW (Loshchilov and Hutter 2019)
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;  ///< of matrices, not of norms and biases
  double clip = 1.0;          ///< longest gradient; 0: any
};

struct TrainConfig {
  std::vector<std::string> corpora;       ///< folders; relative to the file
  std::string tokenizer;                  ///< a file or folder; empty: learnt from the corpora
  uint32_t vocabulary_size = 4096;        ///< of a learnt one
  uint64_t tokenizer_bytes = 10'000'000;  ///< of text that it is learnt from, about
  std::string stage = "pretrain";
  uint64_t seed = 1;
  /// All but the vocabulary and its special tokens, which the tokenizer has.
  ModelConfig model;
  PassOptions pass;
  double router_z_weight = 0.001;  ///< keeps router logits small (Zoph et al. 2022, eq. 5)
  uint32_t sequence_tokens = 256;
  uint32_t sequences_per_step = 16;
  bool shuffle = true;       ///< sequences of a step come from all over the epoch
  uint32_t micro_batch = 4;  ///< sequences of one pass: the unit that gradients are summed in
  Schedule schedule;
  OptimizerConfig optimizer;
  double validation_share = 0.01;  ///< of the documents, by their id; never trained
  uint64_t validation_every = 50;  ///< steps; 0: never
  uint64_t validation_sequences = 32;
  uint64_t checkpoint_every = 100;  ///< steps; the last is always kept

  /// What was given and what was not, in one form: the run's configuration.
  Json resolved;
};

/// Reads a configuration; `dir` is what its paths are relative to, `name` for messages. A name that
/// is unknown and a value out of its range are kInvalidArgument.
Result<TrainConfig> parse_train_config(std::string_view toml, std::string_view name,
                                       const std::filesystem::path& dir);

/// Names of the model sizes that a configuration can ask for: "1M", "3M", "10M", "30M", "8x3M".
std::vector<std::string_view> model_presets();

}  // namespace yurai
