#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/model/transformer.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/train/batch.h"
#include "yurai/train/token_store.h"
#include "yurai/train/train_config.h"

/// The folder of a run: run.json, tokenizer, tokens, ledger, metrics, checkpoints.
/// docs/formats/run.md.
namespace yurai {

inline constexpr std::string_view kRunName = "run.json";
inline constexpr std::string_view kMetricsName = "metrics.jsonl";
inline constexpr std::string_view kLossCurveName = "loss.svg";
inline constexpr std::string_view kCheckpointFormat = "yurai-checkpoint";
inline constexpr uint64_t kCheckpointVersion = 1;

/// What is there before the first step.
struct RunInputs {
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<TokenStore> tokens;
  SpecialTokens special;
  std::vector<uint64_t> training;    ///< numbers of documents in the store
  std::vector<uint64_t> validation;
  std::string corpus_sha256;
};

/// Makes what is missing of tokenizer and tokens, and writes run.json last; of a run that was begun
/// opens them, and compares its configuration with this one.
Result<RunInputs> prepare_run(const TrainConfig& config, const std::filesystem::path& run,
                              bool resume, unsigned threads, const Progress& progress);

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
