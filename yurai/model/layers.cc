#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "yurai/model/fused_ops.h"
#include "yurai/model/held.h"
#include "yurai/model/transformer_internal.h"

namespace yurai {
namespace {

using at::Tensor;

int64_t i64(uint64_t value) { return static_cast<int64_t>(value); }

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

bool wants_any(const Observer& observer, uint64_t layer, std::initializer_list<Site> sites) {
  return std::any_of(sites.begin(), sites.end(),
                     [&](Site site) { return observer.wants(site, layer); });
}

/// fused_attention(), and what it computes shown to the observer. qkv [B,T,H+2K,d]
Tensor observed_attention(const ModelConfig& config, const PassPlan& plan, const Tensor& qkv,
                          Observer* observer, uint64_t layer) {
  const uint64_t B = plan.batch, T = plan.length, d = config.head_size;
  const uint64_t H = config.num_heads, K = config.num_kv_heads;
  const Tensor rows = qkv.view({i64(B * T), i64((H + 2 * K) * d)});
  const auto attention = [&](AttentionSeen* seen) {
    return fused_attention(rows, plan, i64(H), i64(K), i64(d), seen);
  };
  if (observer == nullptr) return attention(nullptr);
  AttentionSeen seen{.wants_probabilities = observer->wants(Site::kAttention, layer),
                     .turned_BHTd = {},
                     .probabilities_BHTS = {}};
  const bool looks =
      wants_any(*observer, layer, {Site::kQuery, Site::kKey, Site::kValue, Site::kAttention});
  const Tensor read = attention(looks ? &seen : nullptr);
  if (observer->wants(Site::kQuery, layer)) {
    observe(observer, Site::kQuery, layer,
            seen.turned_BHTd.narrow(1, 0, i64(H)) * std::sqrt(static_cast<double>(d)),
            {B, H, T, d});
  }
  if (observer->wants(Site::kKey, layer)) {
    observe(observer, Site::kKey, layer, seen.turned_BHTd.narrow(1, i64(H), i64(K)), {B, K, T, d});
  }
  observe(observer, Site::kValue, layer, qkv.narrow(2, i64(H + K), i64(K)).transpose(1, 2),
          {B, K, T, d});
  if (seen.wants_probabilities) {
    observe(observer, Site::kAttention, layer, seen.probabilities_BHTS, {B, H, T, T});
  }
  observe(observer, Site::kHeadOut, layer, read, {B, T, H * d});
  return read;
}

Tensor attend(const ModelConfig& config, const AttentionWeights& weights, const PassPlan& plan,
              const Tensor& x_ND, KvCache::State* cache, Observer* observer, uint64_t layer) {
  const int64_t B = i64(plan.batch);
  const int64_t T = i64(plan.length);
  const int64_t H = i64(config.num_heads);
  const int64_t K = i64(config.num_kv_heads);
  const int64_t d = i64(config.head_size);
  const bool bf16 = plan.options.bf16;
  const Tensor qkv =
      fused_linear(x_ND, weights.qkv_OD, weights.qkv_bias_O, bf16).view({B, T, H + 2 * K, d});
  Tensor q_BTHd = qkv.narrow(2, 0, H);
  Tensor k_BTKd = qkv.narrow(2, H, K);
  if (weights.q_norm_d.defined()) {
    q_BTHd = fused_rms_norm(q_BTHd, weights.q_norm_d, config.rms_norm_eps);
    k_BTKd = fused_rms_norm(k_BTKd, weights.k_norm_d, config.rms_norm_eps);
  }
  if (!plan.first_seen.empty()) {
    Tensor all = qkv;
    if (weights.q_norm_d.defined()) all = at::cat({q_BTHd, k_BTKd, qkv.narrow(2, H + K, K)}, 2);
    const Tensor read = observed_attention(config, plan, all, observer, layer);
    return fused_linear(read, weights.out_DQ, weights.out_bias_D, bf16);
  }
  // A cache, or segments that are no runs: the same in plain steps.
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
  return fused_linear(read, weights.out_DQ, weights.out_bias_D, bf16);
}

/// down(silu(gate(x)) · up(x)).
Tensor feed_forward(const MlpWeights& weights, const Tensor& x_ND, bool bf16) {
  const Tensor gate_up = fused_linear(x_ND, weights.gate_up_OD, weights.gate_up_bias_O, bf16);
  return fused_linear(fused_swiglu(gate_up), weights.down_DI, weights.down_bias_D, bf16);
}

/// A counting sort of the N·k choices by expert; those beyond its capacity are dropped.
Routing route(std::span<const int64_t> choices, size_t num_experts, int64_t per_token,
              double capacity_factor) {
  const double even = static_cast<double>(choices.size()) / static_cast<double>(num_experts);
  const auto capacity = capacity_factor == 0
                            ? i64(choices.size())
                            : static_cast<int64_t>(std::ceil(capacity_factor * even));
  std::vector<int64_t> taken(num_experts, 0);
  Routing routing;
  for (const int64_t expert : choices) {
    int64_t& count = taken[static_cast<size_t>(expert)];
    routing.places.push_back(count < capacity ? count++ : -1);
  }
  routing.begins.assign(1, 0);
  for (const int64_t count : taken) routing.begins.push_back(routing.begins.back() + count);
  routing.tokens.resize(static_cast<size_t>(routing.begins.back()));
  for (size_t i = 0; i < choices.size(); ++i) {
    int64_t& place = routing.places[i];
    if (place < 0) continue;
    place += routing.begins[static_cast<size_t>(choices[i])];
    routing.tokens[static_cast<size_t>(place)] = i64(i) / per_token;
  }
  return routing;
}

/// What a layer adds to a pass beside its output.
struct LayerFacts {
  Tensor router_logits;
  uint64_t dropped_choices = 0;
};

/// Sends each token to its experts. Tokens of an expert stand together, so that it is one product
/// each.
Tensor mix_experts(const ModelConfig& config, const LayerWeights& weights, const PassPlan& plan,
                   const Tensor& x_ND, LayerFacts& facts, Observer* observer, uint64_t layer) {
  const int64_t k = i64(config.experts_per_token);
  const size_t E = config.num_experts;
  const Tensor logits_NE = fused_linear(x_ND, weights.router_ED, {}, false);
  facts.router_logits = logits_NE;
  auto [weight_Nk, ids_Nk] = at::topk(at::softmax(logits_NE, -1), k, -1);
  if (config.normalize_expert_weights) weight_Nk = weight_Nk / weight_Nk.sum(-1, true);
  const uint64_t tokens = plan.batch * plan.length;
  observe(observer, Site::kRouterLogits, layer, logits_NE, {tokens, E});
  observe(observer, Site::kExpertIds, layer, ids_Nk, {tokens, config.experts_per_token});
  observe(observer, Site::kExpertWeights, layer, weight_Nk, {tokens, config.experts_per_token});
  const Tensor ids = ids_Nk.contiguous();
  Routing routing = route({ids.data_ptr<int64_t>(), static_cast<size_t>(ids.numel())}, E, k,
                          plan.options.expert_capacity_factor);
  facts.dropped_choices = static_cast<uint64_t>(ids.numel() - routing.begins.back());
  return fused_experts(x_ND, weight_Nk, std::move(routing), weights.mlps, plan.options.bf16);
}

struct LayerCall {
  const ModelConfig* config;
  const LayerWeights* weights;
  const PassPlan* plan;
  KvCache::State* cache;
  Observer* observer;
  uint64_t number;
};

Tensor run_layer(const LayerCall& call, Tensor x_ND, LayerFacts& facts) {
  const auto& [config, layer, plan, cache, observer, l] = call;
  const std::vector<uint64_t> shape = {plan->batch, plan->length, config->hidden_size};
  const auto look = [&](Site site, const Tensor& tensor) {
    observe(call.observer, site, call.number, tensor, shape);
  };
  look(Site::kResidualPre, x_ND);
  const Tensor attention_in = fused_rms_norm(x_ND, layer->attention.norm_D, config->rms_norm_eps);
  look(Site::kAttentionIn, attention_in);
  const Tensor attended =
      attend(*config, layer->attention, *plan, attention_in, cache, observer, l);
  look(Site::kAttentionOut, attended);
  x_ND = x_ND + attended;
  look(Site::kResidualMid, x_ND);
  const Tensor mlp_in = fused_rms_norm(x_ND, layer->mlp_norm_D, config->rms_norm_eps);
  look(Site::kMlpIn, mlp_in);
  const Tensor mlp_out = layer->router_ED.defined()
                             ? mix_experts(*config, *layer, *plan, mlp_in, facts, observer, l)
                             : feed_forward(layer->mlps[0], mlp_in, plan->options.bf16);
  look(Site::kMlpOut, mlp_out);
  x_ND = x_ND + mlp_out;
  look(Site::kResidualPost, x_ND);
  return x_ND;
}

/// A layer that keeps its input alone and computes the rest again on the way back.
struct CheckpointedLayer : torch::autograd::Function<CheckpointedLayer> {
  using variable_list = torch::autograd::variable_list;

  static variable_list run(const LayerCall& call, const Tensor& x_ND, LayerFacts& facts) {
    const Tensor y_ND = run_layer(call, x_ND, facts);
    return facts.router_logits.defined() ? variable_list{y_ND, facts.router_logits}
                                         : variable_list{y_ND};
  }
  static variable_list forward(torch::autograd::AutogradContext* ctx, const Tensor& x_ND,
                               LayerCall call, LayerFacts* facts) {
    ctx->save_for_backward({x_ND});
    ctx->saved_data["call"] = hold(call);
    return run(call, x_ND, *facts);
  }
  static variable_list backward(torch::autograd::AutogradContext* ctx, variable_list grads) {
    const c10::AutoGradMode with_gradients(true);
    const Tensor x_ND = ctx->get_saved_variables()[0].detach();
    x_ND.set_requires_grad(true);
    LayerFacts facts;
    LayerCall call = held<LayerCall>(ctx->saved_data["call"]);
    call.observer = nullptr;  // it has seen this layer, and may be gone
    const variable_list outputs = run(call, x_ND, facts);
    if (outputs.size() > 1 && grads[1].defined()) {
      torch::autograd::backward(outputs, grads);
    } else {
      torch::autograd::backward({outputs[0]}, {grads[0]});
    }
    return {x_ND.grad(), Tensor(), Tensor()};
  }
};

}  // namespace

Pass run_layers(const ModelConfig& config, const Weights& weights, const PassPlan& plan,
                KvCache::State* cache, Observer* observer) {
  Pass pass;
  const std::vector<uint64_t> shape = {plan.batch, plan.length, config.hidden_size};
  Tensor x_ND = fused_embedding(weights.embedding_VD, plan.tokens_N);
  observe(observer, Site::kEmbedding, 0, x_ND, shape);
  for (uint64_t l = 0; l < config.num_layers; ++l) {
    const LayerCall call{&config, &weights.layers[l], &plan, cache, observer, l};
    LayerFacts facts;
    if (plan.options.checkpoint_activations && x_ND.requires_grad()) {
      const auto outputs = CheckpointedLayer::apply(x_ND, call, &facts);
      x_ND = outputs[0];
      if (outputs.size() > 1) facts.router_logits = outputs[1];
    } else {
      x_ND = run_layer(call, x_ND, facts);
    }
    if (facts.router_logits.defined()) pass.router_logits.push_back(facts.router_logits);
    pass.dropped_choices += facts.dropped_choices;
  }
  pass.final_ND = fused_rms_norm(x_ND, weights.norm_D, config.rms_norm_eps);
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
