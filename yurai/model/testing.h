#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/model/model_config.h"
#include "yurai/model/safetensors.h"

/// A model folder in a moment.
namespace yurai::testing {

/// Writes a toy Mixtral in f32 whose values are whole numbers, in so many files of weights.
inline void write_toy_model(const std::filesystem::path& dir, size_t num_files = 1) {
  std::filesystem::create_directories(dir);
  const ModelConfig config =
      parse_model_config(R"({"model_type":"mixtral","vocab_size":5,"hidden_size":4,"head_dim":2,)"
                         R"("intermediate_size":6,"num_hidden_layers":2,"num_attention_heads":2,)"
                         R"("num_key_value_heads":1,"num_local_experts":3})",
                         "toy")
          .value();
  YURAI_CHECK(write_file(dir / "config.json", dump_json(to_json(config))).has_value());
  const std::vector<ParameterShape> shapes = parameter_shapes(config);
  Json map = Json::object();
  for (size_t file = 0; file < num_files; ++file) {
    const std::string name =
        num_files == 1 ? "model.safetensors" : fmt::format("model-{}.safetensors", file);
    std::vector<std::vector<float>> values;
    std::vector<TensorSource> tensors;
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (i % num_files != file) continue;
      values.emplace_back(shapes[i].num_values(), static_cast<float>(i));
      const std::vector<float>& all = values.back();
      tensors.push_back({shapes[i].name,
                         DType::kF32,
                         shapes[i].shape,
                         {reinterpret_cast<const char*>(all.data()), 4 * all.size()}});
      map[shapes[i].name] = name;
    }
    auto written = posix_disk().create(dir / name).value();
    YURAI_CHECK(write_safetensors(*written, tensors).has_value());
    YURAI_CHECK(written->close().has_value());
  }
  if (num_files > 1) {
    YURAI_CHECK(write_file(dir / "model.safetensors.index.json", dump_json({{"weight_map", map}}))
                    .has_value());
  }
}

/// Writes a model folder of these weights, in f32.
inline void write_model(const std::filesystem::path& dir, const ModelConfig& config,
                        const std::map<std::string, std::vector<float>>& weights) {
  std::filesystem::create_directories(dir);
  YURAI_CHECK(write_file(dir / "config.json", dump_json(to_json(config))).has_value());
  std::vector<TensorSource> tensors;
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const std::vector<float>& all = weights.at(parameter.name);
    tensors.push_back({parameter.name,
                       DType::kF32,
                       parameter.shape,
                       {reinterpret_cast<const char*>(all.data()), 4 * all.size()}});
  }
  auto written = posix_disk().create(dir / "model.safetensors").value();
  YURAI_CHECK(write_safetensors(*written, tensors).has_value());
  YURAI_CHECK(written->close().has_value());
}

}  // namespace yurai::testing
