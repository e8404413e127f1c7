#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/model/transformer.h"

/// Where a run stands, whole or not at all. docs/formats/run.md.
namespace yurai {

/// Where a run stands.
struct CheckpointFacts {
  uint64_t steps = 0;
  uint64_t metrics_bytes = 0;
  std::string ledger_head;
  std::string metrics_head;    ///< chain_metrics(); empty: of an older checkpoint, not known
  std::string weights_sha256;  ///< of the weights' file; known of what was loaded
};

/// Writes RUN/checkpoints/step-N, a Hugging Face folder with the optimiser's state beside it, whole
/// or not at all. Returns the hash of the weights' file.
Result<std::string> save_checkpoint(const std::filesystem::path& run, const CheckpointFacts& facts,
                                    const Transformer& model, std::span<const float> mean,
                                    std::span<const float> square, Disk& disk);

/// The newest checkpoint; its weights and state go where they belong.
Result<std::optional<CheckpointFacts>> load_checkpoint(const std::filesystem::path& run,
                                                       Transformer& model, std::span<float> mean,
                                                       std::span<float> square);

}  // namespace yurai
