#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>

#include <cmath>

#include "yurai/model/transformer_internal.h"

namespace yurai {
namespace {

using at::Tensor;

int64_t i64(uint64_t value) { return static_cast<int64_t>(value); }

at::Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

/// x / rms(x) · weight, over the last dimension.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + eps) * weight;
}

/// Turns pairs (i, i + d/2) of x [B,T,heads,d] by their position's angles.
Tensor rotate(const Tensor& x, const Tensor& cos_BT1d, const Tensor& sin_BT1d) {
  const int64_t half = x.size(-1) / 2;
  const Tensor turned = at::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
  return x * cos_BT1d + turned * sin_BT1d;
}

struct KeysValues {
  Tensor keys_BKSd;
  Tensor values_BKSd;
};

/// Adds the pass's keys and values to the cache and returns all of them.
KeysValues append(KvCache::State& cache, size_t layer, const Tensor& keys, const Tensor& values) {
  const int64_t past = i64(cache.length);
  const int64_t all = past + keys.size(2);
  if (cache.keys_BKCd.size() <= layer) {
    cache.keys_BKCd.resize(layer + 1);
    cache.values_BKCd.resize(layer + 1);
  }
  const auto store = [&](Tensor& buffer, const Tensor& fresh) {
    if (!buffer.defined() || buffer.size(2) < all) {
      const int64_t capacity = std::max<int64_t>(64, all + all / 2);
      Tensor grown =
          at::empty({fresh.size(0), fresh.size(1), capacity, fresh.size(3)}, fresh.options());
      if (past > 0) grown.narrow(2, 0, past).copy_(buffer.narrow(2, 0, past));
      buffer = grown;
    }
    buffer.narrow(2, past, fresh.size(2)).copy_(fresh);
    return buffer.narrow(2, 0, all);
  };
  return {store(cache.keys_BKCd[layer], keys), store(cache.values_BKCd[layer], values)};
}

Tensor attend(const ModelConfig& config, const AttentionWeights& weights, const PassPlan& plan,
              const Tensor& x_ND, KvCache::State* cache, Observer* observer, uint64_t layer) {
  const int64_t B = i64(plan.batch);
  const int64_t T = i64(plan.length);
  const int64_t H = i64(config.num_heads);
  const int64_t K = i64(config.num_kv_heads);
  const int64_t d = i64(config.head_size);
  const Tensor qkv = linear(x_ND, weights.qkv_OD, weights.qkv_bias_O).view({B, T, H + 2 * K, d});
  Tensor q_BTHd = qkv.narrow(2, 0, H);
  Tensor k_BTKd = qkv.narrow(2, H, K);
  if (weights.q_norm_d.defined()) {
    q_BTHd = rms_norm(q_BTHd, weights.q_norm_d, config.rms_norm_eps);
    k_BTKd = rms_norm(k_BTKd, weights.k_norm_d, config.rms_norm_eps);
  }
  const Tensor cos = plan.cos_BTd.unsqueeze(2);
  const Tensor sin = plan.sin_BTd.unsqueeze(2);
  const Tensor q_BHTd = rotate(q_BTHd, cos, sin).transpose(1, 2).contiguous();
  KeysValues kv{rotate(k_BTKd, cos, sin).transpose(1, 2), qkv.narrow(2, H + K, K).transpose(1, 2)};
  if (cache != nullptr) kv = append(*cache, layer, kv.keys_BKSd, kv.values_BKSd);
  const int64_t S = kv.keys_BKSd.size(2);
  const auto shape = [](std::initializer_list<int64_t> sizes) {
    return std::vector<uint64_t>(sizes.begin(), sizes.end());
  };
  observe(observer, Site::kQuery, layer, q_BHTd, shape({B, H, T, d}));
  observe(observer, Site::kKey, layer, kv.keys_BKSd, shape({B, K, S, d}));
  observe(observer, Site::kValue, layer, kv.values_BKSd, shape({B, K, S, d}));

  // The H/K query heads of a key head are rows of one product.
  const int64_t G = H / K;
  const Tensor q = q_BHTd.view({B * K, G * T, d});
  const Tensor k = kv.keys_BKSd.reshape({B * K, S, d});
  const Tensor v = kv.values_BKSd.reshape({B * K, S, d});
  Tensor scores = (at::bmm(q, k.transpose(1, 2)) * (1.0 / std::sqrt(static_cast<double>(d))))
                      .view({B, H, T, S});
  if (plan.mask_BTS.defined()) scores = scores + plan.mask_BTS.unsqueeze(1);
  const Tensor probabilities = at::softmax(scores, -1);
  observe(observer, Site::kAttention, layer, probabilities, shape({B, H, T, S}));
  const Tensor read = at::bmm(probabilities.view({B * K, G * T, S}), v)
                          .view({B, H, T, d})
                          .transpose(1, 2)
                          .reshape({B * T, H * d});
  observe(observer, Site::kHeadOut, layer, read, shape({B, T, H * d}));
  return linear(read, weights.out_DQ, weights.out_bias_D);
}

/// down(silu(gate(x)) · up(x)).
Tensor feed_forward(const MlpWeights& weights, const Tensor& x_ND) {
  const Tensor gate_up = linear(x_ND, weights.gate_up_OD, weights.gate_up_bias_O);
  const int64_t I = gate_up.size(-1) / 2;
  const Tensor inner = at::silu(gate_up.narrow(-1, 0, I)) * gate_up.narrow(-1, I, I);
  return linear(inner, weights.down_DI, weights.down_bias_D);
}

/// Sends each token to its experts; none is dropped. Tokens of an expert stand together, so that it
/// is one product each.
Tensor mix_experts(const ModelConfig& config, const LayerWeights& weights, const PassPlan& plan,
                   const Tensor& x_ND, Pass& pass, Observer* observer, uint64_t layer) {
  const int64_t N = x_ND.size(0);
  const int64_t k = i64(config.experts_per_token);
  const size_t E = config.num_experts;
  const Tensor logits_NE = at::linear(x_ND, weights.router_ED);
  pass.router_logits.push_back(logits_NE);
  auto [weight_Nk, ids_Nk] = at::topk(at::softmax(logits_NE, -1), k, -1);
  if (config.normalize_expert_weights) weight_Nk = weight_Nk / weight_Nk.sum(-1, true);
  const uint64_t tokens = plan.batch * plan.length;
  observe(observer, Site::kRouterLogits, layer, logits_NE, {tokens, E});
  observe(observer, Site::kExpertIds, layer, ids_Nk, {tokens, config.experts_per_token});
  observe(observer, Site::kExpertWeights, layer, weight_Nk, {tokens, config.experts_per_token});

  // A counting sort of the N·k choices by expert.
  const Tensor ids = ids_Nk.contiguous();
  const std::span<const int64_t> choice(ids.data_ptr<int64_t>(), static_cast<size_t>(N * k));
  std::vector<int64_t> begin(E + 1, 0);
  for (const int64_t expert : choice) ++begin[static_cast<size_t>(expert) + 1];
  for (size_t e = 0; e < E; ++e) begin[e + 1] += begin[e];
  std::vector<int64_t> next(begin.begin(), begin.end() - 1);
  Tensor token = at::empty({N * k}, ids.options());  // of each place in the order of experts
  Tensor place = at::empty({N * k}, ids.options());  // of each choice
  for (size_t i = 0; i < choice.size(); ++i) {
    const int64_t at = next[static_cast<size_t>(choice[i])]++;
    token.data_ptr<int64_t>()[at] = static_cast<int64_t>(i) / k;
    place.data_ptr<int64_t>()[i] = at;
  }
  const Tensor sent = x_ND.index_select(0, token);
  std::vector<Tensor> outputs;
  for (size_t e = 0; e < E; ++e) {
    if (begin[e + 1] == begin[e]) continue;
    outputs.push_back(
        feed_forward(weights.mlps[e], sent.narrow(0, begin[e], begin[e + 1] - begin[e])));
  }
  const Tensor back = at::cat(outputs, 0).index_select(0, place).view({N, k, x_ND.size(1)});
  return (back * weight_Nk.unsqueeze(-1)).sum(1);
}

}  // namespace

Pass run_layers(const ModelConfig& config, const Weights& weights, const PassPlan& plan,
                KvCache::State* cache, Observer* observer) {
  Pass pass;
  const std::vector<uint64_t> shape = {plan.batch, plan.length, config.hidden_size};
  Tensor x_ND = at::embedding(weights.embedding_VD, plan.tokens_N);
  observe(observer, Site::kEmbedding, 0, x_ND, shape);
  for (uint64_t l = 0; l < config.num_layers; ++l) {
    const LayerWeights& layer = weights.layers[l];
    const auto look = [&](Site site, const Tensor& tensor) {
      observe(observer, site, l, tensor, shape);
    };
    look(Site::kResidualPre, x_ND);
    const Tensor attention_in = rms_norm(x_ND, layer.attention.norm_D, config.rms_norm_eps);
    look(Site::kAttentionIn, attention_in);
    const Tensor attended = attend(config, layer.attention, plan, attention_in, cache, observer, l);
    look(Site::kAttentionOut, attended);
    x_ND = x_ND + attended;
    look(Site::kResidualMid, x_ND);
    const Tensor mlp_in = rms_norm(x_ND, layer.mlp_norm_D, config.rms_norm_eps);
    look(Site::kMlpIn, mlp_in);
    const Tensor mlp_out = layer.router_ED.defined()
                               ? mix_experts(config, layer, plan, mlp_in, pass, observer, l)
                               : feed_forward(layer.mlps[0], mlp_in);
    look(Site::kMlpOut, mlp_out);
    x_ND = x_ND + mlp_out;
    look(Site::kResidualPost, x_ND);
  }
  pass.final_ND = rms_norm(x_ND, weights.norm_D, config.rms_norm_eps);
  observe(observer, Site::kFinal, 0, pass.final_ND, shape);
  return pass;
}

at::Tensor router_loss(const ModelConfig& config, const std::vector<at::Tensor>& router_logits) {
  const Tensor logits = at::cat(router_logits, 0);
  const Tensor probabilities = at::softmax(logits, -1);
  const Tensor ids = std::get<1>(at::topk(probabilities, i64(config.experts_per_token), -1));
  // Of all tokens, the share whose j-th choice is expert e; a sum over j is all that is needed.
  std::vector<float> share(config.num_experts, 0);
  const Tensor flat = ids.contiguous();
  const std::span<const int64_t> choice(flat.data_ptr<int64_t>(),
                                        static_cast<size_t>(flat.numel()));
  for (const int64_t expert : choice) share[static_cast<size_t>(expert)] += 1;
  for (float& value : share) value /= static_cast<float>(logits.size(0));
  return (probabilities.mean(0) * at::tensor(share)).sum() *
         static_cast<double>(config.num_experts);
}

at::Tensor router_z_loss(const std::vector<at::Tensor>& router_logits) {
  return at::logsumexp(at::cat(router_logits, 0), {-1}).square().mean();
}

}  // namespace yurai
