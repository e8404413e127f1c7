#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/train/batch.h"
#include "yurai/train/token_store.h"
#include "yurai/train/train_config.h"

/// What a run is made from, in its folder: run.json, tokenizer, tokens. docs/formats/run.md.
namespace yurai {

inline constexpr std::string_view kRunFormat = "yurai-run";
inline constexpr uint64_t kRunVersion = 1;
inline constexpr std::string_view kRunName = "run.json";
inline constexpr std::string_view kRunCorpus = "corpus";
inline constexpr std::string_view kRunTokenizer = "tokenizer";
inline constexpr std::string_view kRunTokens = "tokens";
inline constexpr std::string_view kRunLedger = "ledger";

struct RunInputs {
  Json run;  ///< run.json
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<TokenStore> tokens;
  SpecialTokens special;
  std::vector<uint64_t> training;  ///< numbers of documents in the store
  std::vector<uint64_t> validation;
  std::string corpus_sha256;
};

/// Opens what prepare_run() made. kNotFound: `run` is no run.
Result<RunInputs> open_run(const std::filesystem::path& run);

/// The newest checkpoint of a run; kNotFound: none.
Result<std::filesystem::path> newest_checkpoint(const std::filesystem::path& run);

/// Copies what a file or a folder holds of a tokenizer into another.
Result<void> copy_tokenizer(const std::filesystem::path& from, StagingDirectory& stage);

}  // namespace yurai
