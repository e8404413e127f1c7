#include "yurai/model/model_folder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxConfigBytes = 1ull << 20;
constexpr uint64_t kMaxIndexBytes = 64ull << 20;
constexpr std::string_view kIndexName = "model.safetensors.index.json";

std::string shown(const fs::path& path) { return for_terminal(path.string()); }

/// The files that an index names, in order. A name that is a path would leave the folder.
Result<std::set<std::string>> read_index(const fs::path& path) {
  YURAI_ASSIGN(const std::string bytes, read_file(path, kMaxIndexBytes));
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", shown(path), what));
  };
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  simdjson::dom::object map;
  if (parser.parse(bytes).get(json) != simdjson::SUCCESS ||
      json["weight_map"].get(map) != simdjson::SUCCESS) {
    return bad("no JSON object with a 'weight_map'");
  }
  std::set<std::string> files;
  for (const auto [tensor, file] : map) {
    std::string_view name;
    if (file.get(name) != simdjson::SUCCESS || name.empty() || name.starts_with('.') ||
        name.find('/') != name.npos || name.find('\0') != name.npos) {
      return bad(fmt::format("tensor '{}' is in no file of this folder", for_terminal(tensor)));
    }
    files.emplace(name);
  }
  return files;
}

/// What older tools wrote beside the weights, and a copy of a tied output layer.
bool is_known_extra(std::string_view name, const ModelConfig& config) {
  return name.ends_with(".rotary_emb.inv_freq") ||
         (config.tie_embeddings && name == "lm_head.weight");
}

}  // namespace

Result<ModelFolder> ModelFolder::open(const fs::path& dir) {
  ModelFolder folder;
  folder.dir_ = dir;
  auto config = read_file(dir / "config.json", kMaxConfigBytes);
  if (!config) {
    if (config.error().code != ErrorCode::kNotFound) return fail(std::move(config).error());
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is no model folder: it has no config.json", shown(dir)));
  }
  YURAI_ASSIGN(folder.config_, parse_model_config(*config, (dir / "config.json").string()));
  std::error_code ignored;
  if (fs::exists(dir / kIndexName, ignored)) {
    YURAI_ASSIGN(const std::set<std::string> files, read_index(dir / kIndexName));
    for (const std::string& file : files) YURAI_TRY(folder.add_file(dir / file));
  } else {
    YURAI_TRY(folder.add_file(dir / "model.safetensors"));
  }
  // A line of configuration may ask for very many weights: their names cost in proportion to what
  // is there.
  if (num_parameter_tensors(folder.config_) > 1000 + 4 * folder.places_.size()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: {} weights, where config.json asks for {}; config.json and the "
                    "weights do not belong together",
                    shown(dir), folder.places_.size(), num_parameter_tensors(folder.config_)));
  }
  folder.parameters_ = parameter_shapes(folder.config_);
  YURAI_TRY(folder.check_parameters());
  return folder;
}

Result<void> ModelFolder::add_file(const fs::path& path) {
  YURAI_ASSIGN(SafetensorsFile file, SafetensorsFile::open(path));
  for (size_t tensor = 0; tensor < file.tensors().size(); ++tensor) {
    const std::string& name = file.tensors()[tensor].name;
    if (!places_.emplace(name, Place{files_.size(), tensor}).second) {
      return fail(ErrorCode::kCorrupt, fmt::format("{}: tensor '{}' stands in two files",
                                                   shown(path), for_terminal(name)));
    }
  }
  files_.push_back(std::move(file));
  return {};
}

Result<void> ModelFolder::check_parameters() const {
  const auto bad = [&](std::string what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}; config.json and the weights do not belong together",
                            shown(dir_), what));
  };
  std::set<std::string_view> known;
  for (const ParameterShape& parameter : parameters_) {
    const auto place = places_.find(parameter.name);
    if (place == places_.end()) return bad(fmt::format("no weight '{}'", parameter.name));
    const TensorEntry& entry = files_[place->second.file].tensors()[place->second.tensor];
    if (entry.shape != parameter.shape) {
      return bad(fmt::format("weight '{}' is {}, not {}", parameter.name, shape_text(entry.shape),
                             shape_text(parameter.shape)));
    }
    known.insert(parameter.name);
    const bool int8 = is_int8(config_, parameter);
    if (int8 != (entry.dtype == DType::kI8)) {
      return bad(fmt::format("weight '{}' is {}", parameter.name, dtype_name(entry.dtype)));
    }
    if (!int8) continue;
    const auto scale = places_.find(parameter.name + std::string(kScaleSuffix));
    const std::vector<uint64_t> wanted = {parameter.shape[0], 1};
    if (scale == places_.end() ||
        files_[scale->second.file].tensors()[scale->second.tensor].shape != wanted) {
      return bad(fmt::format("no scales of weight '{}'", parameter.name));
    }
    known.insert(scale->first);
  }
  for (const auto& [name, place] : places_) {
    if (!known.contains(name) && !is_known_extra(name, config_)) {
      return bad(fmt::format("weight '{}' has no place in a {}", for_terminal(name),
                             architecture_name(config_.architecture)));
    }
  }
  return {};
}

uint64_t ModelFolder::num_parameters() const { return count_parameters(config_).total; }

const TensorEntry& ModelFolder::tensor(std::string_view parameter) const {
  const auto place = places_.find(std::string(parameter));
  YURAI_CHECK(place != places_.end());
  return files_[place->second.file].tensors()[place->second.tensor];
}

Result<void> ModelFolder::read_bytes(std::string_view parameter, std::span<char> out) const {
  const auto place = places_.find(std::string(parameter));
  YURAI_CHECK(place != places_.end());
  const SafetensorsFile& file = files_[place->second.file];
  return file.read(file.tensors()[place->second.tensor], out);
}

Result<void> ModelFolder::read_f32(std::string_view parameter, std::span<float> out) const {
  const auto place = places_.find(std::string(parameter));
  YURAI_CHECK(place != places_.end());
  const SafetensorsFile& file = files_[place->second.file];
  const TensorEntry& entry = file.tensors()[place->second.tensor];
  if (entry.dtype == DType::kI8) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: its weights are int8, which is only for generating text; use the "
                            "model that it was made from",
                            shown(dir_)));
  }
  return file.read_f32(entry, out);
}

Result<void> ModelFolder::read_int8(std::string_view parameter, std::span<int8_t> out,
                                    std::span<float> scales) const {
  YURAI_CHECK(tensor(parameter).dtype == DType::kI8);
  YURAI_TRY(read_bytes(parameter, {reinterpret_cast<char*>(out.data()), out.size()}));
  return read_f32(std::string(parameter) + std::string(kScaleSuffix), scales);
}

ParameterCounts count_parameters(const ModelConfig& config) {
  ParameterCounts counts;
  uint64_t experts = 0;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const uint64_t values = parameter.num_values();
    const std::string_view name = parameter.name;
    counts.total += values;
    if (name.ends_with("norm.weight")) {
      counts.norm += values;
    } else if (name.find(".experts.") != name.npos) {
      counts.mlp += values;
      experts += values;
    } else if (name.ends_with(".gate.weight")) {
      counts.router += values;
    } else if (name.find(".mlp.") != name.npos) {
      counts.mlp += values;
    } else if (name.find(".self_attn.") != name.npos) {
      counts.attention += values;
    } else {
      counts.embedding += values;
    }
  }
  counts.active = counts.total;
  if (config.num_experts > 0) {
    counts.active -= experts / config.num_experts * (config.num_experts - config.experts_per_token);
  }
  return counts;
}

tl::unexpected<Error> ModelFolder::not_finite(std::string_view name) const {
  return fail(ErrorCode::kCorrupt,
              fmt::format("{}: tensor '{}' holds a value that is no finite number",
                          for_terminal(dir_.string()), for_terminal(name)));
}

}  // namespace yurai
