#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/record/manifest.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/train/batch.h"
#include "yurai/train/token_store.h"
#include "yurai/train/train_config.h"

/// What a run is made from, in its folder: run.json, tokenizer, tokens. docs/formats/run.md.
namespace yurai {

inline constexpr std::string_view kRunFormat = "yurai-run";
/// 2: run.json has a checksum. Version 1, without one, is read.
inline constexpr uint64_t kRunVersion = 2;
inline constexpr std::string_view kRunName = "run.json";
inline constexpr std::string_view kRunCorpus = "corpus";
inline constexpr std::string_view kRunTokenizer = "tokenizer";
inline constexpr std::string_view kRunTokens = "tokens";
inline constexpr std::string_view kRunLedger = "ledger";

/// run.json as it is written, with its checksum.
std::string run_text(Json facts);
/// Reads it, proving the checksum, which is left out. kNotFound: `run` is no run.
Result<Json> read_run(const std::filesystem::path& run);

struct RunInputs {
  Json run;  ///< run.json
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<TokenStore> tokens;
  SpecialTokens special;
  std::vector<uint64_t> training;  ///< numbers of documents in the store
  std::vector<uint64_t> validation;
  std::string corpus_sha256;
};

/// The run's tokenizer; one that was learned for the run is proven by its manifest.
Result<std::unique_ptr<Tokenizer>> open_run_tokenizer(const std::filesystem::path& run);

/// Opens what prepare_run() made. Fails as read_run() does.
Result<RunInputs> open_run(const std::filesystem::path& run);

inline constexpr std::string_view kCheckpointFormat = "yurai-checkpoint";
inline constexpr uint64_t kCheckpointVersion = 1;

/// The checkpoints of a run by their steps, ascending. One without a manifest is kCorrupt: it
/// appears whole.
struct CheckpointFolder {
  uint64_t steps = 0;
  std::filesystem::path dir;
};
Result<std::vector<CheckpointFolder>> list_checkpoints(const std::filesystem::path& run);

/// The newest of them; kNotFound: none.
Result<std::filesystem::path> newest_checkpoint(const std::filesystem::path& run);

/// kCorrupt where the folder's name says another number of steps.
Result<void> check_checkpoint_name(const std::filesystem::path& checkpoint, uint64_t steps);

/// The checkpoint that an artefact is, or was made from last.
struct CheckpointBehind {
  uint64_t steps = 0;
  std::string ledger_head;
};
std::optional<CheckpointBehind> checkpoint_behind(const Manifest& manifest);

/// The path without a separator at its end, so that its filename() is the folder's.
std::filesystem::path folder_path(const std::filesystem::path& dir);

/// Whether something has that name; false where the folder cannot be read.
bool is_there(const std::filesystem::path& path);

/// Copies what a file or a folder holds of a tokenizer into another.
Result<void> copy_tokenizer(const std::filesystem::path& from, StagingDirectory& stage);

}  // namespace yurai
