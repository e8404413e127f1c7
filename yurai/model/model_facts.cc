#include "yurai/model/model_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "yurai/base/hash.h"
#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

Json rope_json(const RopeScaling& rope) {
  if (rope.kind == RopeScaling::Kind::kNone) return nullptr;
  return {{"kind", rope_kind_name(rope.kind)},
          {"factor", rope.factor},
          {"original_context_length", rope.original_max_positions}};
}

Json experts_json(const ModelConfig& config) {
  if (config.num_experts == 0) return nullptr;
  return {{"num_experts", config.num_experts},
          {"experts_per_token", config.experts_per_token},
          {"expert_size", config.expert_size},
          {"num_sparse_layers", std::ranges::count(config.sparse_layers, true)}};
}

/// The first value of a piece that is no finite number.
template <class Bits>
bool all_finite(std::string_view bytes, Bits exponent) {
  for (size_t at = 0; at < bytes.size(); at += sizeof(Bits)) {
    Bits bits = 0;
    bytes.copy(reinterpret_cast<char*>(&bits), sizeof bits, at);
    if ((bits & exponent) == exponent) return false;
  }
  return true;
}

bool all_finite(std::string_view bytes, DType dtype) {
  if (dtype == DType::kI8) return true;
  if (dtype == DType::kF32) return all_finite<uint32_t>(bytes, 0x7F800000);
  return all_finite<uint16_t>(bytes, dtype == DType::kBF16 ? 0x7F80 : 0x7C00);
}

/// Which weights are int8 ModelFolder has checked.
bool is_weight(DType dtype) {
  return dtype == DType::kI8 || dtype == DType::kF32 || dtype == DType::kBF16 ||
         dtype == DType::kF16;
}

}  // namespace

WeightMemory weight_memory(const ModelConfig& config) {
  WeightMemory memory;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const uint64_t values = parameter.num_values();
    memory.f32 += 4 * values;
    memory.bf16 += 2 * values;
    memory.int8 += parameter.shape.size() == 2 ? values + 4 * parameter.shape[0] : 4 * values;
  }
  return memory;
}

uint64_t kv_cache_bytes_per_token(const ModelConfig& config) {
  return 2 * sizeof(float) * config.num_layers * config.num_kv_heads * config.head_size;
}

Json shape_json(const ModelConfig& config) {
  const ParameterCounts counts = count_parameters(config);
  return {{"architecture", architecture_name(config.architecture)},
          {"parameters",
           {{"total", counts.total},
            {"active", counts.active},
            {"embedding", counts.embedding},
            {"attention", counts.attention},
            {"mlp", counts.mlp},
            {"router", counts.router},
            {"norm", counts.norm}}},
          {"vocabulary_size", config.vocabulary_size},
          {"hidden_size", config.hidden_size},
          {"intermediate_size", config.intermediate_size},
          {"num_layers", config.num_layers},
          {"num_heads", config.num_heads},
          {"num_kv_heads", config.num_kv_heads},
          {"head_size", config.head_size},
          {"tied_embeddings", config.tie_embeddings},
          {"context_length", config.max_positions},
          {"sliding_window", config.sliding_window ? Json(*config.sliding_window) : Json(nullptr)},
          {"rope_theta", config.rope_theta},
          {"rope_scaling", rope_json(config.rope_scaling)},
          {"experts", experts_json(config)}};
}

Json facts_json(const ModelFolder& folder) {
  std::map<std::string_view, std::pair<uint64_t, uint64_t>> dtypes;  // tensors, bytes
  Json files = Json::array();
  uint64_t bytes = 0;
  for (const SafetensorsFile& file : folder.files()) {
    for (const TensorEntry& entry : file.tensors()) {
      auto& [tensors, of_dtype] = dtypes[dtype_name(entry.dtype)];
      ++tensors;
      of_dtype += entry.byte_end - entry.byte_begin;
    }
    files.push_back({{"name", file.path().filename().string()},
                     {"bytes", file.size_bytes()},
                     {"num_tensors", file.tensors().size()}});
    bytes += file.size_bytes();
  }
  Json dtypes_json = Json::object();
  for (const auto& [name, sums] : dtypes) {
    dtypes_json[std::string(name)] = {{"num_tensors", sums.first}, {"bytes", sums.second}};
  }
  const WeightMemory memory = weight_memory(folder.config());
  Json json = shape_json(folder.config());
  json["dtypes"] = std::move(dtypes_json);
  json["quantization"] = folder.config().int8_weights ? Json("int8") : Json(nullptr);
  json["bytes"] = bytes;
  json["weight_files"] = std::move(files);
  json["memory_bytes"] = {{"f32", memory.f32},
                          {"bf16", memory.bf16},
                          {"int8", memory.int8},
                          {"kv_cache_per_token", kv_cache_bytes_per_token(folder.config())}};
  return json;
}

Result<std::string> verify_weights(const ModelFolder& folder, const Progress& progress) {
  struct Tensor {
    const SafetensorsFile* file;
    const TensorEntry* entry;
  };
  std::vector<Tensor> tensors;
  uint64_t total = 0;
  for (const SafetensorsFile& file : folder.files()) {
    for (const TensorEntry& entry : file.tensors()) {
      tensors.push_back({&file, &entry});
      total += entry.byte_end - entry.byte_begin;
    }
  }
  std::ranges::sort(tensors, {}, [](const Tensor& tensor) { return tensor.entry->name; });
  Sha256 hash;
  uint64_t done = 0;
  std::string buffer(1 << 20, '\0');
  for (const Tensor& tensor : tensors) {
    const auto* file = tensor.file;  // no structured binding: clang 14 captures none
    const auto* entry = tensor.entry;
    const auto bad = [&](ErrorCode code, std::string_view what) {
      return fail(code, fmt::format("{}: tensor '{}' {}", for_terminal(file->path().string()),
                                    for_terminal(entry->name), what));
    };
    if (!is_weight(entry->dtype)) {
      return bad(ErrorCode::kInvalidArgument,
                 fmt::format("is {}; weights are F32, BF16 or F16", dtype_name(entry->dtype)));
    }
    hash.update_field(entry->name);
    hash.update_field(dtype_name(entry->dtype));
    hash.update_field(shape_text(entry->shape));
    const uint64_t size = entry->byte_end - entry->byte_begin;
    for (uint64_t at = 0; at < size; at += buffer.size()) {
      YURAI_TRY(check_stop());
      const std::span<char> piece(buffer.data(), std::min<uint64_t>(buffer.size(), size - at));
      YURAI_TRY(file->read(*entry, piece, at));
      const std::string_view bytes(piece.data(), piece.size());
      if (!all_finite(bytes, entry->dtype)) {
        return bad(ErrorCode::kCorrupt, "holds a value that is no finite number");
      }
      hash.update(bytes);
      done += piece.size();
      progress("verify", done, total);
    }
  }
  return hash.hex();
}

}  // namespace yurai
