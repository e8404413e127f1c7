#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "yurai/model/model_config.h"

/// The models again, in double precision and plain loops, from the papers: what the tensors are
/// held against. One sequence, no cache.
namespace yurai::testing {

using Vector = std::vector<double>;

/// Weights by name, row-major.
using ReferenceWeights = std::map<std::string, Vector>;

class ReferenceModel {
 public:
  ReferenceModel(const ModelConfig& config, ReferenceWeights weights)
      : config_(config), weights_(std::move(weights)) {}

  ReferenceWeights& weights() { return weights_; }

  /// Logits of each token [T][V]; `segments` as TokenBatch has them.
  std::vector<Vector> logits(const std::vector<int32_t>& tokens,
                             const std::vector<int32_t>& segments) {
    router_logits_.clear();
    const size_t T = tokens.size();
    std::vector<int64_t> position(T);
    int64_t next = 0;
    for (size_t t = 0; t < T; ++t) {
      position[t] = next;
      if (segments[t] >= 0) ++next;
    }
    std::vector<Vector> x(T);
    const Vector& embedding = weight("model.embed_tokens.weight");
    const size_t D = config_.hidden_size;
    for (size_t t = 0; t < T; ++t) {
      const auto begin =
          embedding.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(tokens[t]) * D);
      x[t].assign(begin, begin + static_cast<ptrdiff_t>(D));
    }
    for (uint64_t l = 0; l < config_.num_layers; ++l) {
      const std::string layer = "model.layers." + std::to_string(l) + ".";
      add(x, attention(layer, normed(x, layer + "input_layernorm.weight"), segments, position));
      const auto in = normed(x, layer + "post_attention_layernorm.weight");
      for (size_t t = 0; t < T; ++t) add(x[t], mlp(l, layer, in[t]));
    }
    std::vector<Vector> out;
    const Vector& head =
        weight(config_.tie_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
    for (const Vector& h : normed(x, "model.norm.weight")) out.push_back(product(head, h));
    return out;
  }

  /// sum(nats of targets) · scale + the router's losses.
  double loss(const std::vector<int32_t>& tokens, const std::vector<int32_t>& segments,
              const std::vector<int32_t>& targets, double scale, double router, double router_z) {
    double sum = 0;
    const auto all = logits(tokens, segments);
    for (size_t t = 0; t < targets.size(); ++t) {
      if (targets[t] >= 0) sum += log_sum(all[t]) - all[t][static_cast<size_t>(targets[t])];
    }
    sum *= scale;
    if (config_.num_experts == 0) return sum;
    const size_t E = config_.num_experts;
    Vector share(E), probability(E);
    double z = 0;
    for (const Vector& logits_E : router_logits_) {
      const Vector p = softmax(logits_E);
      for (const size_t e : best(p)) share[e] += 1;
      add(probability, p);
      z += log_sum(logits_E) * log_sum(logits_E);
    }
    const auto n = static_cast<double>(router_logits_.size());
    double balance = 0;
    for (size_t e = 0; e < E; ++e) balance += share[e] / n * probability[e] / n;
    return sum + router * balance * static_cast<double>(E) + router_z * z / n;
  }

 private:
  const Vector& weight(const std::string& name) const { return weights_.at(name); }
  const Vector* bias(const std::string& name) const {
    const auto found = weights_.find(name);
    return found == weights_.end() ? nullptr : &found->second;
  }
  static void add(Vector& a, const Vector& b) {
    for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  }
  static void add(std::vector<Vector>& a, const std::vector<Vector>& b) {
    for (size_t i = 0; i < a.size(); ++i) add(a[i], b[i]);
  }
  static Vector product(const Vector& matrix, const Vector& x) {
    Vector out(matrix.size() / x.size());
    for (size_t row = 0; row < out.size(); ++row) {
      for (size_t i = 0; i < x.size(); ++i) out[row] += matrix[row * x.size() + i] * x[i];
    }
    return out;
  }
  Vector linear(const std::string& name, const Vector& x) const {
    Vector out = product(weight(name + ".weight"), x);
    if (const Vector* b = bias(name + ".bias")) add(out, *b);
    return out;
  }
  Vector norm(const Vector& x, const Vector& w) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double rms = std::sqrt(squares / static_cast<double>(x.size()) + config_.rms_norm_eps);
    Vector out(x.size());
    for (size_t i = 0; i < x.size(); ++i) out[i] = x[i] / rms * w[i];
    return out;
  }
  std::vector<Vector> normed(const std::vector<Vector>& x, const std::string& name) const {
    std::vector<Vector> out;
    for (const Vector& row : x) out.push_back(norm(row, weight(name)));
    return out;
  }
  static double log_sum(const Vector& x) {
    const double most = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (const double value : x) sum += std::exp(value - most);
    return most + std::log(sum);
  }
  static Vector softmax(const Vector& x) {
    Vector out;
    for (const double value : x) out.push_back(std::exp(value - log_sum(x)));
    return out;
  }
  std::vector<size_t> best(const Vector& p) const {
    std::vector<size_t> order(p.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
    order.resize(config_.experts_per_token);
    return order;
  }

  /// One head's part of a vector, turned by its position.
  Vector head(const Vector& all, size_t number, int64_t position, const Vector* norm_weight) const {
    const size_t d = config_.head_size;
    const auto begin = all.begin() + static_cast<ptrdiff_t>(number * d);
    Vector x(begin, begin + static_cast<ptrdiff_t>(d));
    if (norm_weight != nullptr) x = norm(x, *norm_weight);
    Vector out(d);
    for (size_t i = 0; i < d / 2; ++i) {
      const double angle = static_cast<double>(position) * frequency(i);
      const double c = std::cos(angle) * rope_scale();
      const double s = std::sin(angle) * rope_scale();
      out[i] = x[i] * c - x[i + d / 2] * s;
      out[i + d / 2] = x[i + d / 2] * c + x[i] * s;
    }
    return out;
  }
  double frequency(size_t i) const {
    const RopeScaling& s = config_.rope_scaling;
    const double d = static_cast<double>(config_.head_size);
    const double f = std::pow(config_.rope_theta, -2.0 * static_cast<double>(i) / d);
    const double length = static_cast<double>(s.original_max_positions);
    const double wave = 2 * M_PI / f;
    if (s.kind == RopeScaling::Kind::kLinear) return f / s.factor;
    if (s.kind == RopeScaling::Kind::kLlama3) {
      if (wave < length / s.high_freq_factor) return f;
      if (wave > length / s.low_freq_factor) return f / s.factor;
      const double smooth =
          (length / wave - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
      return (1 - smooth) * f / s.factor + smooth * f;
    }
    if (s.kind == RopeScaling::Kind::kYarn) {
      const auto dimension = [&](double turns) {
        return d * std::log(length / (turns * 2 * M_PI)) / (2 * std::log(config_.rope_theta));
      };
      const double low = std::max(0.0, std::floor(dimension(s.beta_fast)));
      const double high = std::min(d - 1, std::ceil(dimension(s.beta_slow)));
      const double ramp =
          std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
      return f / s.factor * ramp + f * (1 - ramp);
    }
    return f;
  }
  double rope_scale() const {
    const RopeScaling& s = config_.rope_scaling;
    return s.kind == RopeScaling::Kind::kYarn && s.factor > 1 ? 0.1 * std::log(s.factor) + 1 : 1;
  }

  std::vector<Vector> attention(const std::string& layer, const std::vector<Vector>& x,
                                const std::vector<int32_t>& segments,
                                const std::vector<int64_t>& position) const {
    const std::string name = layer + "self_attn.";
    const size_t T = x.size();
    const size_t d = config_.head_size;
    const Vector* q_norm = bias(name + "q_norm.weight");
    const Vector* k_norm = bias(name + "k_norm.weight");
    std::vector<Vector> q, k, v, out;
    for (const Vector& row : x) {
      q.push_back(linear(name + "q_proj", row));
      k.push_back(linear(name + "k_proj", row));
      v.push_back(linear(name + "v_proj", row));
    }
    for (size_t t = 0; t < T; ++t) {
      Vector read(config_.num_heads * d);
      for (size_t h = 0; h < config_.num_heads; ++h) {
        const size_t g = h / (config_.num_heads / config_.num_kv_heads);
        const Vector query = head(q[t], h, position[t], q_norm);
        Vector scores;
        std::vector<size_t> seen;
        for (size_t s = 0; s <= t; ++s) {
          if (segments[s] != segments[t]) continue;
          if (config_.sliding_window && t - s >= *config_.sliding_window) continue;
          const Vector key = head(k[s], g, position[s], k_norm);
          seen.push_back(s);
          scores.push_back(std::inner_product(query.begin(), query.end(), key.begin(), 0.0) /
                           std::sqrt(static_cast<double>(d)));
        }
        const Vector p = softmax(scores);
        for (size_t i = 0; i < seen.size(); ++i) {
          for (size_t c = 0; c < d; ++c) read[h * d + c] += p[i] * v[seen[i]][g * d + c];
        }
      }
      out.push_back(linear(name + "o_proj", read));
    }
    return out;
  }

  Vector feed_forward(const std::string& gate, const std::string& up, const std::string& down,
                      const Vector& x) const {
    Vector inner = linear(gate, x);
    const Vector other = linear(up, x);
    for (size_t i = 0; i < inner.size(); ++i) {
      inner[i] = inner[i] / (1 + std::exp(-inner[i])) * other[i];
    }
    return linear(down, inner);
  }

  Vector mlp(uint64_t l, const std::string& layer, const Vector& x) {
    if (config_.num_experts == 0 || !config_.sparse_layers[l]) {
      return feed_forward(layer + "mlp.gate_proj", layer + "mlp.up_proj", layer + "mlp.down_proj",
                          x);
    }
    const bool mixtral = config_.architecture == Architecture::kMixtral;
    const std::string name = layer + (mixtral ? "block_sparse_moe." : "mlp.");
    router_logits_.push_back(product(weight(name + "gate.weight"), x));
    const Vector p = softmax(router_logits_.back());
    const std::vector<size_t> chosen = best(p);
    double sum = 0;
    for (const size_t e : chosen) sum += p[e];
    Vector out(x.size());
    for (const size_t e : chosen) {
      const std::string expert = name + "experts." + std::to_string(e) + ".";
      Vector one =
          mixtral ? feed_forward(expert + "w1", expert + "w3", expert + "w2", x)
                  : feed_forward(expert + "gate_proj", expert + "up_proj", expert + "down_proj", x);
      for (double& value : one) value *= config_.normalize_expert_weights ? p[e] / sum : p[e];
      add(out, one);
    }
    return out;
  }

  ModelConfig config_;
  ReferenceWeights weights_;
  std::vector<Vector> router_logits_;
};

}  // namespace yurai::testing
