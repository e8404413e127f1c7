#include "yurai/model/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>
#include <numeric>

#include "yurai/model/kernels.h"
#include "yurai/model/rope.h"
#include "yurai/model/thread_team.h"

// Legend: N tokens that are computed together, D hidden size, H heads, K key heads, d head size,
// I inner size of an MLP, E experts, V vocabulary.
namespace yurai {
namespace {

/// So many tokens at once: their activations stay in the second-level cache.
constexpr size_t kMaxTokens = 96;

/// Activations [N][stride]. Rows are not a power of two apart, which would crowd them into few sets
/// of the cache.
struct Activations {
  size_t stride = 0;
  std::vector<float> values;

  /// All of them zero.
  void shape(size_t tokens, size_t width) {
    shape_to_fill(tokens, width);
    std::fill(values.begin(), values.end(), 0.0F);
  }
  /// For whoever writes rows up to a multiple of 16.
  void shape_to_fill(size_t tokens, size_t width) {
    stride = round_up(width, kLanes) + kLanes;
    values.resize(tokens * stride);
  }
  float* row(size_t token) { return values.data() + token * stride; }
};

void add_to(float* x, const float* y, size_t size) {
  for (size_t i = 0; i < size; ++i) x[i] += y[i];
}

}  // namespace

struct DecoderCache::State {
  struct Head {
    std::vector<float> keys;    ///< [S / 16][d][16]
    std::vector<float> values;  ///< [S][round_up(d, 16)]
  };
  size_t length = 0;
  std::vector<Head> heads;  ///< [layer][K]
};

DecoderCache::DecoderCache(const Decoder& decoder) : state_(std::make_unique<State>()) {
  state_->heads.resize(decoder.config().num_layers * decoder.config().num_kv_heads);
}
DecoderCache::DecoderCache(DecoderCache&&) noexcept = default;
DecoderCache& DecoderCache::operator=(DecoderCache&&) noexcept = default;
DecoderCache::~DecoderCache() = default;
uint64_t DecoderCache::length() const { return state_->length; }

struct Decoder::State {
  struct Row {
    int32_t token = 0;
    DecoderCache::State* cache = nullptr;
    size_t position = 0;
  };
  /// Rows that follow each other in a text: they read its cache together.
  struct Group {
    size_t first_row = 0;
    size_t size = 0;
  };

  explicit State(DecoderWeights loaded) : weights(std::move(loaded)) {}

  ModelConfig config;
  DecoderWeights weights;
  Rope rope;
  const Kernels* kernels = nullptr;
  std::unique_ptr<ThreadTeam> team;

  std::mutex mutex;              ///< of what follows
  Observer* observer = nullptr;  ///< of this pass
  std::vector<Row> rows;
  std::vector<Group> groups;
  std::vector<float> cosines, sines;  ///< [N][d / 2]
  Activations x, normed, qkv, read, gate_up, inner, added, logits;
  Activations sent, choice_out;  ///< of experts: their tokens; what each choice of a token gives
  std::vector<float> packed;     ///< of a product: its activations as kernels read them
  std::vector<int8_t> bytes, packed_bytes;
  std::vector<float> byte_scales;
  bool shows_attention = false;            ///< in this layer
  std::vector<float> shown_probabilities;  ///< [H][N][S], for an observer

  Result<void> check(std::span<const int32_t> tokens) const;
  bool shown(Site site, size_t layer) const {
    return observer != nullptr && observer->wants(site, layer);
  }
  void show_rows(Site site, size_t layer, Activations& of, size_t count, size_t width);
  void show_heads(Site site, size_t layer, size_t first_value, size_t heads);
  void show_probabilities(size_t layer);
  void show_choices(size_t layer, const std::vector<std::vector<size_t>>& choices,
                    const std::vector<float>& shares);
  /// All rows through all layers; then the logits of those from `first_wanted` on, to `out`.
  Result<void> pass(size_t first_wanted, float* out);
  void compute(size_t first_wanted, float* out);
  void multiply(const PanelMatrix& matrix, Activations& in, size_t tokens, Activations& out);
  void norm(const float* weight, Activations& in, size_t tokens, Activations& out);
  void attend(const DecoderLayer& layer, size_t number);
  void store_keys_and_values(const DecoderLayer& layer, size_t number, size_t row);
  void turn_head(float* head, const float* norm_weight, size_t row) const;
  void group_rows();
  void read_head(size_t number, const Group& group, size_t head);
  void feed_forward(const DecoderMlp& mlp, Activations& in, size_t tokens, Activations& out);
  void mix_experts(const DecoderLayer& layer, size_t number);
  void add_to_residual(Site site, size_t layer);
};

Result<void> Decoder::State::check(std::span<const int32_t> tokens) const {
  if (tokens.empty()) return fail(ErrorCode::kInvalidArgument, "a pass without tokens");
  for (const int32_t token : tokens) {
    if (token < 0 || static_cast<uint64_t>(token) >= config.vocabulary_size) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("token {} is not in the model's vocabulary of {}", token,
                              config.vocabulary_size));
    }
  }
  return {};
}

/// [1,T,D]; of a router [T,E].
void Decoder::State::show_rows(Site site, size_t layer, Activations& of, size_t count,
                               size_t width) {
  if (!shown(site, layer)) return;
  TensorView view{.shape = {count, width}, .data = of.row(0), .strides = {of.stride, 1}};
  if (site != Site::kRouterLogits) {
    view.shape.insert(view.shape.begin(), 1);
    view.strides.insert(view.strides.begin(), count * of.stride);
  }
  observer->on(site, layer, view);
}

/// [1,H,T,d], from `first_value` of each row of qkv on.
void Decoder::State::show_heads(Site site, size_t layer, size_t first_value, size_t heads) {
  if (!shown(site, layer)) return;
  const size_t d = config.head_size;
  observer->on(site, layer,
               {.shape = {1, heads, rows.size(), d},
                .data = qkv.row(0) + first_value,
                .strides = {rows.size() * qkv.stride, d, qkv.stride, 1}});
}

/// [1,H,T,S]
void Decoder::State::show_probabilities(size_t layer) {
  if (!shown(Site::kAttention, layer)) return;
  const size_t N = rows.size();
  const size_t stride = shown_probabilities.size() / (config.num_heads * N);
  observer->on(Site::kAttention, layer,
               {.shape = {1, config.num_heads, N, rows.back().position + 1},
                .data = shown_probabilities.data(),
                .strides = {config.num_heads * N * stride, N * stride, stride, 1}});
}

/// Both [T,k], the most probable expert first.
void Decoder::State::show_choices(size_t layer, const std::vector<std::vector<size_t>>& choices,
                                  const std::vector<float>& shares) {
  const std::vector<uint64_t> shape = {rows.size(), config.experts_per_token};
  if (shown(Site::kExpertIds, layer)) {
    std::vector<int64_t> ids(shares.size());
    for (size_t e = 0; e < choices.size(); ++e) {
      for (const size_t choice : choices[e]) ids[choice] = static_cast<int64_t>(e);
    }
    observer->on(Site::kExpertIds, layer,
                 {.dtype = DType::kI64, .shape = shape, .data = ids.data()});
  }
  if (shown(Site::kExpertWeights, layer)) {
    observer->on(Site::kExpertWeights, layer, {.shape = shape, .data = shares.data()});
  }
}

void Decoder::State::multiply(const PanelMatrix& matrix, Activations& in, size_t tokens,
                              Activations& out) {
  out.shape_to_fill(tokens, matrix.num_panels() * kLanes);
  constexpr size_t kPiece = 4;  // panels
  const size_t pieces = round_up(matrix.num_panels(), kPiece) / kPiece;
  const auto panels_of = [&](size_t piece) {
    return std::min(kPiece, matrix.num_panels() - piece * kPiece);
  };
  if (matrix.type == WeightType::kInt8) {
    const size_t width = round_up(matrix.columns, kLanes);
    const size_t stride = width + 64;
    bytes.resize(tokens * stride);
    byte_scales.resize(tokens);
    for (size_t t = 0; t < tokens; ++t) {
      byte_scales[t] = kernels->quantize(in.row(t), width, bytes.data() + t * stride);
    }
    packed_bytes.resize(tokens * matrix.padded_columns);
    kernels->pack_bytes(bytes.data(), stride, matrix.padded_columns, tokens, packed_bytes.data());
    team->run(pieces, [&](size_t piece) {
      const size_t row = piece * kPiece * kLanes;
      kernels->multiply_int8(
          {.panels = static_cast<const int8_t*>(matrix.panels) + row * matrix.padded_columns,
           .scales = matrix.scales + row,
           .row_sums = matrix.row_sums + row,
           .num_panels = panels_of(piece),
           .columns = matrix.padded_columns,
           .x = packed_bytes.data(),
           .x_scales = byte_scales.data(),
           .tokens = tokens,
           .y = out.values.data() + row,
           .y_stride = out.stride});
    });
    return;
  }
  packed.resize(tokens * matrix.columns);
  kernels->pack_floats(in.values.data(), in.stride, matrix.columns, tokens, packed.data());
  const bool f32 = matrix.type == WeightType::kF32;
  const auto kernel = f32 ? kernels->multiply_f32 : kernels->multiply_bf16;
  const size_t bytes_of_value = f32 ? sizeof(float) : sizeof(uint16_t);
  team->run(pieces, [&](size_t piece) {
    const size_t row = piece * kPiece * kLanes;
    kernel(
        {.panels = static_cast<const char*>(matrix.panels) + row * matrix.columns * bytes_of_value,
         .num_panels = panels_of(piece),
         .columns = matrix.columns,
         .x = packed.data(),
         .tokens = tokens,
         .y = out.values.data() + row,
         .y_stride = out.stride});
  });
}

void Decoder::State::norm(const float* weight, Activations& in, size_t tokens, Activations& out) {
  out.shape_to_fill(tokens, config.hidden_size);
  for (size_t t = 0; t < tokens; ++t) {
    kernels->rms_norm(in.row(t), weight, config.hidden_size,
                      static_cast<float>(config.rms_norm_eps), out.row(t));
  }
}

/// Normalises a head, where the model does, and turns pairs (i, i + d/2) by its position's angles.
void Decoder::State::turn_head(float* head, const float* norm_weight, size_t row) const {
  const size_t half = config.head_size / 2;
  if (norm_weight != nullptr) {
    thread_local std::vector<float> padded;
    padded.assign(round_up(config.head_size, kLanes), 0);
    std::copy_n(head, config.head_size, padded.data());
    kernels->rms_norm(padded.data(), norm_weight, config.head_size,
                      static_cast<float>(config.rms_norm_eps), padded.data());
    std::copy_n(padded.data(), config.head_size, head);
  }
  const float* cosine = cosines.data() + row * half;
  const float* sine = sines.data() + row * half;
  for (size_t i = 0; i < half; ++i) {
    const float a = head[i];
    const float b = head[i + half];
    head[i] = a * cosine[i] - b * sine[i];
    head[i + half] = b * cosine[i] + a * sine[i];
  }
}

void Decoder::State::store_keys_and_values(const DecoderLayer& layer, size_t number, size_t row) {
  const size_t d = config.head_size;
  const size_t at = rows[row].position;
  float* keys = qkv.row(row) + config.num_heads * d;
  const float* values = keys + config.num_kv_heads * d;
  for (size_t k = 0; k < config.num_kv_heads; ++k) {
    DecoderCache::State::Head& head = rows[row].cache->heads[number * config.num_kv_heads + k];
    turn_head(keys + k * d, layer.k_norm, row);
    float* key = head.keys.data() + at / kLanes * kLanes * d + at % kLanes;
    for (size_t i = 0; i < d; ++i) key[i * kLanes] = keys[k * d + i];
    std::copy_n(values + k * d, d, head.values.data() + at * round_up(d, kLanes));
  }
}

void Decoder::State::group_rows() {
  groups.clear();
  for (size_t row = 0; row < rows.size(); ++row) {
    const bool follows = row > 0 && rows[row].cache == rows[row - 1].cache;
    if (follows && groups.back().size < kQueries) {
      ++groups.back().size;
    } else {
      groups.push_back({row, 1});
    }
  }
}

void Decoder::State::read_head(size_t number, const Group& group, size_t head) {
  const size_t d = config.head_size;
  const size_t end = rows[group.first_row].position + 1;
  const size_t key_head = head / (config.num_heads / config.num_kv_heads);
  const auto& cache = rows[group.first_row].cache->heads[number * config.num_kv_heads + key_head];
  thread_local std::vector<float> scratch;
  const size_t width = round_up(d, kLanes);
  size_t seen = round_up(end + group.size, kLanes);
  scratch.resize(group.size * (width + seen));
  float* probabilities = scratch.data() + group.size * width;
  const bool show = shows_attention;
  if (show) {
    seen = shown_probabilities.size() / (config.num_heads * rows.size());
    probabilities = shown_probabilities.data() + (head * rows.size() + group.first_row) * seen;
  }
  const AttentionRead read_of_group{
      .queries = qkv.row(group.first_row) + head * d,
      .query_stride = qkv.stride,
      .num_queries = group.size,
      .keys = cache.keys.data(),
      .values = cache.values.data(),
      .head_size = d,
      .end = end,
      .window = config.sliding_window.value_or(~uint64_t{0}),
      .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(d))),
      .probabilities = probabilities,
      .probability_stride = seen,
      .out = scratch.data()};
  kernels->attend(read_of_group);
  for (size_t q = 0; show && q < group.size; ++q) {  // what is no key of this token
    float* row = probabilities + q * seen;
    std::fill(row, row + read_of_group.begin_of(q), 0.0F);
    std::fill(row + read_of_group.end_of(q), row + seen, 0.0F);
  }
  for (size_t i = 0; i < group.size; ++i) {
    std::copy_n(scratch.data() + i * width, d, read.row(group.first_row + i) + head * d);
  }
}

void Decoder::State::attend(const DecoderLayer& layer, size_t number) {
  const size_t d = config.head_size;
  const size_t H = config.num_heads;
  const size_t N = rows.size();
  multiply(layer.qkv, normed, N, qkv);
  for (const Row& row : rows) {
    for (size_t k = 0; k < config.num_kv_heads; ++k) {
      auto& head = row.cache->heads[number * config.num_kv_heads + k];
      const size_t size = round_up(row.position + 1, kLanes);
      head.keys.resize(std::max(head.keys.size(), size * d));
      head.values.resize(std::max(head.values.size(), size * round_up(d, kLanes)));
    }
  }
  read.shape(N, H * d);
  // Every key first: a token reads those of the tokens before it.
  const auto prepare = [&](size_t row) {
    if (layer.qkv_bias != nullptr) add_to(qkv.row(row), layer.qkv_bias, layer.qkv.rows);
    for (size_t h = 0; h < H; ++h) turn_head(qkv.row(row) + h * d, layer.q_norm, row);
    store_keys_and_values(layer, number, row);
  };
  team->run(N, prepare);
  const size_t K = config.num_kv_heads;
  show_heads(Site::kQuery, number, 0, H);
  show_heads(Site::kKey, number, H * d, K);
  show_heads(Site::kValue, number, (H + K) * d, K);
  shows_attention = shown(Site::kAttention, number);
  if (shows_attention) {
    shown_probabilities.resize(H * N * round_up(rows.back().position + 1 + kQueries, kLanes));
  }
  team->run(groups.size() * H, [&](size_t i) { read_head(number, groups[i / H], i % H); });
  show_probabilities(number);
  shown_probabilities = {};
  show_rows(Site::kHeadOut, number, read, N, H * d);
  multiply(layer.out, read, N, added);
  for (size_t row = 0; row < N && layer.out_bias != nullptr; ++row) {
    add_to(added.row(row), layer.out_bias, config.hidden_size);
  }
}

/// down(silu(gate(x)) · up(x)).
void Decoder::State::feed_forward(const DecoderMlp& mlp, Activations& in, size_t tokens,
                                  Activations& out) {
  const size_t I = mlp.down.columns;
  multiply(mlp.gate_up, in, tokens, gate_up);
  inner.shape_to_fill(tokens, I);
  for (size_t t = 0; t < tokens; ++t) {
    float* gate = gate_up.row(t);
    if (mlp.gate_up_bias != nullptr) add_to(gate, mlp.gate_up_bias, 2 * I);
    kernels->swiglu(gate, gate + I, round_up(I, kLanes), inner.row(t));
    std::fill(inner.row(t) + I, inner.row(t) + round_up(I, kLanes), 0.0F);
  }
  multiply(mlp.down, inner, tokens, out);
  if (mlp.down_bias == nullptr) return;
  for (size_t t = 0; t < tokens; ++t) add_to(out.row(t), mlp.down_bias, config.hidden_size);
}

/// Sends each token to its experts; an expert computes all of its tokens at once.
void Decoder::State::mix_experts(const DecoderLayer& layer, size_t number) {
  const size_t N = rows.size();
  const size_t D = config.hidden_size;
  const size_t E = config.num_experts;
  const size_t chosen = config.experts_per_token;
  multiply(layer.router, normed, N, logits);
  show_rows(Site::kRouterLogits, number, logits, N, E);
  std::vector<std::vector<size_t>> choices(E);  // of each expert: token · chosen + rank
  std::vector<float> shares(N * chosen);
  std::vector<double> probabilities(E);
  std::vector<size_t> order(E);
  for (size_t t = 0; t < N; ++t) {
    const float* of = logits.row(t);
    const auto largest = static_cast<double>(*std::max_element(of, of + E));
    double sum = 0;
    for (size_t e = 0; e < E; ++e) {
      sum += probabilities[e] = std::exp(static_cast<double>(of[e]) - largest);
    }
    std::iota(order.begin(), order.end(), size_t{0});
    std::partial_sort(
        order.begin(), order.begin() + static_cast<ptrdiff_t>(chosen), order.end(),
        [&](size_t a, size_t b) {
          return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
        });
    if (config.normalize_expert_weights) {
      sum = 0;
      for (size_t rank = 0; rank < chosen; ++rank) sum += probabilities[order[rank]];
    }
    for (size_t rank = 0; rank < chosen; ++rank) {
      shares[t * chosen + rank] = static_cast<float>(probabilities[order[rank]] / sum);
      choices[order[rank]].push_back(t * chosen + rank);
    }
  }
  show_choices(number, choices, shares);
  choice_out.shape(N * chosen, D);
  for (size_t e = 0; e < E; ++e) {
    const std::vector<size_t>& mine = choices[e];
    if (mine.empty()) continue;
    sent.shape(mine.size(), D);
    for (size_t i = 0; i < mine.size(); ++i) {
      std::copy_n(normed.row(mine[i] / chosen), D, sent.row(i));
    }
    feed_forward(layer.mlps[e], sent, mine.size(), added);
    for (size_t i = 0; i < mine.size(); ++i) std::copy_n(added.row(i), D, choice_out.row(mine[i]));
  }
  added.shape(N, D);
  for (size_t t = 0; t < N; ++t) {
    float* sum = added.row(t);
    for (size_t choice = t * chosen; choice < (t + 1) * chosen; ++choice) {
      const float* out = choice_out.row(choice);
      for (size_t i = 0; i < D; ++i) sum[i] += shares[choice] * out[i];
    }
  }
}

/// What a part of a layer computed.
void Decoder::State::add_to_residual(Site site, size_t layer) {
  const size_t D = config.hidden_size;
  show_rows(site, layer, added, rows.size(), D);
  for (size_t row = 0; row < rows.size(); ++row) add_to(x.row(row), added.row(row), D);
  show_rows(site == Site::kMlpOut ? Site::kResidualPost : Site::kResidualMid, layer, x, rows.size(),
            D);
}

Result<void> Decoder::State::pass(size_t first_wanted, float* out) {
  try {
    compute(first_wanted, out);
    return {};
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kResourceExhausted,
                "not enough memory for a text of this length; shorten it");
  }
}

void Decoder::State::compute(size_t first_wanted, float* out) {
  const size_t N = rows.size();
  const size_t D = config.hidden_size;
  const size_t half = config.head_size / 2;
  group_rows();
  cosines.resize(N * half);
  sines.resize(N * half);
  x.shape(N, D);
  for (size_t row = 0; row < N; ++row) {
    weights.embedding.read_row(static_cast<size_t>(rows[row].token), x.row(row));
    for (size_t f = 0; f < half; ++f) {
      const float angle = static_cast<float>(rows[row].position) * rope.frequencies[f];
      cosines[row * half + f] = std::cos(angle) * rope.scale;
      sines[row * half + f] = std::sin(angle) * rope.scale;
    }
  }
  show_rows(Site::kEmbedding, 0, x, N, D);
  for (size_t l = 0; l < weights.layers.size(); ++l) {
    const DecoderLayer& layer = weights.layers[l];
    show_rows(Site::kResidualPre, l, x, N, D);
    norm(layer.attention_norm, x, N, normed);
    show_rows(Site::kAttentionIn, l, normed, N, D);
    attend(layer, l);
    add_to_residual(Site::kAttentionOut, l);
    norm(layer.mlp_norm, x, N, normed);
    show_rows(Site::kMlpIn, l, normed, N, D);
    if (layer.router.rows > 0) {
      mix_experts(layer, l);
    } else {
      feed_forward(layer.mlps[0], normed, N, added);
    }
    add_to_residual(Site::kMlpOut, l);
  }
  const size_t wanted = N - first_wanted;
  if (wanted == 0) return;
  sent.shape(wanted, D);
  for (size_t i = 0; i < wanted; ++i) std::copy_n(x.row(first_wanted + i), D, sent.row(i));
  norm(weights.norm, sent, wanted, normed);
  show_rows(Site::kFinal, 0, normed, wanted, D);
  multiply(weights.head, normed, wanted, logits);
  show_rows(Site::kLogits, 0, logits, wanted, config.vocabulary_size);
  for (size_t i = 0; i < wanted; ++i) {
    std::copy_n(logits.row(i), config.vocabulary_size, out + i * config.vocabulary_size);
  }
}

Decoder::Decoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Decoder::~Decoder() = default;
const ModelConfig& Decoder::config() const { return state_->config; }
WeightType Decoder::weights() const { return state_->weights.embedding.type; }

uint64_t Decoder::bytes_per_token() const {
  const ModelConfig& config = state_->config;
  uint64_t bytes = state_->weights.arena.used_bytes;
  const auto size_of = [](const PanelMatrix& matrix) {
    const uint64_t value = matrix.type == WeightType::kF32    ? 4
                           : matrix.type == WeightType::kBf16 ? 2
                                                              : 1;
    return matrix.num_panels() * kLanes * matrix.padded_columns * value;
  };
  if (!config.tie_embeddings) bytes -= size_of(state_->weights.embedding);
  for (const DecoderLayer& layer : state_->weights.layers) {
    if (layer.router.rows == 0) continue;
    bytes -= (config.num_experts - config.experts_per_token) *
             (size_of(layer.mlps[0].gate_up) + size_of(layer.mlps[0].down));
  }
  return bytes;
}

Result<std::unique_ptr<Decoder>> Decoder::open(const ModelFolder& folder,
                                               const DecoderOptions& options) {
  YURAI_ASSIGN(DecoderWeights weights, DecoderWeights::load(folder, options.weights));
  auto state = std::make_unique<State>(std::move(weights));
  state->config = folder.config();
  state->rope = make_rope(state->config);
  state->kernels = &kernels(options.isa);
  state->team = std::make_unique<ThreadTeam>(std::max(1U, options.threads));
  return std::unique_ptr<Decoder>(new Decoder(std::move(state)));
}

Result<std::vector<float>> Decoder::add(std::span<const int32_t> tokens, DecoderCache& cache,
                                        bool all, Observer* observer) const {
  YURAI_TRY(state_->check(tokens));
  const size_t V = state_->config.vocabulary_size;
  std::vector<float> out(all ? tokens.size() * V : V);
  for (size_t begin = 0; begin < tokens.size(); begin += kMaxTokens) {
    const std::lock_guard lock(state_->mutex);  // others' turn in between
    const std::span<const int32_t> piece =
        tokens.subspan(begin, std::min(kMaxTokens, tokens.size() - begin));
    state_->observer = observer;
    state_->rows.clear();
    for (const int32_t token : piece) {
      state_->rows.push_back({token, cache.state_.get(), cache.state_->length++});
    }
    const bool last = begin + piece.size() == tokens.size();
    YURAI_TRY(
        state_->pass(all ? 0 : piece.size() - (last ? 1 : 0), out.data() + (all ? begin * V : 0)));
  }
  return out;
}

Result<std::vector<float>> Decoder::add_each(std::span<const int32_t> tokens,
                                             std::span<DecoderCache* const> caches) const {
  YURAI_TRY(state_->check(tokens));
  YURAI_CHECK(tokens.size() == caches.size() && tokens.size() <= kMaxTokens);
  std::vector<float> out(tokens.size() * state_->config.vocabulary_size);
  const std::lock_guard lock(state_->mutex);
  state_->observer = nullptr;
  state_->rows.clear();
  for (size_t i = 0; i < tokens.size(); ++i) {
    DecoderCache::State* cache = caches[i]->state_.get();
    state_->rows.push_back({tokens[i], cache, cache->length++});
  }
  YURAI_TRY(state_->pass(0, out.data()));
  return out;
}

}  // namespace yurai
