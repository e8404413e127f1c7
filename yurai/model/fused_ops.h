#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "yurai/model/transformer_internal.h"

/// Parts of a layer with gradients of their own, over fused_kernels.h and gemm.h. The gradient of a
/// weight is added where its `grad()` lies and is no edge of the graph: no copy, no second pass.
/// Inputs are f32; shapes as in transformer_internal.h.
namespace yurai {

at::Tensor fused_embedding(const at::Tensor& weight_VD, const at::Tensor& tokens_N);
at::Tensor fused_linear(const at::Tensor& x_NI, const at::Tensor& weight_OI,
                        const at::Tensor& bias_O, bool bf16);
at::Tensor fused_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor fused_swiglu(const at::Tensor& gate_up_NO);

/// What attention computes on its way, for who looks on.
struct AttentionSeen {
  bool wants_probabilities = false;
  at::Tensor turned_BHTd;         ///< queries, scaled, then keys: H + K heads
  at::Tensor probabilities_BHTS;  ///< undefined where they are not wanted
};

/// What heads read [N, H·d], from qkv_NO, O = (H + 2K)·d: turned by the plan's angles, each token
/// from those that the plan lets it see (`first_seen` must be there). Probabilities are kept for a
/// block of tokens at a time only, but for `seen` (null: nobody looks). The same bits either way.
at::Tensor fused_attention(const at::Tensor& qkv_NO, const PassPlan& plan, int64_t num_heads,
                           int64_t num_kv_heads, int64_t head_size, AttentionSeen* seen = nullptr);

/// The N·k choices of a router, by expert: those of expert e are places [begins[e], begins[e + 1]).
struct Routing {
  std::vector<int64_t> begins;
  std::vector<int64_t> tokens;  ///< by place
  std::vector<int64_t> places;  ///< by choice; -1: its expert was full
};

/// sum over a token's choices of weight · expert(x). `experts` and `routing` must live until the
/// gradients are computed; `routing` is kept with them.
at::Tensor fused_experts(const at::Tensor& x_ND, const at::Tensor& weight_Nk, Routing routing,
                         const std::vector<MlpWeights>& experts, bool bf16);

/// Losses of predicting `targets` (one a row of x). With `scale` != 0 the gradient of scale ·
/// sum(losses) is added to head_VD.grad(), and `dx_ND` is that of x. Logits are made for a block of
/// rows at a time.
struct HeadLoss {
  std::vector<float> nats;
  at::Tensor dx_ND;  ///< undefined where scale is 0
};
HeadLoss fused_head_loss(const at::Tensor& x_ND, const at::Tensor& head_VD,
                         const std::vector<int64_t>& targets, float scale, bool bf16);

}  // namespace yurai
