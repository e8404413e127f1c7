#include "yurai/train/train_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "yurai/base/terminal.h"
#include "yurai/base/toml.h"
#include "yurai/ledger/ledger_row.h"

namespace yurai {
namespace {

/// A Llama, or with experts a Mixtral; its size counts the embedding of 4,096 to 8,192 tokens.
struct Preset {
  std::string_view name;
  uint64_t hidden, layers, heads, inner, experts, experts_per_token;
};
constexpr Preset kPresets[] = {
    {"1M", 96, 4, 3, 256, 0, 0},    {"3M", 160, 6, 5, 432, 0, 0},   {"10M", 320, 6, 5, 864, 0, 0},
    {"30M", 512, 8, 8, 1376, 0, 0}, {"8x3M", 160, 6, 5, 432, 8, 2},
};

/// Reads one table of the file, keeping the first error and, resolved, what it read.
class Table {
 public:
  Table(const Json& file, std::string_view name, Json& resolved, std::string& error)
      : name_(name), error_(error), resolved_(resolved) {
    if (name.empty()) {
      json_ = file;
    } else if (const auto found = file.find(name); found != file.end()) {
      if (found->is_object()) {
        json_ = *found;
      } else {
        set_error(fmt::format("'{}' must be a table", name));
      }
    }
    if (!json_.is_object()) json_ = Json::object();
  }

  const Json* take(std::string_view key) {
    known_.insert(std::string(key));
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  template <class T>
  void count(std::string_view key, T& value, uint64_t min, uint64_t max) {
    if (const Json* given = take(key)) {
      if (given->is_number_unsigned() ||
          (given->is_number_integer() && given->get<int64_t>() >= 0)) {
        const uint64_t number = given->get<uint64_t>();
        if (number >= min && number <= max) {
          value = static_cast<T>(number);
        } else {
          set_error(fmt::format("'{}' must be from {} to {}", path(key), min, max));
        }
      } else {
        set_error(fmt::format("'{}' must be a whole number from {} to {}", path(key), min, max));
      }
    }
    keep(key, value);
  }

  void number(std::string_view key, double& value, double min, double max) {
    if (const Json* given = take(key)) {
      const double number = given->is_number() ? given->get<double>() : std::nan("");
      if (number >= min && number <= max) {
        value = number;
      } else {
        set_error(fmt::format("'{}' must be a number from {} to {}", path(key), min, max));
      }
    }
    keep(key, value);
  }

  void flag(std::string_view key, bool& value) {
    if (const Json* given = take(key)) {
      if (given->is_boolean()) {
        value = *given;
      } else {
        set_error(fmt::format("'{}' must be true or false", path(key)));
      }
    }
    keep(key, value);
  }

  void text(std::string_view key, std::string& value) {
    if (const Json* given = take(key)) {
      if (given->is_string()) {
        value = *given;
      } else {
        set_error(fmt::format("'{}' must be text", path(key)));
      }
    }
    keep(key, value);
  }

  template <class T>
  void keep(std::string_view key, const T& value) {
    (name_.empty() ? resolved_ : resolved_[name_])[std::string(key)] = value;
  }

  void refuse_others(const std::set<std::string>& tables = {}) {
    for (const auto& [key, value] : json_.items()) {
      if (known_.contains(key) || tables.contains(key)) continue;
      std::string names;
      for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
      set_error(fmt::format("'{}' is unknown; {} has {}", path(key),
                            name_.empty() ? "the file" : fmt::format("[{}]", name_), names));
    }
  }

  std::string path(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  }
  void set_error(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

 private:
  std::string name_;
  std::string& error_;
  Json& resolved_;
  Json json_ = Json::object();
  std::set<std::string> known_;
};

void read_model(Table& table, ModelConfig& model) {
  std::string preset = "1M";
  table.text("preset", preset);
  const auto* found = std::ranges::find(kPresets, preset, &Preset::name);
  if (found == std::end(kPresets)) {
    return table.set_error(fmt::format("model.preset '{}' is unknown; we have {}", preset,
                                       fmt::join(model_presets(), ", ")));
  }
  model.hidden_size = found->hidden;
  model.num_layers = found->layers;
  model.num_heads = found->heads;
  model.intermediate_size = found->inner;
  model.num_experts = found->experts;
  model.experts_per_token = found->experts_per_token;
  table.count("hidden_size", model.hidden_size, 2, 1 << 16);
  table.count("layers", model.num_layers, 1, 1024);
  table.count("heads", model.num_heads, 1, 1024);
  model.num_kv_heads = model.num_heads;
  table.count("kv_heads", model.num_kv_heads, 1, model.num_heads);
  table.count("inner_size", model.intermediate_size, 1, 1 << 18);
  table.count("experts", model.num_experts, 0, 1024);
  table.count("experts_per_token", model.experts_per_token, 0,
              std::max<uint64_t>(1, model.num_experts));
  table.number("router_loss", model.router_loss_weight = 0.01, 0, 10);
  table.number("rope_theta", model.rope_theta, 1, 1e9);
  table.number("norm_epsilon", model.rms_norm_eps = 1e-5, 1e-12, 1);
  table.flag("tie_embeddings", model.tie_embeddings = true);
  if (model.hidden_size % (2 * model.num_heads) != 0) {
    return table.set_error("model.hidden_size must be a multiple of twice model.heads");
  }
  if (model.num_heads % model.num_kv_heads != 0) {
    return table.set_error("model.heads must be a multiple of model.kv_heads");
  }
  model.head_size = model.hidden_size / model.num_heads;
  if (model.num_experts > 0) {
    if (model.experts_per_token == 0) table.set_error("model.experts_per_token must be at least 1");
    model.architecture = Architecture::kMixtral;
    model.expert_size = model.intermediate_size;
    model.sparse_layers.assign(model.num_layers, true);
  }
}

void read_schedule(Table& table, Schedule& schedule) {
  std::string shape = "cosine";
  table.count("steps", schedule.steps = 300, 1, 1'000'000'000);
  schedule.warmup_steps = std::min<uint64_t>(schedule.steps / 10, 2000);
  table.count("warmup_steps", schedule.warmup_steps, 0, schedule.steps);
  table.text("shape", shape);
  if (shape != "cosine" && shape != "wsd") {
    table.set_error(fmt::format("schedule.shape '{}' is unknown; we have cosine, wsd", shape));
  }
  schedule.cosine = shape == "cosine";
  const uint64_t after = schedule.steps - schedule.warmup_steps;
  schedule.decay_steps = schedule.cosine ? after : after / 5;
  table.count("decay_steps", schedule.decay_steps, 0, after);
  table.number("learning_rate", schedule.learning_rate, 0, 10);
  table.number("final_share", schedule.final_share, 0, 1);
}

}  // namespace

std::vector<std::string_view> model_presets() {
  std::vector<std::string_view> names;
  for (const Preset& preset : kPresets) names.push_back(preset.name);
  return names;
}

double Schedule::rate(uint64_t step) const {
  if (step < warmup_steps) {
    return learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  }
  const uint64_t left = steps - std::min(step, steps);
  if (decay_steps == 0 || left > decay_steps) return learning_rate;
  const double done = 1 - static_cast<double>(left) / static_cast<double>(decay_steps);
  const double share = cosine ? 0.5 * (1 + std::cos(std::numbers::pi * done)) : 1 - done;
  return learning_rate * (final_share + (1 - final_share) * share);
}

Result<TrainConfig> parse_train_config(std::string_view toml, std::string_view name,
                                       const std::filesystem::path& dir) {
  const std::string what = fmt::format("configuration '{}'", for_terminal(name));
  YURAI_ASSIGN(const Json file, toml_to_json(toml, what));
  TrainConfig config;
  std::string error;
  Json& resolved = config.resolved = Json::object();
  const auto resolve = [&](const std::string& path) { return (dir / path).string(); };

  Table top(file, "", resolved, error);
  if (const Json* corpora = top.take("corpus")) {
    for (const Json& corpus : corpora->is_array() ? *corpora : Json::array({*corpora})) {
      if (!corpus.is_string() || corpus.get<std::string>().empty()) {
        top.set_error("'corpus' must be a folder, or a list of folders");
        break;
      }
      config.corpora.push_back(resolve(corpus));
    }
  }
  if (config.corpora.empty()) top.set_error("'corpus' is missing: the folder of a corpus");
  if (const Json* tokenizer = top.take("tokenizer");
      tokenizer != nullptr && tokenizer->is_string()) {
    config.tokenizer = resolve(*tokenizer);
  } else if (tokenizer != nullptr) {
    top.set_error("'tokenizer' must be a file or a folder");
  }
  top.count("vocabulary", config.vocabulary_size, 300, 1 << 20);
  top.count("tokenizer_bytes", config.tokenizer_bytes, 1, UINT64_MAX);
  top.text("stage", config.stage);
  if (std::ranges::find(kTrainingStages, config.stage) == kTrainingStages.end()) {
    top.set_error(fmt::format("stage '{}' is unknown; we have {}", config.stage,
                              fmt::join(kTrainingStages, ", ")));
  }
  top.count("seed", config.seed, 0, UINT64_MAX);

  Table model(file, "model", resolved, error);
  read_model(model, config.model);
  model.number("router_z_loss", config.router_z_weight, 0, 10);
  std::string dtype = "f32";
  model.text("dtype", dtype);
  if (dtype != "f32" && dtype != "bf16") {
    model.set_error(fmt::format("model.dtype '{}' is unknown; we have f32, bf16", dtype));
  }
  config.pass.bf16 = dtype == "bf16";
  model.number("expert_capacity_factor", config.pass.expert_capacity_factor, 0, 1024);
  model.refuse_others();

  Table batch(file, "batch", resolved, error);
  batch.count("sequence_tokens", config.sequence_tokens, 2, 1 << 20);
  batch.count("sequences", config.sequences_per_step, 1, 1 << 20);
  batch.flag("shuffle", config.shuffle);
  batch.flag("checkpoint_activations", config.pass.checkpoint_activations);
  batch.count("micro_batch", config.micro_batch, 1, 1 << 20);
  if (config.sequences_per_step % config.micro_batch != 0) {
    batch.set_error("batch.sequences must be a multiple of batch.micro_batch");
  }
  batch.refuse_others();
  config.model.max_positions = config.sequence_tokens;

  Table schedule(file, "schedule", resolved, error);
  read_schedule(schedule, config.schedule);
  schedule.refuse_others();

  Table optimizer(file, "optimizer", resolved, error);
  optimizer.number("beta1", config.optimizer.beta1, 0, 0.999999);
  optimizer.number("beta2", config.optimizer.beta2, 0, 0.999999);
  optimizer.number("epsilon", config.optimizer.epsilon, 1e-16, 1);
  optimizer.number("weight_decay", config.optimizer.weight_decay, 0, 10);
  optimizer.number("clip", config.optimizer.clip, 0, 1e9);
  optimizer.refuse_others();

  Table validation(file, "validation", resolved, error);
  validation.number("share", config.validation_share, 0, 0.5);
  validation.count("every", config.validation_every, 0, 1'000'000'000);
  validation.count("sequences", config.validation_sequences, 1, 1 << 20);
  validation.refuse_others();

  Table checkpoint(file, "checkpoint", resolved, error);
  checkpoint.count("every", config.checkpoint_every, 1, 1'000'000'000);
  checkpoint.refuse_others();

  top.refuse_others({"model", "batch", "schedule", "optimizer", "validation", "checkpoint"});
  if (!error.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", what, for_terminal(error)));
  }
  return config;
}

}  // namespace yurai
