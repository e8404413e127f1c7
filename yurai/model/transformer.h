#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/model/model_config.h"
#include "yurai/model/model_folder.h"
#include "yurai/model/observer.h"

/// A decoder-only transformer (Llama, Mixtral, Qwen3, Qwen3-MoE), one definition for training and
/// inference, on LibTorch.
///
///     YURAI_ASSIGN(const auto model, Transformer::open(folder));
///     KvCache cache(1);
///     YURAI_ASSIGN(const std::vector<float> logits_BTV, model->logits({.batch = 1, .length = 3,
///                                                                      .tokens = ids}, &cache));
///
/// Shapes: B sequences, T tokens of each, D hidden size, H heads, V vocabulary, E experts.
namespace yurai {

/// Tokens of one pass, row by row: [B, T].
struct TokenBatch {
  uint64_t batch = 1;
  uint64_t length = 0;
  std::span<const int32_t> tokens;
  /// A token sees the earlier ones of its own segment; padding is segment -1. Empty: one segment.
  std::span<const int32_t> segments{};
  /// Where a token stands, for the rotary embedding. Empty: counted in each row from what the cache
  /// holds.
  std::span<const int32_t> positions{};
};

/// Keys and values of the tokens so far; belongs to the rows of one batch. Not thread-safe.
class KvCache {
 public:
  explicit KvCache(uint64_t batch);
  KvCache(KvCache&&) noexcept;
  KvCache& operator=(KvCache&&) noexcept;
  ~KvCache();
  uint64_t length() const;  ///< tokens of a row, padding included

  struct State;

 private:
  friend class Transformer;
  std::unique_ptr<State> state_;
};

/// A weight and where it lies in Transformer::weights().
struct WeightRange {
  ParameterShape parameter;
  uint64_t begin = 0;
};

/// How a pass is computed.
struct PassOptions {
  bool bf16 = false;  ///< operands of products with weights are rounded to bf16, sums are f32
  /// What a layer computes is not kept for its gradients but computed again: the same bits, less
  /// memory, a third more time.
  bool checkpoint_activations = false;
  /// Attention in plain steps, as it is with a cache: what the fused one is held against.
  bool plain_attention = false;
  /// An expert takes at most this many times its even share of a pass's choices, first come first
  /// served; the others add nothing. 0: all.
  double expert_capacity_factor = 0;
};

/// What is summed up for gradients: sum(losses of tokens) · scale + router_loss · router_scale +
/// (mean over tokens of logsumexp(router logits)²) · router_z_scale.
struct LossOptions {
  float scale = 1;
  float router_scale = 0;
  float router_z_scale = 0;
  PassOptions pass{};
};

/// What predictions cost.
struct Loss {
  double mean_nats = 0;          ///< over the tokens that have a target
  double router_loss = 0;        ///< load balancing; 1 is even (times experts_per_token)
  uint64_t dropped_choices = 0;  ///< of tokens for experts that were full, over all layers
  std::vector<float> tokens;     ///< [B,T] nats; 0 where there is no target
};

/// Const calls are thread-safe; each runs on the calling thread and `set_model_threads` others.
class Transformer {
 public:
  /// Reads all weights, as f32. What a torch call throws is kResourceExhausted or kInvalidArgument.
  static Result<std::unique_ptr<Transformer>> open(const ModelFolder& folder);
  /// Random weights: normal with deviation 0.02, of layers that write to the residual stream
  /// 0.02 / sqrt(2 · layers) (GPT-2); the same on every machine.
  static Result<std::unique_ptr<Transformer>> make(const ModelConfig& config, uint64_t seed);
  ~Transformer();

  const ModelConfig& config() const;
  /// All of them in one piece. Not to be changed during a call.
  std::span<float> weights();
  std::span<const float> weights() const;
  const std::vector<WeightRange>& weight_ranges() const;

  /// [B,T,V]; with `last_only` [B,1,V]. Adds the batch to the cache, if there is one.
  Result<std::vector<float>> logits(const TokenBatch& batch, KvCache* cache = nullptr,
                                    Observer* observer = nullptr, bool last_only = false) const;

  /// targets [B,T]: the token to be predicted; -1: none. Adds gradients to `gradients` (as
  /// weights(), zero before the first call); none are made where it is empty.
  Result<Loss> loss(const TokenBatch& batch, std::span<const int32_t> targets,
                    const LossOptions& options, std::span<float> gradients,
                    Observer* observer = nullptr) const;

  struct State;

 private:
  explicit Transformer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Floating-point operations of training on one token that attends within `length` tokens: 6 a
/// weight that is multiplied (forward 2, backward 4), and attention.
double training_flop_per_token(const ModelConfig& config, double length);

/// Threads of one pass (of matrix products, above all), process-wide; at least 1. Also keeps the
/// memory of freed tensors, which the next pass wants again.
void set_model_threads(int threads);

/// Operations a second of a matrix product on the calling thread, measured: the peak that a pass
/// can be held against. Takes about 50 ms.
double measure_peak_flops(bool bf16 = false);

}  // namespace yurai
