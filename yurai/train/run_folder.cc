#include "yurai/train/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/model/model_folder.h"
#include "yurai/record/manifest.h"
#include "yurai/tokenizer/train_tokenizer.h"
#include "yurai/train/trainer.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWeightsName = "model.safetensors";
constexpr std::string_view kOptimizerName = "optimizer.safetensors";
constexpr std::array<std::string_view, 4> kTokenizerFiles = {
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"};

std::string shown(const fs::path& path) { return for_terminal(path.string()); }

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string_view as_bytes(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// Copies what a folder or file holds of a tokenizer.
Result<void> copy_tokenizer(const fs::path& from, StagingDirectory& stage) {
  std::error_code ignored;
  if (!fs::is_directory(from, ignored)) {
    const bool json = from.extension() == ".json";
    YURAI_ASSIGN(const std::string bytes, read_file(from));
    return stage.add_file(json ? kTokenizerFiles[0] : kTokenizerFiles[1], bytes);
  }
  for (const std::string_view name : kTokenizerFiles) {
    if (!is_there(from / name)) continue;
    YURAI_ASSIGN(const std::string bytes, read_file(from / name));
    YURAI_TRY(stage.add_file(name, bytes));
  }
  return {};
}

Result<std::unique_ptr<Tokenizer>> make_tokenizer(const TrainConfig& config,
                                                  const std::vector<Corpus>& corpora,
                                                  const fs::path& dir, const Progress& progress) {
  if (!is_there(dir)) {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {}));
    if (config.tokenizer.empty()) {
      TokenizerTrainOptions options;
      options.vocabulary_size = config.vocabulary_size;
      options.seed = config.seed;
      YURAI_TRY(train_tokenizer(corpora, options, stage, progress));
    } else {
      YURAI_TRY(Tokenizer::open(config.tokenizer));
      YURAI_TRY(copy_tokenizer(config.tokenizer, stage));
      Manifest manifest;
      manifest.format = kTokenizerFormat;
      manifest.format_version = kTokenizerVersion;
      YURAI_TRY(write_manifest(manifest, stage));
    }
    YURAI_TRY(stage.commit());
  }
  return Tokenizer::open(dir);
}

Result<SpecialTokens> special_tokens(const TokenizerFacts& facts) {
  if (!facts.end) {
    return fail(ErrorCode::kInvalidArgument,
                "the tokenizer names no end token (eos_token), which a model must learn; name one in "
                "its tokenizer_config.json");
  }
  return SpecialTokens{facts.begin.value_or(*facts.end), *facts.end};
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
  YURAI_ASSIGN(const std::string text, read_file(run / kRunName));
  YURAI_ASSIGN(const Json begun, parse_json(text, shown(run / kRunName)));
  if (begun == wanted) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} was begun with another '{}'; give it as it was, or train into another "
                          "folder",
                          shown(run), for_terminal(first_difference(begun, wanted))));
}

}  // namespace

Result<RunInputs> prepare_run(const TrainConfig& config, const fs::path& run, bool resume,
                              unsigned threads, const Progress& progress) {
  std::error_code error;
  if (!resume && is_there(run) && !fs::is_empty(run, error)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is there already; go on with --resume, or name another folder",
                            shown(run)));
  }
  std::vector<Corpus> corpora;
  for (const std::string& dir : config.corpora) {
    YURAI_ASSIGN(Corpus corpus, Corpus::open(dir));
    corpora.push_back(std::move(corpus));
  }
  fs::create_directories(run, error);
  if (error) return fail(io_error("create", run, error.value()));

  RunInputs inputs;
  YURAI_ASSIGN(inputs.tokenizer, make_tokenizer(config, corpora, run / "tokenizer", progress));
  YURAI_ASSIGN(inputs.special, special_tokens(inputs.tokenizer->facts()));
  if (!is_there(run / "tokens")) {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(run / "tokens", {}));
    YURAI_TRY(build_tokens(corpora, *inputs.tokenizer,
                           {.validation_share = config.validation_share, .threads = threads}, stage,
                           progress));
    YURAI_TRY(stage.commit());
  }
  YURAI_ASSIGN(TokenStore tokens, TokenStore::open(run / "tokens"));
  inputs.tokens = std::make_unique<TokenStore>(std::move(tokens));
  for (uint64_t d = 0; d < inputs.tokens->num_documents(); ++d) {
    (inputs.tokens->is_validation(d) ? inputs.validation : inputs.training).push_back(d);
  }
  if (inputs.training.empty()) {
    return fail(ErrorCode::kInvalidArgument, "no document is left to train on; add some, or lower "
                                             "validation.share");
  }
  YURAI_ASSIGN(inputs.corpus_sha256, json_string(inputs.tokens->manifest().facts, "corpus_sha256"));
  Sha256 given;  // of what the configuration names now
  for (const Corpus& corpus : corpora) given.update_field(corpus.identity().corpus_sha256);
  const std::string now =
      corpora.size() == 1 ? corpora[0].identity().corpus_sha256 : given.hex();
  if (now != inputs.corpus_sha256) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} was begun with another corpus than this one; train into another "
                            "folder",
                            shown(run)));
  }

  const Json facts = {{"format", kRunFormat},
                      {"format_version", kRunVersion},
                      {"tool_version", kToolVersion},
                      {"configuration", config.resolved},
                      {"corpus_sha256", inputs.corpus_sha256},
                      {"tokenizer_sha256", inputs.tokenizer->facts().sha256},
                      {"training_documents", inputs.training.size()},
                      {"validation_documents", inputs.validation.size()},
                      {"lineage", inputs.tokens->manifest().lineage}};
  if (is_there(run / kRunName)) {
    YURAI_TRY(check_begun(run, facts));
  } else {
    YURAI_TRY(write_file(run / kRunName, dump_json(facts) + "\n"));
  }
  return inputs;
}

Result<std::string> save_checkpoint(const fs::path& run, const CheckpointFacts& facts,
                                    const Transformer& model, std::span<const float> mean,
                                    std::span<const float> square) {
  std::error_code error;
  fs::create_directories(run / "checkpoints", error);
  if (error) return fail(io_error("create", run / "checkpoints", error.value()));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(
                   run / "checkpoints" / fmt::format("step-{}", facts.steps), {}));
  YURAI_TRY(stage.add_file("config.json", to_json(model.config()).dump(2) + "\n"));
  YURAI_TRY(copy_tokenizer(run / "tokenizer", stage));
  std::vector<TensorSource> tensors;
  for (const WeightRange& range : model.weight_ranges()) {
    tensors.push_back({range.parameter.name, DType::kF32, range.parameter.shape,
                       as_bytes(model.weights().subspan(range.begin, range.parameter.num_values()))});
  }
  YURAI_ASSIGN(auto weights, stage.create_file(kWeightsName));
  YURAI_TRY(write_safetensors(*weights, tensors, {{"format", "pt"}}));
  YURAI_TRY(weights->close());
  YURAI_ASSIGN(auto state, stage.create_file(kOptimizerName));
  const TensorSource moments[] = {{"mean", DType::kF32, {mean.size()}, as_bytes(mean)},
                                  {"square", DType::kF32, {square.size()}, as_bytes(square)}};
  YURAI_TRY(write_safetensors(*state, moments));
  YURAI_TRY(state->close());

  YURAI_ASSIGN(const std::string text, read_file(run / kRunName));
  YURAI_ASSIGN(const Json begun, parse_json(text, shown(run / kRunName)));
  Manifest manifest;
  manifest.format = kCheckpointFormat;
  manifest.format_version = kCheckpointVersion;
  manifest.configuration = begun["configuration"];
  manifest.lineage = begun["lineage"];
  manifest.inputs = {{std::string(kRunName), text.size(), sha256_hex(text)}};
  manifest.facts = {{"steps", facts.steps},
                    {"metrics_bytes", facts.metrics_bytes},
                    {"ledger_head", facts.ledger_head},
                    {"parameters", model.weights().size()}};
  YURAI_TRY(write_manifest(manifest, stage));
  YURAI_ASSIGN(const Manifest written, read_manifest(stage.path()));
  YURAI_TRY(stage.commit());
  return std::ranges::find(written.files, kWeightsName, &ManifestFile::name)->sha256;
}

Result<fs::path> newest_checkpoint(const fs::path& run) {
  std::optional<uint64_t> newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    uint64_t step = 0;
    const char* end = name.data() + name.size();
    if (!name.starts_with("step-")) continue;
    const auto [stop, failed] = std::from_chars(name.data() + 5, end, step);
    if (failed != std::errc() || stop != end || !is_there(entry.path() / kManifestName)) continue;
    newest = std::max(newest.value_or(0), step);
  }
  if (!newest) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} has no checkpoint yet", shown(run)));
  }
  return run / "checkpoints" / fmt::format("step-{}", *newest);
}

Result<std::optional<CheckpointFacts>> load_checkpoint(const fs::path& run, Transformer& model,
                                                       std::span<float> mean,
                                                       std::span<float> square) {
  const auto dir = newest_checkpoint(run);
  if (!dir) return std::optional<CheckpointFacts>();
  YURAI_ASSIGN(const Manifest manifest, read_manifest(*dir, kCheckpointFormat, kCheckpointVersion));
  YURAI_TRY(verify_files(*dir, manifest));
  CheckpointFacts facts;
  YURAI_ASSIGN(facts.steps, json_uint(manifest.facts, "steps"));
  YURAI_ASSIGN(facts.metrics_bytes, json_uint(manifest.facts, "metrics_bytes"));
  YURAI_ASSIGN(facts.ledger_head, json_string(manifest.facts, "ledger_head"));
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(*dir));
  for (const WeightRange& range : model.weight_ranges()) {
    YURAI_TRY(folder.read_f32(range.parameter.name,
                              model.weights().subspan(range.begin, range.parameter.num_values())));
  }
  YURAI_ASSIGN(const SafetensorsFile state, SafetensorsFile::open(*dir / kOptimizerName));
  for (const TensorEntry& entry : state.tensors()) {
    const std::span<float> values = entry.name == "mean" ? mean : square;
    if (entry.num_values() != values.size()) {
      return fail(ErrorCode::kCorrupt, fmt::format("{}: '{}' is not of this model", shown(*dir),
                                                   for_terminal(entry.name)));
    }
    YURAI_TRY(state.read_f32(entry, values));
  }
  return std::optional(facts);
}

}  // namespace yurai
