#include "yurai/model/model_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

struct ArchitectureName {
  Architecture architecture;
  std::string_view name;
  std::string_view model_type;
};
constexpr ArchitectureName kArchitectures[] = {
    {Architecture::kLlama, "LlamaForCausalLM", "llama"},
    {Architecture::kMixtral, "MixtralForCausalLM", "mixtral"},
    {Architecture::kQwen3, "Qwen3ForCausalLM", "qwen3"},
    {Architecture::kQwen3Moe, "Qwen3MoeForCausalLM", "qwen3_moe"},
};

constexpr std::array<std::pair<std::string_view, RopeScaling::Kind>, 4> kRopeKinds = {{
    {"default", RopeScaling::Kind::kNone},
    {"linear", RopeScaling::Kind::kLinear},
    {"llama3", RopeScaling::Kind::kLlama3},
    {"yarn", RopeScaling::Kind::kYarn},
}};

/// Reads members of an object, keeping the first error.
class Members {
 public:
  Members(const Json& object, std::string_view name) : object_(object), name_(name) {}

  /// The member, or nothing where it is missing or null.
  const Json* find(std::string_view key) const {
    const auto member = object_.find(key);
    return member == object_.end() || member->is_null() ? nullptr : &*member;
  }

  uint64_t count(std::string_view key, std::optional<uint64_t> missing, uint64_t max) {
    const Json* member = find(key);
    if (member == nullptr) {
      if (!missing) set_error(fmt::format("'{}' is missing", key));
      return missing.value_or(1);
    }
    const uint64_t value = member->is_number_unsigned() ? member->get<uint64_t>() : 0;
    if (value == 0 || value > max) {
      set_error(fmt::format("'{}' must be a whole number from 1 to {}", key, max));
      return 1;
    }
    return value;
  }

  double number(std::string_view key, double missing, double min, double max) {
    const Json* member = find(key);
    if (member == nullptr) return missing;
    const double value = member->is_number() ? member->get<double>() : std::nan("");
    if (!(value >= min && value <= max)) {
      set_error(fmt::format("'{}' must be a number from {} to {}", key, min, max));
      return missing;
    }
    return value;
  }

  std::optional<double> optional_number(std::string_view key, double min, double max) {
    if (find(key) == nullptr) return std::nullopt;
    return number(key, min, min, max);
  }

  bool flag(std::string_view key, bool missing) {
    const Json* member = find(key);
    if (member == nullptr) return missing;
    if (!member->is_boolean()) set_error(fmt::format("'{}' must be true or false", key));
    return member->is_boolean() && member->get<bool>();
  }

  std::string text(std::string_view key) {
    const Json* member = find(key);
    if (member == nullptr) return "";
    if (!member->is_string()) set_error(fmt::format("'{}' must be text", key));
    return member->is_string() ? member->get<std::string>() : "";
  }

  /// A token or a list of them.
  std::vector<uint32_t> tokens(std::string_view key, uint64_t vocabulary_size) {
    const Json* member = find(key);
    if (member == nullptr) return {};
    std::vector<uint32_t> ids;
    for (const Json& item : member->is_array() ? *member : Json::array({*member})) {
      if (!item.is_number_unsigned() || item.get<uint64_t>() >= vocabulary_size) {
        set_error(fmt::format("'{}' must be tokens below vocab_size", key));
        return {};
      }
      ids.push_back(item.get<uint32_t>());
    }
    return ids;
  }

  void set_error(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  Result<void> result() const {
    if (error_.empty()) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}", for_terminal(name_), for_terminal(error_)));
  }

 private:
  const Json& object_;
  std::string_view name_;
  std::string error_;
};

RopeScaling parse_rope_scaling(Members& config, uint64_t max_positions, std::string_view name,
                               Result<void>& result) {
  RopeScaling scaling;
  scaling.original_max_positions = max_positions;
  const Json* json = config.find("rope_scaling");
  if (json == nullptr) return scaling;
  if (!json->is_object()) {
    config.set_error("'rope_scaling' must be an object");
    return scaling;
  }
  Members members(*json, name);
  std::string kind = members.text("rope_type");
  if (kind.empty()) kind = members.text("type");
  const auto* known =
      std::ranges::find(kRopeKinds, kind, [](const auto& pair) { return pair.first; });
  if (known == kRopeKinds.end()) {
    config.set_error(
        fmt::format("rope_scaling '{}' is unknown; we have default, linear, llama3, yarn", kind));
    return scaling;
  }
  scaling.kind = known->second;
  if (scaling.kind == RopeScaling::Kind::kNone) return scaling;
  scaling.factor = members.number("factor", 1, 1, 1e6);
  scaling.low_freq_factor = members.number("low_freq_factor", 1, 1e-3, 1e6);
  scaling.high_freq_factor = members.number("high_freq_factor", 4, 1e-3, 1e6);
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    members.set_error("'high_freq_factor' must be above 'low_freq_factor'");
  }
  scaling.beta_fast = members.number("beta_fast", 32, 1e-3, 1e6);
  scaling.beta_slow = members.number("beta_slow", 1, 1e-3, 1e6);
  scaling.attention_factor = members.optional_number("attention_factor", 1e-3, 1e3);
  scaling.mscale = members.optional_number("mscale", 0, 1e3);
  scaling.mscale_all_dim = members.optional_number("mscale_all_dim", 0, 1e3);
  scaling.truncate = members.flag("truncate", true);
  scaling.original_max_positions =
      members.count("original_max_position_embeddings", max_positions, 1ull << 32);
  result = members.result();
  return scaling;
}

void parse_experts(Members& config, ModelConfig& model) {
  const bool qwen = model.architecture == Architecture::kQwen3Moe;
  model.num_experts = config.count(qwen ? "num_experts" : "num_local_experts",
                                   qwen ? std::optional<uint64_t>(128) : 8, 4096);
  model.experts_per_token =
      config.count("num_experts_per_tok", qwen ? std::optional<uint64_t>(8) : 2, model.num_experts);
  model.expert_size =
      qwen ? config.count("moe_intermediate_size", 768, 1 << 20) : model.intermediate_size;
  // Mixtral divides by the sum of the chosen; Qwen3-MoE says so in its configuration.
  model.normalize_expert_weights = !qwen || config.flag("norm_topk_prob", false);
  model.router_loss_weight = config.number("router_aux_loss_coef", 0.001, 0, 1e3);
  model.sparse_layers.assign(model.num_layers, true);
  if (!qwen) return;
  const uint64_t step = config.count("decoder_sparse_step", 1, 1 << 20);
  for (uint64_t layer = 0; layer < model.num_layers; ++layer) {
    model.sparse_layers[layer] = (layer + 1) % step == 0;
  }
  if (const Json* dense = config.find("mlp_only_layers")) {
    for (const Json& layer : dense->is_array() ? *dense : Json::array({*dense})) {
      if (!layer.is_number_unsigned() || layer.get<uint64_t>() >= model.num_layers) {
        return config.set_error("'mlp_only_layers' must be layers");
      }
      model.sparse_layers[layer.get<uint64_t>()] = false;
    }
  }
}

/// What could be set, and changes what a model computes, in a way that we do not have.
void refuse_unknown(Members& config, const ModelConfig& model) {
  const std::string activation = config.text("hidden_act");
  if (!activation.empty() && activation != "silu") {
    config.set_error(fmt::format("hidden_act '{}' is unknown; we have silu", activation));
  }
  if (config.find("quantization_config") != nullptr) {
    config.set_error("quantised weights are not read; export the model in f32, bf16 or f16");
  }
  if (config.number("partial_rotary_factor", 1, 0, 1) != 1) {
    config.set_error("a 'partial_rotary_factor' other than 1 is not supported");
  }
  if (model.num_heads % model.num_kv_heads != 0) {
    config.set_error("'num_attention_heads' must be a multiple of 'num_key_value_heads'");
  }
  if (model.head_size % 2 != 0) config.set_error("the size of a head must be even");
}

}  // namespace

std::string_view architecture_name(Architecture architecture) {
  return std::ranges::find(kArchitectures, architecture, &ArchitectureName::architecture)->name;
}

uint64_t ParameterShape::num_values() const {
  uint64_t values = 1;
  for (const uint64_t size : shape) values *= size;
  return values;
}

Result<ModelConfig> parse_model_config(std::string_view json, std::string_view name) {
  YURAI_ASSIGN(const Json object, parse_json(json, for_terminal(name)));
  if (!object.is_object()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: not a JSON object", for_terminal(name)));
  }
  Members config(object, name);
  ModelConfig model;
  std::string architecture;
  if (const Json* list = config.find("architectures");
      list != nullptr && list->is_array() && list->size() == 1 && (*list)[0].is_string()) {
    architecture = (*list)[0];
  }
  const std::string type = config.text("model_type");
  const auto* known = std::ranges::find_if(kArchitectures, [&](const ArchitectureName& entry) {
    return architecture.empty() ? entry.model_type == type : entry.name == architecture;
  });
  if (known == std::end(kArchitectures)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: architecture '{}' is unknown; we have LlamaForCausalLM, "
                    "MixtralForCausalLM, Qwen3ForCausalLM, Qwen3MoeForCausalLM",
                    for_terminal(name), for_terminal(architecture.empty() ? type : architecture)));
  }
  model.architecture = known->architecture;
  constexpr uint64_t kMaxSize = 1 << 20;
  model.vocabulary_size = config.count("vocab_size", std::nullopt, 1 << 24);
  model.hidden_size = config.count("hidden_size", std::nullopt, kMaxSize);
  model.intermediate_size = config.count("intermediate_size", std::nullopt, kMaxSize);
  model.num_layers = config.count("num_hidden_layers", std::nullopt, 4096);
  model.num_heads = config.count("num_attention_heads", std::nullopt, 4096);
  const bool mixtral = model.architecture == Architecture::kMixtral;
  model.num_kv_heads = config.count(
      "num_key_value_heads", mixtral ? std::min<uint64_t>(8, model.num_heads) : model.num_heads,
      model.num_heads);
  if (config.find("head_dim") == nullptr && !model.is_qwen3() &&
      model.hidden_size % model.num_heads != 0) {
    config.set_error("'hidden_size' must be a multiple of 'num_attention_heads'");
  }
  model.head_size = config.count(
      "head_dim",
      model.is_qwen3() ? 128 : std::max<uint64_t>(1, model.hidden_size / model.num_heads),
      kMaxSize);
  model.max_positions = config.count("max_position_embeddings", 2048, 1ull << 32);
  model.rms_norm_eps = config.number("rms_norm_eps", mixtral ? 1e-5 : 1e-6, 0, 1);
  model.rope_theta = config.number("rope_theta", mixtral ? 1e6 : 1e4, 1, 1e12);
  Result<void> scaling;
  model.rope_scaling = parse_rope_scaling(config, model.max_positions, name, scaling);
  model.tie_embeddings = config.flag("tie_word_embeddings", false);
  model.attention_bias = config.flag("attention_bias", false);
  model.mlp_bias = config.flag("mlp_bias", false);
  if (config.find("sliding_window") != nullptr &&
      (mixtral || config.flag("use_sliding_window", false))) {
    model.sliding_window = config.count("sliding_window", std::nullopt, 1ull << 32);
    if (config.number("max_window_layers", 0, 0, 4096) != 0) {
      config.set_error("a 'sliding_window' of some layers only is not supported");
    }
  }
  if (mixtral || model.architecture == Architecture::kQwen3Moe) parse_experts(config, model);
  const std::vector<uint32_t> begin = config.tokens("bos_token_id", model.vocabulary_size);
  if (!begin.empty()) model.begin_token = begin[0];
  model.end_tokens = config.tokens("eos_token_id", model.vocabulary_size);
  refuse_unknown(config, model);
  YURAI_TRY(config.result());
  YURAI_TRY(scaling);
  return model;
}

Json to_json(const ModelConfig& config) {
  const auto* known =
      std::ranges::find(kArchitectures, config.architecture, &ArchitectureName::architecture);
  Json json = {{"architectures", Json::array({known->name})},
               {"model_type", known->model_type},
               {"vocab_size", config.vocabulary_size},
               {"hidden_size", config.hidden_size},
               {"intermediate_size", config.intermediate_size},
               {"num_hidden_layers", config.num_layers},
               {"num_attention_heads", config.num_heads},
               {"num_key_value_heads", config.num_kv_heads},
               {"head_dim", config.head_size},
               {"hidden_act", "silu"},
               {"max_position_embeddings", config.max_positions},
               {"rms_norm_eps", config.rms_norm_eps},
               {"rope_theta", config.rope_theta},
               {"tie_word_embeddings", config.tie_embeddings},
               {"attention_bias", config.attention_bias},
               {"torch_dtype", "float32"}};
  const RopeScaling& rope = config.rope_scaling;
  if (rope.kind != RopeScaling::Kind::kNone) {
    Json scaling = {{"rope_type", std::ranges::find(kRopeKinds, rope.kind,
                                                    [](const auto& pair) { return pair.second; })
                                      ->first},
                    {"factor", rope.factor},
                    {"original_max_position_embeddings", rope.original_max_positions}};
    if (rope.kind == RopeScaling::Kind::kLlama3) {
      scaling["low_freq_factor"] = rope.low_freq_factor;
      scaling["high_freq_factor"] = rope.high_freq_factor;
    } else if (rope.kind == RopeScaling::Kind::kYarn) {
      scaling["beta_fast"] = rope.beta_fast;
      scaling["beta_slow"] = rope.beta_slow;
      if (rope.attention_factor) scaling["attention_factor"] = *rope.attention_factor;
      if (rope.mscale) scaling["mscale"] = *rope.mscale;
      if (rope.mscale_all_dim) scaling["mscale_all_dim"] = *rope.mscale_all_dim;
      if (!rope.truncate) scaling["truncate"] = false;
    }
    json["rope_scaling"] = std::move(scaling);
  }
  if (!config.is_qwen3() && config.architecture == Architecture::kLlama) {
    json["mlp_bias"] = config.mlp_bias;
  }
  if (config.sliding_window) {
    json["sliding_window"] = *config.sliding_window;
    if (config.is_qwen3()) {
      json["use_sliding_window"] = true;
      json["max_window_layers"] = 0;
    }
  }
  if (config.num_experts > 0) {
    const bool qwen = config.architecture == Architecture::kQwen3Moe;
    json[qwen ? "num_experts" : "num_local_experts"] = config.num_experts;
    json["num_experts_per_tok"] = config.experts_per_token;
    json["router_aux_loss_coef"] = config.router_loss_weight;
    if (qwen) {
      json["moe_intermediate_size"] = config.expert_size;
      json["norm_topk_prob"] = config.normalize_expert_weights;
      Json dense = Json::array();
      for (uint64_t layer = 0; layer < config.num_layers; ++layer) {
        if (!config.sparse_layers[layer]) dense.push_back(layer);
      }
      json["decoder_sparse_step"] = 1;
      json["mlp_only_layers"] = std::move(dense);
    }
  }
  if (config.begin_token) json["bos_token_id"] = *config.begin_token;
  if (config.end_tokens.size() == 1) json["eos_token_id"] = config.end_tokens[0];
  if (config.end_tokens.size() > 1) json["eos_token_id"] = config.end_tokens;
  return json;
}

std::vector<ParameterShape> parameter_shapes(const ModelConfig& config) {
  std::vector<ParameterShape> shapes;
  const uint64_t D = config.hidden_size;
  const uint64_t Q = config.num_heads * config.head_size;
  const uint64_t K = config.num_kv_heads * config.head_size;
  const auto linear = [&](std::string name, uint64_t out, uint64_t in) {
    shapes.push_back({name + ".weight", {out, in}});
  };
  shapes.push_back({"model.embed_tokens.weight", {config.vocabulary_size, D}});
  for (uint64_t l = 0; l < config.num_layers; ++l) {
    const std::string layer = fmt::format("model.layers.{}.", l);
    const std::string attention = layer + "self_attn.";
    shapes.push_back({layer + "input_layernorm.weight", {D}});
    linear(attention + "q_proj", Q, D);
    linear(attention + "k_proj", K, D);
    linear(attention + "v_proj", K, D);
    if (config.attention_bias) {
      shapes.push_back({attention + "q_proj.bias", {Q}});
      shapes.push_back({attention + "k_proj.bias", {K}});
      shapes.push_back({attention + "v_proj.bias", {K}});
    }
    if (config.is_qwen3()) {
      shapes.push_back({attention + "q_norm.weight", {config.head_size}});
      shapes.push_back({attention + "k_norm.weight", {config.head_size}});
    }
    linear(attention + "o_proj", D, Q);
    if (config.attention_bias) shapes.push_back({attention + "o_proj.bias", {D}});
    shapes.push_back({layer + "post_attention_layernorm.weight", {D}});
    if (config.num_experts > 0 && config.sparse_layers[l]) {
      const bool mixtral = config.architecture == Architecture::kMixtral;
      const std::string mlp = layer + (mixtral ? "block_sparse_moe." : "mlp.");
      linear(mlp + "gate", config.num_experts, D);
      for (uint64_t e = 0; e < config.num_experts; ++e) {
        const std::string expert = fmt::format("{}experts.{}.", mlp, e);
        linear(expert + (mixtral ? "w1" : "gate_proj"), config.expert_size, D);
        linear(expert + (mixtral ? "w3" : "up_proj"), config.expert_size, D);
        linear(expert + (mixtral ? "w2" : "down_proj"), D, config.expert_size);
      }
      continue;
    }
    const std::string mlp = layer + "mlp.";
    linear(mlp + "gate_proj", config.intermediate_size, D);
    linear(mlp + "up_proj", config.intermediate_size, D);
    if (config.mlp_bias) {
      shapes.push_back({mlp + "gate_proj.bias", {config.intermediate_size}});
      shapes.push_back({mlp + "up_proj.bias", {config.intermediate_size}});
    }
    linear(mlp + "down_proj", D, config.intermediate_size);
    if (config.mlp_bias) shapes.push_back({mlp + "down_proj.bias", {D}});
  }
  shapes.push_back({"model.norm.weight", {D}});
  if (!config.tie_embeddings) linear("lm_head", config.vocabulary_size, D);
  return shapes;
}

}  // namespace yurai
