#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// config.json of a Hugging Face model folder: the shape of a transformer.
namespace yurai {

enum class Architecture { kLlama, kMixtral, kQwen3, kQwen3Moe };

/// "LlamaForCausalLM".
std::string_view architecture_name(Architecture architecture);

/// How rotary position embeddings reach beyond the length they were trained at.
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3, kYarn };
  Kind kind = Kind::kNone;
  double factor = 1;
  double low_freq_factor = 1;                ///< llama3
  double high_freq_factor = 4;               ///< llama3
  double beta_fast = 32;                     ///< yarn
  double beta_slow = 1;                      ///< yarn
  std::optional<double> attention_factor{};  ///< yarn
  std::optional<double> mscale{};            ///< yarn
  std::optional<double> mscale_all_dim{};    ///< yarn
  bool truncate = true;                      ///< yarn
  uint64_t original_max_positions = 0;

  bool operator==(const RopeScaling&) const = default;
};

/// "yarn", as config.json has it.
std::string_view rope_kind_name(RopeScaling::Kind kind);

struct ModelConfig {
  Architecture architecture = Architecture::kLlama;
  uint64_t vocabulary_size = 0;
  uint64_t hidden_size = 0;
  uint64_t intermediate_size = 0;  ///< of a dense layer's MLP
  uint64_t num_layers = 0;
  uint64_t num_heads = 0;
  uint64_t num_kv_heads = 0;  ///< num_heads / num_kv_heads query heads share a key
  uint64_t head_size = 0;
  uint64_t max_positions = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;
  RopeScaling rope_scaling{};
  bool tie_embeddings = false;  ///< the output layer is the embedding
  bool attention_bias = false;  ///< on q, k, v and o
  bool mlp_bias = false;
  std::optional<uint64_t> sliding_window{};  ///< a token sees so many, itself included

  uint64_t num_experts = 0;  ///< 0: every layer is dense
  uint64_t experts_per_token = 0;
  uint64_t expert_size = 0;  ///< intermediate size of an expert
  bool normalize_expert_weights = true;
  double router_loss_weight = 0.001;  ///< of the load-balancing loss
  std::vector<bool> sparse_layers{};  ///< per layer: has experts

  bool int8_weights = false;  ///< matrices of layers, with a scale a row: docs/formats/model.md

  std::string dtype = "float32";  ///< the weights are meant for; "bfloat16" or "float16" else

  std::optional<uint32_t> begin_token{};
  std::vector<uint32_t> end_tokens{};

  bool operator==(const ModelConfig&) const = default;
  bool is_qwen3() const {
    return architecture == Architecture::kQwen3 || architecture == Architecture::kQwen3Moe;
  }
};

/// A weight by its name in the folder, such as "model.layers.0.self_attn.q_proj.weight".
struct ParameterShape {
  std::string name;
  std::vector<uint64_t> shape;

  uint64_t num_values() const;
};

/// Reads a config.json; `name` is for messages. What is missing is as transformers has it, whose
/// version 4 (`rope_theta`, `rope_scaling`, `torch_dtype`) and 5 (`rope_parameters`, `dtype`) are
/// read. What we do not have (another architecture or activation, an unknown scaling), and sizes
/// that no model has, are kInvalidArgument: no later sum over parameters overflows.
Result<ModelConfig> parse_model_config(std::string_view json, std::string_view name);

/// A config.json that transformers reads the same way.
Json to_json(const ModelConfig& config);

/// Every weight that a model of this shape has, in the order of its layers. Those that are
/// multiplied with the same input stand side by side (q, k, v; gate, up).
std::vector<ParameterShape> parameter_shapes(const ModelConfig& config);
/// Whether it is stored as int8 with a scale a row, "NAME_scale".
bool is_int8(const ModelConfig& config, const ParameterShape& parameter);
/// How many those are, at no cost.
uint64_t num_parameter_tensors(const ModelConfig& config);

}  // namespace yurai
