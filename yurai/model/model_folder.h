#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/model/model_config.h"
#include "yurai/model/safetensors.h"

/// A Hugging Face model folder, used in place: config.json and its weights in one
/// model.safetensors, or in several that model.safetensors.index.json lists.
///
///     YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open("llm-jp-3-150m"));
///     folder.num_parameters();   // from the headers alone
namespace yurai {

/// What a weight's name is followed by in that of its scales.
inline constexpr std::string_view kScaleSuffix = "_scale";

/// Immutable and thread-safe.
class ModelFolder {
 public:
  /// Every weight that the configuration asks for is there, in its shape, and no other is; else
  /// kInvalidArgument or kCorrupt that names it. Reads headers, no weights.
  static Result<ModelFolder> open(const std::filesystem::path& dir);

  const std::filesystem::path& dir() const { return dir_; }
  /// The error of a tensor that holds a value which is no finite number.
  tl::unexpected<Error> not_finite(std::string_view name) const;
  const ModelConfig& config() const { return config_; }
  /// The files of weights, in the order of their names.
  const std::vector<SafetensorsFile>& files() const { return files_; }
  /// As parameter_shapes(config()) has them.
  const std::vector<ParameterShape>& parameters() const { return parameters_; }
  uint64_t num_parameters() const;

  const TensorEntry& tensor(std::string_view parameter) const;
  /// One weight's bytes, as they are; `out` has as many.
  Result<void> read_bytes(std::string_view parameter, std::span<char> out) const;
  /// One weight's values; `out` has as many.
  Result<void> read_f32(std::string_view parameter, std::span<float> out) const;
  /// One that is int8: `out` and a scale for each row.
  Result<void> read_int8(std::string_view parameter, std::span<int8_t> out,
                         std::span<float> scales) const;

 private:
  struct Place {
    size_t file = 0;
    size_t tensor = 0;
  };
  ModelFolder() = default;
  Result<void> add_file(const std::filesystem::path& path);
  Result<void> check_parameters() const;

  std::filesystem::path dir_;
  ModelConfig config_;
  std::vector<SafetensorsFile> files_;
  std::vector<ParameterShape> parameters_;
  std::unordered_map<std::string, Place> places_;
};

/// Parameters by what they are for.
struct ParameterCounts {
  uint64_t embedding = 0;  ///< and the output layer, unless it is the same
  uint64_t attention = 0;
  uint64_t mlp = 0;  ///< dense layers and experts
  uint64_t router = 0;
  uint64_t norm = 0;
  uint64_t total = 0;
  uint64_t active = 0;  ///< that one token passes: of the experts those it is sent to
};

ParameterCounts count_parameters(const ModelConfig& config);

}  // namespace yurai
