#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "yurai/base/result.h"
#include "yurai/model/transformer.h"

/// Where a run stands, whole or not at all. docs/formats/run.md.
namespace yurai {

inline constexpr std::string_view kCheckpointFormat = "yurai-checkpoint";
inline constexpr uint64_t kCheckpointVersion = 1;

/// Where a run stands.
struct CheckpointFacts {
  uint64_t steps = 0;
  uint64_t metrics_bytes = 0;
  std::string ledger_head;
};

/// Writes RUN/checkpoints/step-N, a Hugging Face folder with the optimiser's state beside it, whole
/// or not at all. Returns the hash of the weights' file.
Result<std::string> save_checkpoint(const std::filesystem::path& run, const CheckpointFacts& facts,
                                    const Transformer& model, std::span<const float> mean,
                                    std::span<const float> square);

/// The newest checkpoint; its weights and state go where they belong.
Result<std::optional<CheckpointFacts>> load_checkpoint(const std::filesystem::path& run,
                                                       Transformer& model, std::span<float> mean,
                                                       std::span<float> square);

}  // namespace yurai
