#include "yurai/train/prepare_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/record/manifest.h"
#include "yurai/train/run_inputs.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

std::string shown(const fs::path& path) { return for_terminal(path.string()); }

Result<std::unique_ptr<Tokenizer>> make_tokenizer(const TrainConfig& config,
                                                  const std::vector<Corpus>& corpora,
                                                  const fs::path& dir,
                                                  const PrepareOptions& prepare,
                                                  const Progress& progress) {
  if (!is_there(dir)) {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {.disk = prepare.disk}));
    if (config.tokenizer.empty() && !prepare.learn_tokenizer) {
      return fail(ErrorCode::kInvalidArgument,
                  "the configuration names no tokenizer; make one with 'yurai tokenizer train'");
    }
    if (config.tokenizer.empty()) {
      TokenizerTrainOptions options;
      options.vocabulary_size = config.vocabulary_size;
      options.seed = config.seed;
      options.max_bytes = config.tokenizer_bytes;
      auto learnt = prepare.learn_tokenizer(corpora, options, stage, progress);
      if (!learnt) {
        Error error = std::move(learnt).error();
        error.message += " (here 'vocabulary' and 'corpus' of the configuration)";
        return fail(std::move(error));
      }
    } else {
      YURAI_TRY(Tokenizer::open(config.tokenizer));
      YURAI_TRY(copy_tokenizer(config.tokenizer, stage));
    }
    YURAI_TRY(stage.commit());
  }
  return Tokenizer::open(dir);
}

/// The corpora of the configuration, or one that is built in the run from its files.
Result<std::vector<Corpus>> open_corpora(const TrainConfig& config, const fs::path& run, Disk* disk,
                                         const Progress& progress) {
  std::vector<fs::path> paths(config.corpora.begin(), config.corpora.end());
  if (std::ranges::none_of(paths, [](const fs::path& p) { return is_there(p / kManifestName); })) {
    if (!is_there(run / kRunCorpus)) {
      YURAI_ASSIGN(const InputList inputs, list_inputs(paths));
      YURAI_ASSIGN(StagingDirectory stage,
                   StagingDirectory::create(run / kRunCorpus, {.disk = disk}));
      YURAI_TRY(build_corpus(inputs, {}, stage, progress));
      YURAI_TRY(stage.commit());
    }
    paths = {run / kRunCorpus};
  }
  std::vector<Corpus> corpora;
  for (const fs::path& dir : paths) {
    YURAI_ASSIGN(Corpus corpus, Corpus::open(dir));
    corpora.push_back(std::move(corpus));
  }
  return corpora;
}

/// The first member in which two objects differ: "schedule.steps".
std::string first_difference(const Json& a, const Json& b) {
  for (const auto& [key, value] : a.items()) {
    const auto other = b.find(key);
    if (other == b.end()) return key;
    if (value == *other) continue;
    const std::string inner =
        value.is_object() && other->is_object() ? first_difference(value, *other) : "";
    return inner.empty() ? key : key + "." + inner;
  }
  for (const auto& [key, value] : b.items()) {
    if (!a.contains(key)) return key;
  }
  return "";
}

Result<void> check_begun(const fs::path& run, const Json& wanted) {
  YURAI_ASSIGN(Json begun, read_run(run));
  // Of an older program, whose rest must be the same.
  begun["format_version"] = kRunVersion;
  begun["tool_version"] = wanted["tool_version"];
  if (begun == wanted) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{} was begun with another '{}'; give it as it was, or train into another "
                  "folder",
                  shown(run), for_terminal(first_difference(begun, wanted))));
}

/// A run.json that was lost is written again only as the checkpoints know it.
Result<void> check_kept_with(const fs::path& run, const std::string& text) {
  YURAI_ASSIGN(const std::vector<CheckpointFolder> found, list_checkpoints(run));
  if (found.empty()) return {};
  YURAI_ASSIGN(const Manifest kept, read_manifest(found.back().dir));
  const bool is_same = std::ranges::any_of(kept.inputs, [&](const ManifestFile& input) {
    return input.name == kRunName && input.sha256 == sha256_hex(text);
  });
  if (is_same) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} has lost its {} and was begun with another configuration than this; "
                          "put back a copy of it, or give the configuration as it was",
                          shown(run), kRunName));
}

}  // namespace

Result<void> prepare_run(const TrainConfig& config, const fs::path& run,
                         const PrepareOptions& options, const Progress& progress) {
  std::error_code error;
  if (!options.resume && is_there(run) && !fs::is_empty(run, error)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is there already; go on with --resume, or name another folder{}",
                            shown(run),
                            is_there(run / kRunName)
                                ? ""
                                : " (no run has begun in it: what is there may be removed)"));
  }
  fs::create_directories(run, error);
  if (error) return fail(io_error("create", run, error.value()));
  YURAI_ASSIGN(const std::vector<Corpus> corpora,
               open_corpora(config, run, options.disk, progress));
  YURAI_ASSIGN(const auto tokenizer,
               make_tokenizer(config, corpora, run / kRunTokenizer, options, progress));
  if (!is_there(run / kRunTokens)) {
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(run / kRunTokens, {.disk = options.disk}));
    YURAI_TRY(
        build_tokens(corpora, *tokenizer,
                     {.validation_share = config.validation_share, .threads = options.threads},
                     stage, progress));
    YURAI_TRY(stage.commit());
  } else {
    YURAI_ASSIGN(const Manifest manifest, read_manifest(run / kRunTokens));
    YURAI_TRY(verify_files(run / kRunTokens, manifest, progress));
  }
  YURAI_ASSIGN(const TokenStore tokens, TokenStore::open(run / kRunTokens));
  YURAI_ASSIGN(const std::string corpus_sha256,
               json_string(tokens.manifest().facts, "corpus_sha256"));
  if (corpus_sha256 != name_of(corpora)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} was begun with another corpus; train into another folder", shown(run)));
  }
  const Json facts = {{"format", kRunFormat},
                      {"format_version", kRunVersion},
                      {"tool_version", kToolVersion},
                      {"configuration", config.resolved},
                      {"corpus_sha256", corpus_sha256},
                      {"tokenizer_sha256", tokenizer->facts().sha256},
                      {"tokens", tokens.manifest().facts["tokens"]},
                      {"documents", tokens.manifest().facts["documents"]},
                      {"validation_documents", tokens.manifest().facts["validation_documents"]},
                      {"lineage", tokens.manifest().lineage}};
  if (is_there(run / kRunName)) return check_begun(run, facts);
  YURAI_TRY(check_kept_with(run, run_text(facts)));
  return write_file(run / kRunName, run_text(facts),
                    options.disk != nullptr ? *options.disk : posix_disk());
}

}  // namespace yurai
