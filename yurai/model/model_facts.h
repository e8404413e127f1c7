#pragma once

#include <cstdint>
#include <string>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/model/model_folder.h"

/// What a model is, for people and manifests.
namespace yurai {

/// From the configuration alone: architecture, parameters by part, shape, context, experts.
Json shape_json(const ModelConfig& config);

/// From headers alone: architecture, parameters by part, dtypes, files, shape, context, experts.
/// docs/cli/model.md.
Json facts_json(const ModelFolder& folder);

/// Bytes that a model's weights take in memory. In int8 each row of a matrix has a scale in f32 and
/// norms stay f32.
struct WeightMemory {
  uint64_t f32 = 0;
  uint64_t bf16 = 0;
  uint64_t int8 = 0;
};
WeightMemory weight_memory(const ModelConfig& config);

/// Bytes of keys and values that a token takes while a text is generated, in f32.
uint64_t kv_cache_bytes_per_token(const ModelConfig& config);

/// Reads every tensor: kCorrupt that names the first with a value that is no finite number,
/// kInvalidArgument where one is not F32, BF16 or F16. The value: SHA-256 of name, dtype, shape and
/// bytes of each in the order of names, the same in however many files they lie.
Result<std::string> verify_weights(const ModelFolder& folder,
                                   const Progress& progress = no_progress);

}  // namespace yurai
