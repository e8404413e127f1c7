#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "yurai/model/rope.h"
#include "yurai/model/transformer.h"

/// The definition of the models, on tensors. B sequences, T tokens of each, N = B·T, S keys,
/// D hidden size, H heads, K key heads, d head size, V vocabulary, E experts, I expert size.
namespace yurai {

struct AttentionWeights {
  at::Tensor norm_D;
  at::Tensor qkv_OD;      ///< O = (H + 2K)·d
  at::Tensor qkv_bias_O;  ///< undefined: none
  at::Tensor q_norm_d;    ///< undefined: none
  at::Tensor k_norm_d;
  at::Tensor out_DQ;      ///< Q = H·d
  at::Tensor out_bias_D;  ///< undefined: none
};

/// The dense one, or one expert.
struct MlpWeights {
  at::Tensor gate_up_OD;  ///< O = 2I
  at::Tensor gate_up_bias_O;
  at::Tensor down_DI;
  at::Tensor down_bias_D;
};

struct LayerWeights {
  AttentionWeights attention;
  at::Tensor mlp_norm_D;
  at::Tensor router_ED;  ///< undefined: a dense layer
  std::vector<MlpWeights> mlps;
};

/// Views of one flat buffer.
struct Weights {
  at::Tensor embedding_VD;
  std::vector<LayerWeights> layers;
  at::Tensor norm_D;
  at::Tensor head_VD;
  std::vector<at::Tensor> leaves;  ///< every one of the above once, in the buffer's order
  std::vector<uint64_t> begins;    ///< where each begins in the buffer
};

/// Where each weight lies, and how many values the buffer has. What shares an input lies side by
/// side, so that one product computes it.
struct WeightLayout {
  std::vector<WeightRange> ranges;
  uint64_t num_values = 0;
};
WeightLayout lay_out_weights(const ModelConfig& config);

/// Tensors over the buffer `values`, f32, which outlives them. With `gradients` (as long) they are
/// leaves whose gradients are added up there.
Weights view_weights(const ModelConfig& config, const WeightLayout& layout, std::span<float> values,
                     std::span<float> gradients);

/// What a token may see, and where it stands.
struct PassPlan {
  uint64_t batch = 0;   ///< B
  uint64_t length = 0;  ///< T
  at::Tensor tokens_N;  ///< i64
  at::Tensor cos_BTd, sin_BTd;
  at::Tensor mask_BTS;  ///< 0 or -inf; undefined: all is seen
  /// [B,T] the first token that each one sees, which is all from there to itself; then there is no
  /// mask. Empty: a cache, or segments that are no runs.
  std::vector<int32_t> first_seen;
  PassOptions options;
};

struct Pass {
  at::Tensor final_ND;                    ///< normalised
  std::vector<at::Tensor> router_logits;  ///< of each layer with experts [N,E]
  uint64_t dropped_choices = 0;
};

Pass run_layers(const ModelConfig& config, const Weights& weights, const PassPlan& plan,
                KvCache::State* cache, Observer* observer);

/// The load-balancing loss of Switch Transformers (Fedus, Zoph and Shazeer 2021, eq. 4) over the
/// tokens of all layers, as transformers computes it.
at::Tensor router_loss(const ModelConfig& config, const std::vector<at::Tensor>& router_logits);

/// The mean of logsumexp(logits)² over the tokens of all layers (Zoph et al. 2022, eq. 5).
at::Tensor router_z_loss(const std::vector<at::Tensor>& router_logits);

struct KvCache::State {
  uint64_t batch = 0;
  uint64_t length = 0;
  std::vector<at::Tensor> keys_BKCd;  ///< of each layer; C: capacity >= length
  std::vector<at::Tensor> values_BKCd;
  std::vector<int32_t> segments_BS;  ///< by token: [S][B]
  std::vector<int32_t> next_position_B;
  std::vector<int32_t> positions_BS;  ///< by token: [S][B]
};

void observe(Observer* observer, Site site, uint64_t layer, const at::Tensor& tensor,
             std::vector<uint64_t> shape);

}  // namespace yurai
