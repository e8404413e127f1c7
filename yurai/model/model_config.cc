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

/// What transformers takes for a member that is missing.
struct Defaults {
  uint64_t vocabulary_size;
  uint64_t hidden_size;
  uint64_t intermediate_size;
  uint64_t num_layers;
  uint64_t num_kv_heads;  ///< 0: as many as heads
  uint64_t head_size;     ///< 0: hidden_size / num_heads
  uint64_t max_positions;
  double rms_norm_eps;
  double rope_theta;
  bool special_tokens;  ///< 1 begins, 2 ends
};

constexpr Defaults defaults_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::kLlama:
      return {32000, 4096, 11008, 32, 0, 0, 2048, 1e-6, 1e4, true};
    case Architecture::kMixtral:
      return {32000, 4096, 14336, 32, 8, 0, 131072, 1e-5, 1e6, true};
    case Architecture::kQwen3:
      return {151936, 4096, 22016, 32, 32, 128, 32768, 1e-6, 1e4, false};
    case Architecture::kQwen3Moe:
      return {151936, 2048, 6144, 24, 4, 0, 32768, 1e-6, 1e4, false};
  }
  return {};
}

constexpr double kMaxParameters = 1e15;               // 1,000 times the largest model of 2026
constexpr uint64_t kMaxExpertsOfAllLayers = 1 << 17;  // 60 layers of 384 experts are 23,040

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

  bool has(std::string_view key) const { return object_.contains(key); }

  /// The member, or nothing where it is missing or null.
  const Json* find(std::string_view key) const {
    const auto member = object_.find(key);
    return member == object_.end() || member->is_null() ? nullptr : &*member;
  }

  uint64_t count(std::string_view key, uint64_t missing, uint64_t max) {
    const Json* member = find(key);
    uint64_t value = 0;
    if (member == nullptr) {
      value = missing;
    } else if (member->is_number_unsigned()) {
      value = member->get<uint64_t>();
    }
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

  /// The error of a part, unless there is one.
  void take_error(const Members& part) { set_error(part.error_); }

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

void refuse_partial_rotary(Members& members) {
  if (members.number("partial_rotary_factor", 1, 0, 1) != 1) {
    members.set_error("a 'partial_rotary_factor' other than 1 is not supported");
  }
}

/// The object that says how positions are embedded, or nothing: `rope_scaling`, and since version 5
/// of transformers `rope_parameters`.
const Json* find_rope(Members& config) {
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    const Json* json = config.find(key);
    if (json == nullptr || json->empty()) continue;
    if (json->is_object()) return json;
    config.set_error(fmt::format("'{}' must be an object", key));
  }
  return nullptr;
}

void parse_rope(Members& config, const Json& json, ModelConfig& model, std::string_view name) {
  RopeScaling& scaling = model.rope_scaling;
  Members members(json, name);
  model.rope_theta = members.number("rope_theta", model.rope_theta, 1, 1e12);
  refuse_partial_rotary(members);
  std::string kind = members.text("rope_type");
  if (kind.empty()) kind = members.text("type");
  if (kind.empty()) kind = "default";
  const auto* known =
      std::ranges::find(kRopeKinds, kind, [](const auto& pair) { return pair.first; });
  if (known == kRopeKinds.end()) {
    return config.set_error(
        fmt::format("rope_scaling '{}' is unknown; we have default, linear, llama3, yarn", kind));
  }
  scaling.kind = known->second;
  using Kind = RopeScaling::Kind;
  const auto required = [&](std::string_view key, double min) {
    if (members.find(key) == nullptr) {
      members.set_error(fmt::format("'{}' of rope_scaling '{}' is missing", key, kind));
    }
    return members.number(key, min, min, 1e6);
  };
  if (scaling.kind != Kind::kNone) {
    scaling.factor = required("factor", 1);
    scaling.original_max_positions =
        members.count("original_max_position_embeddings", model.max_positions, 1ull << 32);
  }
  if (scaling.kind == Kind::kLlama3) {
    scaling.low_freq_factor = required("low_freq_factor", 1e-3);
    scaling.high_freq_factor = required("high_freq_factor", 1e-3);
    if (scaling.high_freq_factor <= scaling.low_freq_factor) {
      members.set_error("'high_freq_factor' must be above 'low_freq_factor'");
    }
  }
  if (scaling.kind == Kind::kYarn) {
    scaling.beta_fast = members.number("beta_fast", 32, 1e-3, 1e6);
    scaling.beta_slow = members.number("beta_slow", 1, 1e-3, 1e6);
    scaling.attention_factor = members.optional_number("attention_factor", 1e-3, 1e3);
    scaling.mscale = members.optional_number("mscale", 0, 1e3);
    scaling.mscale_all_dim = members.optional_number("mscale_all_dim", 0, 1e3);
    scaling.truncate = members.flag("truncate", true);
  }
  config.take_error(members);
}

/// A window for all layers; of some only is not what we have.
void parse_window(Members& config, ModelConfig& model) {
  const bool qwen = model.is_qwen3();
  if (model.architecture == Architecture::kLlama) return;
  if (qwen && !config.flag("use_sliding_window", false)) return;
  if (config.find("sliding_window") != nullptr) {
    model.sliding_window = config.count("sliding_window", 0, 1ull << 32);
  } else if (qwen && !config.has("sliding_window")) {
    model.sliding_window = 4096;
  }
  if (!model.sliding_window || !qwen) return;
  // Layers from this one on have the window. Qwen3-MoE gives it to all, unless an older file says.
  uint64_t first = model.architecture == Architecture::kQwen3 ? 28 : 0;
  if (config.find("max_window_layers") != nullptr) {
    first = static_cast<uint64_t>(config.number("max_window_layers", 0, 0, 1e6));
  }
  uint64_t without = std::min(first, model.num_layers);
  if (const Json* types = config.find("layer_types"); types != nullptr && types->is_array()) {
    without = static_cast<uint64_t>(std::ranges::count(*types, Json("full_attention")));
  }
  if (without == model.num_layers) {
    model.sliding_window.reset();
  } else if (without > 0) {
    config.set_error("a 'sliding_window' of some layers only is not supported");
  }
}

void parse_experts(Members& config, ModelConfig& model) {
  const bool qwen = model.architecture == Architecture::kQwen3Moe;
  // Both names are Qwen3-MoE's since version 5.
  const bool own = qwen && config.find("num_experts") != nullptr;
  model.num_experts = config.count(own ? "num_experts" : "num_local_experts", qwen ? 128 : 8, 4096);
  model.experts_per_token = config.count("num_experts_per_tok", qwen ? 8 : 2, model.num_experts);
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

void parse_special_tokens(Members& config, bool has_defaults, ModelConfig& model) {
  const std::vector<uint32_t> begin = config.tokens("bos_token_id", model.vocabulary_size);
  if (!begin.empty()) model.begin_token = begin[0];
  model.end_tokens = config.tokens("eos_token_id", model.vocabulary_size);
  if (!has_defaults) return;
  if (!config.has("bos_token_id") && model.vocabulary_size > 1) model.begin_token = 1;
  if (!config.has("eos_token_id") && model.vocabulary_size > 2) model.end_tokens = {2};
}

/// An upper bound, in numbers that do not overflow.
void refuse_absurd(Members& config, const ModelConfig& model) {
  const auto D = static_cast<double>(model.hidden_size);
  const auto heads = static_cast<double>(model.num_heads) * static_cast<double>(model.head_size);
  const double mlp =
      std::max(static_cast<double>(model.intermediate_size),
               static_cast<double>(model.num_experts) * static_cast<double>(model.expert_size + 1));
  const double layer = 4 * D * heads + 3 * D * mlp + 4 * (D + heads + mlp);
  const double total = 2 * D * static_cast<double>(model.vocabulary_size + 1) +
                       static_cast<double>(model.num_layers) * layer;
  if (total > kMaxParameters) {
    config.set_error(fmt::format("a model of about {:.3g} parameters; no machine has it", total));
  }
  if (model.num_experts * model.num_layers > kMaxExpertsOfAllLayers) {
    config.set_error(fmt::format("{} layers of {} experts; we take {} experts in all",
                                 model.num_layers, model.num_experts, kMaxExpertsOfAllLayers));
  }
}

/// What could be set, and changes what a model computes, in a way that we do not have.
void refuse_unknown(Members& config, const ModelConfig& model) {
  const std::string activation = config.text("hidden_act");
  if (!activation.empty() && activation != "silu") {
    config.set_error(fmt::format("hidden_act '{}' is unknown; we have silu", activation));
  }
  refuse_partial_rotary(config);
  if (model.num_heads % model.num_kv_heads != 0) {
    config.set_error("'num_attention_heads' must be a multiple of 'num_key_value_heads'");
  }
  if (model.head_size % 2 != 0) config.set_error("the size of a head must be even");
}

}  // namespace

std::string_view architecture_name(Architecture architecture) {
  return std::ranges::find(kArchitectures, architecture, &ArchitectureName::architecture)->name;
}

std::string_view rope_kind_name(RopeScaling::Kind kind) {
  return std::ranges::find(kRopeKinds, kind, [](const auto& pair) { return pair.second; })->first;
}

uint64_t ParameterShape::num_values() const {
  uint64_t values = 1;
  for (const uint64_t size : shape) values *= size;
  return values;
}

/// Of quantised weights we have our own: a scale a row, int8, as compressed-tensors calls them.
void parse_quantization(Members& config, ModelConfig& model) {
  const Json* quantization = config.find("quantization_config");
  if (quantization == nullptr) return;
  const auto is = [&](const char* path, const Json& value) {
    const Json::json_pointer pointer(path);
    return quantization->contains(pointer) && quantization->at(pointer) == value;
  };
  constexpr const char* kWeights = "/config_groups/group_0/weights/";
  const std::string weights = kWeights;
  model.int8_weights = is("/quant_method", "compressed-tensors") &&
                       is("/format", "int-quantized") && is((weights + "num_bits").c_str(), 8) &&
                       is((weights + "strategy").c_str(), "channel") &&
                       is((weights + "symmetric").c_str(), true);
  if (!model.int8_weights) {
    config.set_error(
        "quantised weights are not read, but for those of 'yurai model quantize'; take the model "
        "in f32, bf16 or f16");
  }
}

/// What parse_quantization reads.
Json quantization_json() {
  const auto numbers = [](const char* strategy, bool dynamic) {
    return Json{{"num_bits", 8},        {"type", "int"},      {"symmetric", true},
                {"strategy", strategy}, {"dynamic", dynamic}, {"group_size", nullptr}};
  };
  return {{"quant_method", "compressed-tensors"},
          {"format", "int-quantized"},
          {"quantization_status", "compressed"},
          {"config_groups",
           {{"group_0",
             {{"targets", {"Linear"}},
              {"weights", numbers("channel", false)},
              {"input_activations", numbers("token", true)},
              {"output_activations", nullptr}}}}},
          {"ignore", {"lm_head", "re:.*gate$"}},
          {"kv_cache_scheme", nullptr}};
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
  const Defaults defaults = defaults_of(model.architecture);
  constexpr uint64_t kMaxSize = 1 << 20;
  model.vocabulary_size = config.count("vocab_size", defaults.vocabulary_size, 1 << 24);
  model.hidden_size = config.count("hidden_size", defaults.hidden_size, kMaxSize);
  model.intermediate_size = config.count("intermediate_size", defaults.intermediate_size, kMaxSize);
  model.num_layers = config.count("num_hidden_layers", defaults.num_layers, 4096);
  model.num_heads = config.count("num_attention_heads", 32, 4096);
  const bool null_is_heads = config.has("num_key_value_heads") || defaults.num_kv_heads == 0;
  model.num_kv_heads = config.count("num_key_value_heads",
                                    null_is_heads ? model.num_heads : defaults.num_kv_heads, 4096);
  model.head_size = config.count("head_dim",
                                 defaults.head_size != 0
                                     ? defaults.head_size
                                     : std::max<uint64_t>(1, model.hidden_size / model.num_heads),
                                 kMaxSize);
  if (config.find("head_dim") == nullptr && defaults.head_size == 0 &&
      model.hidden_size % model.num_heads != 0) {
    config.set_error("'hidden_size' must be a multiple of 'num_attention_heads'");
  }
  model.max_positions = config.count("max_position_embeddings", defaults.max_positions, 1ull << 32);
  model.rms_norm_eps = config.number("rms_norm_eps", defaults.rms_norm_eps, 0, 1);
  model.rope_theta = config.number("rope_theta", defaults.rope_theta, 1, 1e12);
  model.rope_scaling.original_max_positions = model.max_positions;
  if (const Json* rope = find_rope(config)) parse_rope(config, *rope, model, name);
  model.tie_embeddings = config.flag("tie_word_embeddings", false);
  if (model.architecture != Architecture::kMixtral) {
    model.attention_bias = config.flag("attention_bias", false);
  }
  if (model.architecture == Architecture::kLlama) model.mlp_bias = config.flag("mlp_bias", false);
  parse_window(config, model);
  const bool experts =
      model.architecture == Architecture::kMixtral || model.architecture == Architecture::kQwen3Moe;
  if (experts) parse_experts(config, model);
  parse_special_tokens(config, defaults.special_tokens, model);
  std::string dtype = config.text("dtype");
  if (dtype.empty()) dtype = config.text("torch_dtype");
  if (dtype == "bfloat16" || dtype == "float16") model.dtype = dtype;
  parse_quantization(config, model);
  refuse_unknown(config, model);
  refuse_absurd(config, model);
  YURAI_TRY(config.result());
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
               {"torch_dtype", config.dtype}};
  const RopeScaling& rope = config.rope_scaling;
  if (rope.kind != RopeScaling::Kind::kNone) {
    Json scaling = {{"rope_type", rope_kind_name(rope.kind)},
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
  json["bos_token_id"] = config.begin_token ? Json(*config.begin_token) : Json(nullptr);
  json["eos_token_id"] = nullptr;  // a member that is missing would be 2
  if (config.end_tokens.size() == 1) json["eos_token_id"] = config.end_tokens[0];
  if (config.end_tokens.size() > 1) json["eos_token_id"] = config.end_tokens;
  if (config.int8_weights) json["quantization_config"] = quantization_json();
  return json;
}

bool is_int8(const ModelConfig& config, const ParameterShape& parameter) {
  const std::string_view name = parameter.name;
  return config.int8_weights && parameter.shape.size() == 2 && !name.ends_with(".gate.weight") &&
         name != "model.embed_tokens.weight" && name != "lm_head.weight";
}

uint64_t num_parameter_tensors(const ModelConfig& config) {
  uint64_t num = config.tie_embeddings ? 2 : 3;
  for (uint64_t l = 0; l < config.num_layers; ++l) {
    num += 6;  // two norms; q, k, v, o
    if (config.attention_bias) num += 4;
    if (config.is_qwen3()) num += 2;
    const bool sparse = config.num_experts > 0 && config.sparse_layers[l];
    num += sparse ? 1 + 3 * config.num_experts : config.mlp_bias ? 6 : 3;
  }
  return num;
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
