#include "yurai/model/fused_ops.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "yurai/model/fused_kernels.h"
#include "yurai/model/gemm.h"
#include "yurai/model/held.h"

namespace yurai {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

const float* data(const Tensor& tensor) { return tensor.data_ptr<float>(); }
float* mutable_data(const Tensor& tensor) { return tensor.data_ptr<float>(); }
size_t usize(int64_t value) { return static_cast<size_t>(value); }

/// Where a weight's gradient is added; null where it has none.
float* gradient_of(const Tensor& weight) {
  return weight.defined() && weight.grad().defined() ? mutable_data(weight.grad()) : nullptr;
}

/// What a product multiplies: f32 as they are, or rounded to bf16.
class Operand {
 public:
  Operand(const float* values, int64_t rows, int64_t columns, bool bf16)
      : values_(values), stride_(columns), bf16_(bf16) {
    if (!bf16) return;
    rounded_ = at::empty({rows * columns}, at::kBFloat16);
    kernels::to_bf16(values, usize(rows * columns), halves());
  }
  Operand(const Tensor& tensor, bool bf16)
      : Operand(data(tensor), tensor.numel() / tensor.size(-1), tensor.size(-1), bf16) {}

  /// c [m,n] = a [m,k] · b [k,n] + beta · c of rows from `a_row` and `b_row` on.
  friend void product(int64_t m, int64_t n, int64_t k, const Operand& a, bool a_transposed,
                      const Operand& b, bool b_transposed, float beta, float* c) {
    if (a.bf16_) {
      multiply(m, n, k, MatrixView<Bf16>{a.halves(), a.stride_, a_transposed},
               MatrixView<Bf16>{b.halves(), b.stride_, b_transposed}, beta, c, n);
    } else {
      multiply(m, n, k, MatrixView<float>{a.values_, a.stride_, a_transposed},
               MatrixView<float>{b.values_, b.stride_, b_transposed}, beta, c, n);
    }
  }

 private:
  Bf16* halves() const { return static_cast<Bf16*>(rounded_.data_ptr()); }
  const float* values_;
  int64_t stride_;
  bool bf16_;
  Tensor rounded_;
};

/// y = x · weightᵀ
void linear_forward(const float* x, int64_t rows, const Tensor& weight, const Tensor& bias,
                    bool bf16, float* y) {
  const int64_t O = weight.size(0);
  const int64_t I = weight.size(1);
  if (rows == 0) return;
  product(rows, O, I, Operand(x, rows, I, bf16), false, Operand(weight, bf16), true, 0, y);
  if (!bias.defined()) return;
  for (int64_t row = 0; row < rows; ++row) {
    kernels::add_scaled(data(bias), 1, usize(O), y + row * O);
  }
}

void linear_backward(const float* dy, const float* x, int64_t rows, const Tensor& weight,
                     const Tensor& bias, bool bf16, float* dx) {
  const int64_t O = weight.size(0);
  const int64_t I = weight.size(1);
  if (rows == 0) return;
  const Operand dy_NO(dy, rows, O, bf16);
  product(rows, I, O, dy_NO, false, Operand(weight, bf16), false, 0, dx);
  if (float* dweight = gradient_of(weight)) {
    product(O, I, rows, dy_NO, true, Operand(x, rows, I, bf16), false, 1, dweight);
  }
  if (float* dbias = gradient_of(bias)) kernels::add_rows(dy, usize(rows), usize(O), dbias);
}

struct Embedding : Function<Embedding> {
  static Tensor forward(AutogradContext* ctx, const Tensor& weight, const Tensor& tokens) {
    const int64_t D = weight.size(1);
    Tensor x = at::empty({tokens.numel(), D});
    for (int64_t i = 0; i < tokens.numel(); ++i) {
      std::memcpy(mutable_data(x) + i * D, data(weight) + tokens.data_ptr<int64_t>()[i] * D,
                  usize(D) * sizeof(float));
    }
    ctx->save_for_backward({weight, tokens});
    return x;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor dx = grads[0].contiguous();
    const int64_t D = dx.size(1);
    if (float* dweight = gradient_of(saved[0])) {
      const int64_t* tokens = saved[1].data_ptr<int64_t>();
      for (int64_t i = 0; i < dx.size(0); ++i) {
        kernels::add_scaled(data(dx) + i * D, 1, usize(D), dweight + tokens[i] * D);
      }
    }
    return {Tensor(), Tensor()};
  }
};

struct Linear : Function<Linear> {
  struct State {
    Tensor weight, bias;  ///< bias undefined: none
    bool bf16;
  };
  static Tensor forward(AutogradContext* ctx, const Tensor& input, State state) {
    const Tensor x = input.contiguous();
    Tensor y = at::empty({x.size(0), state.weight.size(0)});
    linear_forward(data(x), x.size(0), state.weight, state.bias, state.bf16, mutable_data(y));
    ctx->save_for_backward({x});
    ctx->saved_data["state"] = hold(std::move(state));
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const Tensor x = ctx->get_saved_variables()[0];
    const State& state = held<State>(ctx->saved_data["state"]);
    const Tensor dy = grads[0].contiguous();
    Tensor dx = at::empty_like(x);
    linear_backward(data(dy), data(x), dy.size(0), state.weight, state.bias, state.bf16,
                    mutable_data(dx));
    return {dx, Tensor()};
  }
};

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext* ctx, const Tensor& input, const Tensor& weight,
                        double eps) {
    const Tensor x = input.contiguous();
    const int64_t D = x.size(-1);
    const int64_t rows = x.numel() / D;
    Tensor y = at::empty_like(x);
    Tensor inverse = at::empty({rows});
    kernels::rms_norm(data(x), data(weight), static_cast<float>(eps), usize(rows), usize(D),
                      mutable_data(y), mutable_data(inverse));
    ctx->save_for_backward({x, weight, inverse});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor dy = grads[0].contiguous();
    Tensor dx = at::empty_like(dy);
    kernels::rms_norm_backward(data(dy), data(saved[0]), data(saved[1]), data(saved[2]),
                               usize(saved[2].numel()), usize(dy.size(-1)), mutable_data(dx),
                               gradient_of(saved[1]));
    return {dx, Tensor(), Tensor()};
  }
};

struct Swiglu : Function<Swiglu> {
  static Tensor forward(AutogradContext* ctx, const Tensor& gate_up) {
    const int64_t I = gate_up.size(1) / 2;
    Tensor y = at::empty({gate_up.size(0), I});
    kernels::swiglu(data(gate_up), usize(y.size(0)), usize(I), mutable_data(y));
    ctx->save_for_backward({gate_up});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor dy = grads[0].contiguous();
    Tensor dgate_up = at::empty_like(saved[0]);
    kernels::swiglu_backward(data(dy), data(saved[0]), usize(dy.size(0)), usize(dy.size(1)),
                             mutable_data(dgate_up));
    return {dgate_up};
  }
};

struct Attention : Function<Attention> {
  struct Shape {
    int64_t B, T, H, K, d;
    int64_t row() const { return (H + 2 * K) * d; }
    float scale() const { return 1 / std::sqrt(static_cast<float>(d)); }
  };
  static constexpr int64_t kBlock = 64;  ///< tokens whose scores are kept at a time

  /// Queries and keys of all heads, turned: [B, H + K, T, d]. Scores are scaled with the queries.
  static Tensor turned(const Shape& s, const float* qkv, const PassPlan& plan) {
    Tensor qk = at::empty({s.B, s.H + s.K, s.T, s.d});
    for (int64_t b = 0; b < s.B; ++b) {
      for (int64_t h = 0; h < s.H + s.K; ++h) {
        float* out = mutable_data(qk) + (b * (s.H + s.K) + h) * s.T * s.d;
        for (int64_t t = 0; t < s.T; ++t) {
          const int64_t n = b * s.T + t;
          kernels::rotate(qkv + n * s.row() + h * s.d, data(plan.cos_BTd) + n * s.d,
                          data(plan.sin_BTd) + n * s.d, usize(s.d), h < s.H ? s.scale() : 1, false,
                          out + t * s.d);
        }
      }
    }
    return qk;
  }

  static Tensor forward(AutogradContext* ctx, const Tensor& qkv, const PassPlan* plan, int64_t H,
                        int64_t K, int64_t d, AttentionSeen* seen_by) {
    const Shape s{static_cast<int64_t>(plan->batch), static_cast<int64_t>(plan->length), H, K, d};
    const Tensor qk = turned(s, data(qkv), *plan);
    Tensor read = at::empty({s.B * s.T, H * d});
    Tensor log_sums = at::empty({s.B, H, s.T});
    // Scores of a block, or where they stay: rows of all keys.
    const bool keep = seen_by != nullptr && seen_by->wants_probabilities;
    std::vector<float> block(keep ? 0 : usize(kBlock * s.T));
    if (seen_by != nullptr) seen_by->turned_BHTd = qk;
    if (keep) seen_by->probabilities_BHTS = at::empty({s.B, H, s.T, s.T});
    for (int64_t b = 0; b < s.B; ++b) {
      const int32_t* first = plan->first_seen.data() + b * s.T;
      for (int64_t h = 0; h < H; ++h) {
        const int64_t kv = h / (H / K);
        const float* q = data(qk) + (b * (H + K) + h) * s.T * d;
        const float* k = data(qk) + (b * (H + K) + H + kv) * s.T * d;
        const float* v = data(qkv) + b * s.T * s.row() + (H + K + kv) * d;
        for (int64_t t = 0; t < s.T; t += kBlock) {
          const int64_t end = std::min(t + kBlock, s.T);
          const int64_t from = first[t];
          const int64_t seen = end - from;
          const int64_t stride = keep ? s.T : seen;
          float* scores = block.data();
          if (keep) {
            float* rows = mutable_data(seen_by->probabilities_BHTS) + ((b * H + h) * s.T + t) * s.T;
            for (int64_t i = 0; i < end - t; ++i) {
              std::fill_n(rows + i * s.T, from, 0.0F);
              std::fill(rows + i * s.T + end, rows + (i + 1) * s.T, 0.0F);
            }
            scores = rows + from;
          }
          multiply(end - t, seen, d, {q + t * d, d}, {k + from * d, d, true}, 0, scores, stride);
          for (int64_t i = t; i < end; ++i) {
            mutable_data(log_sums)[(b * H + h) * s.T + i] =
                kernels::softmax(scores + (i - t) * stride, usize(first[i] - from),
                                 usize(i + 1 - from), usize(seen));
          }
          multiply(end - t, d, seen, {scores, stride}, {v + from * s.row(), s.row()}, 0,
                   mutable_data(read) + (b * s.T + t) * H * d + h * d, H * d);
        }
      }
    }
    ctx->save_for_backward({qkv, qk, read, log_sums});
    // The plan outlives the pass and its way back.
    ctx->saved_data["plan"] = static_cast<int64_t>(reinterpret_cast<intptr_t>(plan));
    ctx->saved_data["heads"] = H;
    ctx->saved_data["kv_heads"] = K;
    return read;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const auto* plan = reinterpret_cast<const PassPlan*>(ctx->saved_data["plan"].toInt());
    const int64_t H = ctx->saved_data["heads"].toInt();
    const int64_t K = ctx->saved_data["kv_heads"].toInt();
    const Tensor& qkv = saved[0];
    const Tensor& qk = saved[1];
    const int64_t d = qk.size(3);
    const Shape s{qk.size(0), qk.size(2), H, K, d};
    const Tensor dread = grads[0].contiguous();
    const Tensor dqk = at::zeros_like(qk);
    Tensor dqkv = at::zeros_like(qkv);
    std::vector<float> p(usize(kBlock * s.T));
    std::vector<float> dp(usize(kBlock * s.T));
    for (int64_t b = 0; b < s.B; ++b) {
      const int32_t* first = plan->first_seen.data() + b * s.T;
      for (int64_t h = 0; h < H; ++h) {
        const int64_t kv = h / (H / K);
        const int64_t q_at = (b * (H + K) + h) * s.T * d;
        const int64_t k_at = (b * (H + K) + H + kv) * s.T * d;
        const int64_t v_at = b * s.T * s.row() + (H + K + kv) * d;
        for (int64_t t = 0; t < s.T; t += kBlock) {
          const int64_t rows = std::min(t + kBlock, s.T) - t;
          const int64_t from = first[t];
          const int64_t seen = t + rows - from;
          const int64_t out_at = (b * s.T + t) * H * d + h * d;
          const float* dout = data(dread) + out_at;
          multiply(rows, seen, d, {data(qk) + q_at + t * d, d},
                   {data(qk) + k_at + from * d, d, true}, 0, p.data(), seen);
          multiply(rows, seen, d, {dout, H * d}, {data(qkv) + v_at + from * s.row(), s.row(), true},
                   0, dp.data(), seen);
          for (int64_t i = 0; i < rows; ++i) {
            kernels::softmax_again(p.data() + i * seen, data(saved[3])[(b * H + h) * s.T + t + i],
                                   usize(first[t + i] - from), usize(t + i + 1 - from),
                                   usize(seen));
          }
          multiply(seen, d, rows, {p.data(), seen, true}, {dout, H * d}, 1,
                   mutable_data(dqkv) + v_at + from * s.row(), s.row());
          for (int64_t i = 0; i < rows; ++i) {
            const float dot =
                kernels::dot(dout + i * H * d, data(saved[2]) + out_at + i * H * d, usize(d));
            kernels::softmax_backward(p.data() + i * seen, dot, usize(seen), dp.data() + i * seen);
          }
          multiply(rows, d, seen, {dp.data(), seen}, {data(qk) + k_at + from * d, d}, 0,
                   mutable_data(dqk) + q_at + t * d, d);
          multiply(seen, d, rows, {dp.data(), seen, true}, {data(qk) + q_at + t * d, d}, 1,
                   mutable_data(dqk) + k_at + from * d, d);
        }
      }
    }
    for (int64_t b = 0; b < s.B; ++b) {
      for (int64_t h = 0; h < H + K; ++h) {
        const float* in = data(dqk) + (b * (H + K) + h) * s.T * d;
        for (int64_t t = 0; t < s.T; ++t) {
          const int64_t n = b * s.T + t;
          kernels::rotate(in + t * d, data(plan->cos_BTd) + n * d, data(plan->sin_BTd) + n * d,
                          usize(d), h < H ? s.scale() : 1, true,
                          mutable_data(dqkv) + n * s.row() + h * d);
        }
      }
    }
    return {dqkv, Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

struct Experts : Function<Experts> {
  struct State {
    Routing routing;
    const std::vector<MlpWeights>* experts;
    bool bf16;
  };

  static Tensor forward(AutogradContext* ctx, const Tensor& input, const Tensor& weight_Nk,
                        State state) {
    const Tensor x = input.contiguous();
    const Tensor weights = weight_Nk.contiguous();
    const int64_t N = x.size(0);
    const int64_t D = x.size(1);
    const int64_t k = weights.size(1);
    const Routing& routing = state.routing;
    const int64_t P = routing.begins.back();
    const int64_t I = state.experts->front().down_DI.size(1);
    Tensor sent = at::empty({P, D});
    Tensor gate_up = at::empty({P, 2 * I});
    Tensor inner = at::empty({P, I});
    Tensor back = at::empty({P, D});
    for (int64_t p = 0; p < P; ++p) {
      std::memcpy(mutable_data(sent) + p * D, data(x) + routing.tokens[usize(p)] * D,
                  usize(D) * sizeof(float));
    }
    for (size_t e = 0; e < state.experts->size(); ++e) {
      const MlpWeights& expert = (*state.experts)[e];
      const int64_t begin = routing.begins[e];
      const int64_t rows = routing.begins[e + 1] - begin;
      linear_forward(data(sent) + begin * D, rows, expert.gate_up_OD, expert.gate_up_bias_O,
                     state.bf16, mutable_data(gate_up) + begin * 2 * I);
      kernels::swiglu(data(gate_up) + begin * 2 * I, usize(rows), usize(I),
                      mutable_data(inner) + begin * I);
      linear_forward(data(inner) + begin * I, rows, expert.down_DI, expert.down_bias_D, state.bf16,
                     mutable_data(back) + begin * D);
    }
    Tensor y = at::zeros({N, D});
    for (int64_t c = 0; c < N * k; ++c) {
      const int64_t place = routing.places[usize(c)];
      if (place < 0) continue;
      kernels::add_scaled(data(back) + place * D, data(weights)[c], usize(D),
                          mutable_data(y) + c / k * D);
    }
    ctx->save_for_backward({weights, sent, gate_up, inner, back});
    ctx->saved_data["state"] = hold(std::move(state));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const State& state = held<State>(ctx->saved_data["state"]);
    const Routing& routing = state.routing;
    const Tensor dy = grads[0].contiguous();
    const Tensor& weights = saved[0];
    const Tensor& sent = saved[1];
    const Tensor& gate_up = saved[2];
    const Tensor& inner = saved[3];
    const Tensor& back = saved[4];
    const int64_t D = dy.size(1);
    const int64_t k = weights.size(1);
    const int64_t I = inner.size(1);
    Tensor dweights = at::zeros_like(weights);
    Tensor dback = at::zeros_like(back);
    for (int64_t c = 0; c < weights.numel(); ++c) {
      const int64_t place = routing.places[usize(c)];
      if (place < 0) continue;
      const float* dy_row = data(dy) + c / k * D;
      mutable_data(dweights)[c] = kernels::dot(dy_row, data(back) + place * D, usize(D));
      kernels::add_scaled(dy_row, data(weights)[c], usize(D), mutable_data(dback) + place * D);
    }
    Tensor dinner = at::empty_like(inner);
    Tensor dgate_up = at::empty_like(gate_up);
    Tensor dsent = at::empty_like(sent);
    for (size_t e = 0; e < state.experts->size(); ++e) {
      const MlpWeights& expert = (*state.experts)[e];
      const int64_t begin = routing.begins[e];
      const int64_t rows = routing.begins[e + 1] - begin;
      linear_backward(data(dback) + begin * D, data(inner) + begin * I, rows, expert.down_DI,
                      expert.down_bias_D, state.bf16, mutable_data(dinner) + begin * I);
      kernels::swiglu_backward(data(dinner) + begin * I, data(gate_up) + begin * 2 * I, usize(rows),
                               usize(I), mutable_data(dgate_up) + begin * 2 * I);
      linear_backward(data(dgate_up) + begin * 2 * I, data(sent) + begin * D, rows,
                      expert.gate_up_OD, expert.gate_up_bias_O, state.bf16,
                      mutable_data(dsent) + begin * D);
    }
    Tensor dx = at::zeros_like(dy);
    for (int64_t c = 0; c < weights.numel(); ++c) {
      const int64_t place = routing.places[usize(c)];
      if (place < 0) continue;
      kernels::add_scaled(data(dsent) + place * D, 1, usize(D), mutable_data(dx) + c / k * D);
    }
    return {dx, dweights, Tensor()};
  }
};

}  // namespace

Tensor fused_embedding(const Tensor& weight_VD, const Tensor& tokens_N) {
  return Embedding::apply(weight_VD, tokens_N);
}

Tensor fused_linear(const Tensor& x_NI, const Tensor& weight_OI, const Tensor& bias_O, bool bf16) {
  return Linear::apply(x_NI, Linear::State{weight_OI, bias_O, bf16});
}

Tensor fused_rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return RmsNorm::apply(x, weight, eps);
}

Tensor fused_swiglu(const Tensor& gate_up_NO) { return Swiglu::apply(gate_up_NO); }

Tensor fused_attention(const Tensor& qkv_NO, const PassPlan& plan, int64_t num_heads,
                       int64_t num_kv_heads, int64_t head_size, AttentionSeen* seen) {
  return Attention::apply(qkv_NO, &plan, num_heads, num_kv_heads, head_size, seen);
}

Tensor fused_experts(const Tensor& x_ND, const Tensor& weight_Nk, Routing routing,
                     const std::vector<MlpWeights>& experts, bool bf16) {
  return Experts::apply(x_ND, weight_Nk, Experts::State{std::move(routing), &experts, bf16});
}

HeadLoss fused_head_loss(const Tensor& x_ND, const Tensor& head_VD,
                         const std::vector<int64_t>& targets, float scale, bool bf16) {
  constexpr int64_t kBlock = 256;  // rows
  const Tensor x = x_ND.contiguous();
  const int64_t N = x.size(0);
  const int64_t D = x.size(1);
  const int64_t V = head_VD.size(0);
  HeadLoss loss;
  loss.nats.resize(usize(N));
  if (scale != 0) loss.dx_ND = at::empty_like(x);
  float* dhead = scale != 0 ? gradient_of(head_VD) : nullptr;
  const Operand head(head_VD, bf16);
  const Tensor logits = at::empty({std::min(kBlock, N), V});
  for (int64_t begin = 0; begin < N; begin += kBlock) {
    const int64_t rows = std::min(kBlock, N - begin);
    const Operand part(data(x) + begin * D, rows, D, bf16);
    product(rows, V, D, part, false, head, true, 0, mutable_data(logits));
    for (int64_t i = 0; i < rows; ++i) {
      loss.nats[usize(begin + i)] = kernels::cross_entropy(mutable_data(logits) + i * V, usize(V),
                                                           usize(targets[usize(begin + i)]), scale);
    }
    if (scale == 0) continue;
    const Operand dlogits(data(logits), rows, V, bf16);
    product(rows, D, V, dlogits, false, head, false, 0, mutable_data(loss.dx_ND) + begin * D);
    if (dhead != nullptr) product(V, D, rows, dlogits, true, part, false, 1, dhead);
  }
  return loss;
}

}  // namespace yurai
