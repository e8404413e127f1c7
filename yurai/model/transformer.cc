#include "yurai/model/transformer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <set>
#include <unordered_map>

#include "yurai/base/random.h"
#include "yurai/model/fused_ops.h"
#include "yurai/model/tensor_memory.h"
#include "yurai/model/transformer_internal.h"

namespace yurai {
namespace {

using at::Tensor;

/// What a torch call throws, as an error: the first line says what, the rest is a stack trace.
Error torch_error(const std::exception& error) {
  std::string_view what = error.what();
  what = what.substr(0, what.find('\n'));
  const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
                      what.find("allocate memory") != what.npos;
  return {memory ? ErrorCode::kResourceExhausted : ErrorCode::kInvalidArgument,
          memory ? "not enough memory for this model or this length; use a smaller one"
                 : fmt::format("the model could not be run: {}", what)};
}

int64_t i64(uint64_t value) { return static_cast<int64_t>(value); }

/// A normal distribution, the same on every machine: Box and Muller's transform.
class Normal {
 public:
  explicit Normal(uint64_t seed) : random_(seed) {}
  double next() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  double uniform() { return static_cast<double>(random_.next() >> 11) * 0x1p-53; }
  SplitMix64 random_;
};

}  // namespace

void set_model_threads(int threads) {
  threads = std::max(1, threads);
  at::set_num_threads(threads);
  // OpenBLAS has threads of its own, where it is the BLAS.
  using SetThreads = void (*)(int);
  if (const auto set =
          reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(threads);
  }
  keep_tensor_memory();
}

double training_flop_per_token(const ModelConfig& config, double length) {
  const ParameterCounts counts = count_parameters(config);
  // The embedding is read; where it is the output layer as well it is multiplied once.
  const uint64_t read = config.tie_embeddings ? 0 : config.vocabulary_size * config.hidden_size;
  const auto multiplied = static_cast<double>(counts.active - read);
  const auto attention =
      static_cast<double>(config.num_layers * config.num_heads * config.head_size) * length;
  return 6 * multiplied + 12 * attention;
}

WeightLayout lay_out_weights(const ModelConfig& config) {
  WeightLayout layout;
  for (ParameterShape& parameter : parameter_shapes(config)) {
    const uint64_t values = parameter.num_values();
    layout.ranges.push_back({std::move(parameter), layout.num_values});
    layout.num_values += values;
  }
  return layout;
}

Weights view_weights(const ModelConfig& config, const WeightLayout& layout, std::span<float> values,
                     std::span<float> gradients) {
  Weights weights;
  size_t next = 0;
  // The next `count` parameters as one leaf: matrices of one width become one matrix.
  const auto leaf = [&](size_t count = 1) {
    const WeightRange& first = layout.ranges[next];
    int64_t rows = 0;
    for (size_t i = 0; i < count; ++i) rows += i64(layout.ranges[next + i].parameter.shape[0]);
    std::vector<int64_t> sizes = {rows};
    if (first.parameter.shape.size() == 2) sizes.push_back(i64(first.parameter.shape[1]));
    next += count;
    Tensor tensor = at::from_blob(values.data() + first.begin, sizes);
    if (!gradients.empty()) {
      tensor.set_requires_grad(true);
      tensor.mutable_grad() = at::from_blob(gradients.data() + first.begin, sizes);
    }
    weights.leaves.push_back(tensor);
    weights.begins.push_back(first.begin);
    return tensor;
  };
  weights.embedding_VD = leaf();
  for (uint64_t l = 0; l < config.num_layers; ++l) {
    LayerWeights layer;
    layer.attention.norm_D = leaf();
    layer.attention.qkv_OD = leaf(3);
    if (config.attention_bias) layer.attention.qkv_bias_O = leaf(3);
    if (config.is_qwen3()) {
      layer.attention.q_norm_d = leaf();
      layer.attention.k_norm_d = leaf();
    }
    layer.attention.out_DQ = leaf();
    if (config.attention_bias) layer.attention.out_bias_D = leaf();
    layer.mlp_norm_D = leaf();
    if (config.num_experts > 0 && config.sparse_layers[l]) {
      layer.router_ED = leaf();
      for (uint64_t e = 0; e < config.num_experts; ++e) {
        MlpWeights expert;
        expert.gate_up_OD = leaf(2);
        expert.down_DI = leaf();
        layer.mlps.push_back(std::move(expert));
      }
    } else {
      MlpWeights mlp;
      mlp.gate_up_OD = leaf(2);
      if (config.mlp_bias) mlp.gate_up_bias_O = leaf(2);
      mlp.down_DI = leaf();
      if (config.mlp_bias) mlp.down_bias_D = leaf();
      layer.mlps.push_back(std::move(mlp));
    }
    weights.layers.push_back(std::move(layer));
  }
  weights.norm_D = leaf();
  weights.head_VD = config.tie_embeddings ? weights.embedding_VD : leaf();
  YURAI_CHECK(next == layout.ranges.size());
  return weights;
}

void observe(Observer* observer, Site site, uint64_t layer, const at::Tensor& tensor,
             std::vector<uint64_t> shape) {
  if (observer == nullptr || !observer->wants(site, layer)) return;
  const Tensor values = tensor.detach().contiguous();
  TensorView view;
  view.dtype = values.scalar_type() == at::kLong ? DType::kI64 : DType::kF32;
  view.shape = std::move(shape);
  view.data = values.data_ptr();
  observer->on(site, layer, view);
}

KvCache::KvCache(uint64_t batch) : state_(std::make_unique<State>()) {
  state_->batch = batch;
  state_->next_position_B.assign(batch, 0);
}
KvCache::KvCache(KvCache&&) noexcept = default;
KvCache& KvCache::operator=(KvCache&&) noexcept = default;
KvCache::~KvCache() = default;
uint64_t KvCache::length() const { return state_->length; }

struct Transformer::State {
  ModelConfig config;
  WeightLayout layout;
  std::vector<float> values;
  Weights weights;
  Rope rope;

  Result<void> check(const TokenBatch& batch, const KvCache::State* cache) const;
  std::vector<int32_t> first_seen(const TokenBatch& batch) const;
  PassPlan plan(const TokenBatch& batch, KvCache::State* cache, bool plain_attention) const;
};

Result<void> Transformer::State::check(const TokenBatch& batch, const KvCache::State* cache) const {
  const auto bad = [](std::string what) {
    return fail(ErrorCode::kInvalidArgument, std::move(what));
  };
  const uint64_t tokens = batch.batch * batch.length;
  if (tokens == 0 || batch.tokens.size() != tokens) return bad("a batch without tokens");
  if (!batch.segments.empty() && batch.segments.size() != tokens)
    return bad("segments of another size");
  if (!batch.positions.empty() && batch.positions.size() != tokens)
    return bad("positions of another size");
  if (cache != nullptr && cache->batch != batch.batch) return bad("a cache of another batch");
  for (const int32_t token : batch.tokens) {
    if (token < 0 || static_cast<uint64_t>(token) >= config.vocabulary_size) {
      return bad(fmt::format("token {} is not in the model's vocabulary of {}", token,
                             config.vocabulary_size));
    }
  }
  return {};
}

/// PassPlan::first_seen: empty where the segments of a row are no runs.
std::vector<int32_t> Transformer::State::first_seen(const TokenBatch& batch) const {
  std::vector<int32_t> first(batch.batch * batch.length);
  for (uint64_t b = 0; b < batch.batch; ++b) {
    std::set<int32_t> ended;
    int32_t begin = 0;
    for (uint64_t t = 0; t < batch.length; ++t) {
      const uint64_t n = b * batch.length + t;
      if (t > 0 && !batch.segments.empty() && batch.segments[n] != batch.segments[n - 1]) {
        ended.insert(batch.segments[n - 1]);
        if (ended.contains(batch.segments[n])) return {};
        begin = static_cast<int32_t>(t);
      }
      first[n] = begin;
      if (config.sliding_window && t >= *config.sliding_window) {
        first[n] = std::max(begin, static_cast<int32_t>(t - *config.sliding_window + 1));
      }
    }
  }
  return first;
}

PassPlan Transformer::State::plan(const TokenBatch& batch, KvCache::State* cache,
                                  bool plain_attention) const {
  const uint64_t B = batch.batch;
  const uint64_t T = batch.length;
  const uint64_t past = cache == nullptr ? 0 : cache->length;
  const uint64_t S = past + T;
  const size_t half = rope.frequencies.size();
  PassPlan plan;
  plan.batch = B;
  plan.length = T;
  plan.tokens_N = at::empty({i64(B * T)}, at::kLong);
  std::ranges::copy(batch.tokens, plan.tokens_N.data_ptr<int64_t>());

  const auto segment_of = [&](uint64_t row, uint64_t token) {
    if (token < past) return cache->segments_BS[token * B + row];
    return batch.segments.empty() ? 0 : batch.segments[row * T + token - past];
  };
  // Positions: given, or counted in each row over what is no padding.
  std::vector<int32_t> positions(B * T);
  for (uint64_t b = 0; b < B; ++b) {
    int32_t next = cache == nullptr ? 0 : cache->next_position_B[b];
    for (uint64_t t = 0; t < T; ++t) {
      const bool padding = segment_of(b, past + t) < 0;
      positions[b * T + t] = batch.positions.empty() ? next : batch.positions[b * T + t];
      if (!padding) next = positions[b * T + t] + 1;
    }
    if (cache != nullptr) cache->next_position_B[b] = next;
  }
  plan.cos_BTd = at::empty({i64(B), i64(T), i64(2 * half)});
  plan.sin_BTd = at::empty({i64(B), i64(T), i64(2 * half)});
  auto* cosines = plan.cos_BTd.data_ptr<float>();
  auto* sines = plan.sin_BTd.data_ptr<float>();
  std::unordered_map<int32_t, size_t> computed;  // rows share their positions
  for (size_t i = 0; i < positions.size(); ++i) {
    const auto [known, fresh] = computed.try_emplace(positions[i], i);
    if (!fresh) {
      const size_t from = known->second * 2 * half;
      std::copy_n(cosines + from, 2 * half, cosines + i * 2 * half);
      std::copy_n(sines + from, 2 * half, sines + i * 2 * half);
      continue;
    }
    for (size_t f = 0; f < half; ++f) {
      const float angle = static_cast<float>(positions[i]) * rope.frequencies[f];
      cosines[i * 2 * half + f] = cosines[i * 2 * half + half + f] = std::cos(angle) * rope.scale;
      sines[i * 2 * half + f] = sines[i * 2 * half + half + f] = std::sin(angle) * rope.scale;
    }
  }

  if (cache == nullptr && !plain_attention) {
    plan.first_seen = first_seen(batch);
    if (!plan.first_seen.empty()) return plan;
  }
  bool one_segment = true;
  for (uint64_t b = 0; b < B && one_segment; ++b) {
    for (uint64_t s = 0; s < S && one_segment; ++s) one_segment = segment_of(b, s) == 0;
  }
  const bool all_near = !config.sliding_window || S <= *config.sliding_window;
  if (!(one_segment && all_near && T == 1)) {
    plan.mask_BTS = at::empty({i64(B), i64(T), i64(S)});
    auto* mask = plan.mask_BTS.data_ptr<float>();
    for (uint64_t b = 0; b < B; ++b) {
      for (uint64_t t = 0; t < T; ++t) {
        const uint64_t here = past + t;
        const int32_t segment = segment_of(b, here);
        for (uint64_t s = 0; s < S; ++s, ++mask) {
          const bool near = !config.sliding_window || here - s < *config.sliding_window;
          const bool seen = s <= here && near && segment_of(b, s) == segment;
          *mask = seen ? 0 : -std::numeric_limits<float>::infinity();
        }
      }
    }
  }
  if (cache != nullptr) {
    for (uint64_t t = 0; t < T; ++t) {
      for (uint64_t b = 0; b < B; ++b) cache->segments_BS.push_back(segment_of(b, past + t));
    }
  }
  return plan;
}

Transformer::Transformer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transformer::~Transformer() = default;

Result<std::unique_ptr<Transformer>> Transformer::open(const ModelFolder& folder) {
  auto state = std::make_unique<State>();
  state->config = folder.config();
  state->layout = lay_out_weights(state->config);
  try {
    state->values.resize(state->layout.num_values);
  } catch (const std::exception& error) {
    return fail(torch_error(error));
  }
  for (const WeightRange& range : state->layout.ranges) {
    YURAI_TRY(folder.read_f32(
        range.parameter.name,
        std::span(state->values).subspan(range.begin, range.parameter.num_values())));
  }
  state->weights = view_weights(state->config, state->layout, state->values, {});
  state->rope = make_rope(state->config);
  return std::unique_ptr<Transformer>(new Transformer(std::move(state)));
}

Result<std::unique_ptr<Transformer>> Transformer::make(const ModelConfig& config, uint64_t seed) {
  auto state = std::make_unique<State>();
  state->config = config;
  state->layout = lay_out_weights(config);
  try {
    state->values.resize(state->layout.num_values);
  } catch (const std::exception& error) {
    return fail(torch_error(error));
  }
  Normal normal(seed);
  const double residual = 0.02 / std::sqrt(2.0 * static_cast<double>(config.num_layers));
  for (const WeightRange& range : state->layout.ranges) {
    const std::string_view name = range.parameter.name;
    const auto values = std::span(state->values).subspan(range.begin, range.parameter.num_values());
    if (name.ends_with("norm.weight")) {
      std::ranges::fill(values, 1.0F);
    } else if (!name.ends_with(".bias")) {
      const bool writes = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight") ||
                          name.ends_with(".w2.weight");
      for (float& value : values) {
        value = static_cast<float>((writes ? residual : 0.02) * normal.next());
      }
    }
  }
  state->weights = view_weights(config, state->layout, state->values, {});
  state->rope = make_rope(config);
  return std::unique_ptr<Transformer>(new Transformer(std::move(state)));
}

const ModelConfig& Transformer::config() const { return state_->config; }
std::span<float> Transformer::weights() { return state_->values; }
std::span<const float> Transformer::weights() const { return state_->values; }
const std::vector<WeightRange>& Transformer::weight_ranges() const { return state_->layout.ranges; }

Result<std::vector<float>> Transformer::logits(const TokenBatch& batch, KvCache* cache,
                                               Observer* observer, bool last_only) const {
  KvCache::State* cached = cache == nullptr ? nullptr : cache->state_.get();
  YURAI_TRY(state_->check(batch, cached));
  try {
    const c10::AutoGradMode no_gradients(false);
    const PassPlan plan = state_->plan(batch, cached, false);
    const Pass pass = run_layers(state_->config, state_->weights, plan, cached, observer);
    if (cached != nullptr) cached->length += batch.length;
    const int64_t D = i64(state_->config.hidden_size);
    Tensor final_BTD = pass.final_ND.view({i64(batch.batch), i64(batch.length), D});
    if (last_only) final_BTD = final_BTD.narrow(1, i64(batch.length) - 1, 1);
    const Tensor logits = at::linear(final_BTD, state_->weights.head_VD).contiguous();
    observe(observer, Site::kLogits, 0, logits,
            {batch.batch, last_only ? 1 : batch.length, state_->config.vocabulary_size});
    const auto* values = logits.data_ptr<float>();
    return std::vector<float>(values, values + logits.numel());
  } catch (const std::exception& error) {
    return fail(torch_error(error));
  }
}

Result<Loss> Transformer::loss(const TokenBatch& batch, std::span<const int32_t> targets,
                               const LossOptions& options, std::span<float> gradients,
                               Observer* observer) const {
  YURAI_TRY(state_->check(batch, nullptr));
  YURAI_CHECK(targets.size() == batch.tokens.size());
  YURAI_CHECK(gradients.empty() || gradients.size() == state_->values.size());
  const uint64_t V = state_->config.vocabulary_size;
  std::vector<int64_t> rows;
  std::vector<int64_t> wanted;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) continue;
    if (static_cast<uint64_t>(targets[i]) >= V) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("target {} is not in the model's vocabulary of {}", targets[i], V));
    }
    rows.push_back(static_cast<int64_t>(i));
    wanted.push_back(targets[i]);
  }
  Loss loss;
  loss.tokens.assign(targets.size(), 0);
  if (rows.empty()) return loss;
  try {
    const c10::AutoGradMode with_gradients(!gradients.empty());
    const Weights weights = view_weights(state_->config, state_->layout, state_->values, gradients);
    PassPlan plan = state_->plan(batch, nullptr, options.pass.plain_attention);
    plan.options = options.pass;
    const Pass pass = run_layers(state_->config, weights, plan, nullptr, observer);
    loss.dropped_choices = pass.dropped_choices;
    const Tensor row = at::from_blob(rows.data(), {i64(rows.size())}, at::kLong);
    const Tensor predicting =
        rows.size() == targets.size() ? pass.final_ND : pass.final_ND.index_select(0, row);
    const HeadLoss head = fused_head_loss(predicting.detach(), weights.head_VD, wanted,
                                          gradients.empty() ? 0 : options.scale, options.pass.bf16);
    // Its gradient with respect to `predicting` is what the head has computed.
    Tensor total = gradients.empty() ? at::zeros({}) : (predicting * head.dx_ND).sum();
    if (!pass.router_logits.empty()) {
      const Tensor router = router_loss(state_->config, pass.router_logits);
      loss.router_loss = router.item<float>();
      total = total + router * options.router_scale;
      if (options.router_z_scale != 0) {
        total = total + router_z_loss(pass.router_logits) * options.router_z_scale;
      }
    }
    if (!gradients.empty()) total.backward();
    double sum = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const float value = head.nats[i];
      loss.tokens[static_cast<size_t>(rows[i])] = value;
      sum += value;
    }
    loss.mean_nats = sum / static_cast<double>(rows.size());
    return loss;
  } catch (const std::exception& error) {
    return fail(torch_error(error));
  }
}

}  // namespace yurai
