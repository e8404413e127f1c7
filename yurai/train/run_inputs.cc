#include "yurai/train/run_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/record/manifest.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kTokenizerFiles = {
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"};

std::string shown(const fs::path& path) { return for_terminal(path.string()); }

Result<SpecialTokens> special_tokens(const TokenizerFacts& facts) {
  if (!facts.end) {
    return fail(
        ErrorCode::kInvalidArgument,
        "the tokenizer names no end token (eos_token), which a model must learn; name one in "
        "its tokenizer_config.json");
  }
  return SpecialTokens{facts.begin.value_or(*facts.end), *facts.end};
}

}  // namespace

fs::path folder_path(const fs::path& dir) { return dir.has_filename() ? dir : dir.parent_path(); }

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

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

std::string run_text(Json facts) {
  facts["checksum"] = sha256_hex(dump_json(facts));
  return dump_json(facts) + "\n";
}

Result<Json> read_run(const fs::path& run) {
  auto text = read_file(run / kRunName);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is no training run: it has no {}; make one with 'yurai train'",
                            shown(run), kRunName));
  }
  if (!text) return fail(std::move(text).error());
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: {}, so it was damaged or changed; put back a copy of it, or train "
                            "into another folder",
                            shown(run / kRunName), what));
  };
  auto json = parse_json(*text, "run.json");
  if (!json || !json->is_object()) return damaged("it is no JSON object");
  const auto version = json_uint(*json, "format_version");
  if (!version) return damaged("it has no format_version");
  if (*version == 0 || *version > kRunVersion) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: version {} of a run is unknown; use the program that made it",
                            shown(run), *version));
  }
  if (json_string(*json, "format").value_or("") != kRunFormat) return damaged("it is no run");
  const auto is_of = [&](const char* key, bool (Json::*kind)() const noexcept) {
    const auto member = json->find(key);
    return member != json->end() && (*member.*kind)();
  };
  for (const char* key : {"corpus_sha256", "tokenizer_sha256"}) {
    if (!is_of(key, &Json::is_string)) return damaged(fmt::format("its '{}' is no text", key));
  }
  for (const char* key : {"tokens", "documents", "validation_documents"}) {
    if (!is_of(key, &Json::is_number_unsigned)) {
      return damaged(fmt::format("its '{}' is no number", key));
    }
  }
  if (!is_of("configuration", &Json::is_object)) return damaged("it has no configuration");
  if (!is_of("lineage", &Json::is_array)) return damaged("it has no lineage");
  if (*version == 1) return std::move(*json);
  const auto checksum = json_string(*json, "checksum");
  if (!checksum) return damaged("it has no checksum");
  json->erase("checksum");
  if (sha256_hex(dump_json(*json)) != *checksum) return damaged("its checksum is another one");
  return std::move(*json);
}

Result<std::unique_ptr<Tokenizer>> open_run_tokenizer(const fs::path& run) {
  const fs::path dir = run / kRunTokenizer;
  if (is_there(dir / kManifestName)) {
    YURAI_ASSIGN(const Manifest learned, read_manifest(dir));
    YURAI_TRY(verify_files(dir, learned));
  }
  return Tokenizer::open(dir);
}

Result<RunInputs> open_run(const fs::path& run) {
  RunInputs inputs;
  YURAI_ASSIGN(inputs.run, read_run(run));
  YURAI_ASSIGN(inputs.tokenizer, open_run_tokenizer(run));
  YURAI_ASSIGN(inputs.special, special_tokens(inputs.tokenizer->facts()));
  YURAI_ASSIGN(TokenStore tokens, TokenStore::open(run / kRunTokens));
  inputs.tokens = std::make_unique<TokenStore>(std::move(tokens));
  for (uint64_t d = 0; d < inputs.tokens->num_documents(); ++d) {
    (inputs.tokens->is_validation(d) ? inputs.validation : inputs.training).push_back(d);
  }
  if (inputs.training.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no document is left to train on; add some, or lower "
                "validation.share");
  }
  YURAI_ASSIGN(inputs.corpus_sha256, json_string(inputs.tokens->manifest().facts, "corpus_sha256"));
  return inputs;
}

Result<std::vector<CheckpointFolder>> list_checkpoints(const fs::path& run) {
  std::vector<CheckpointFolder> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    uint64_t step = 0;
    const char* end = name.data() + name.size();
    if (!name.starts_with("step-")) continue;
    const auto [stop, failed] = std::from_chars(name.data() + 5, end, step);
    if (failed != std::errc() || stop != end) continue;
    if (!is_there(entry.path() / kManifestName)) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} has lost its {}; remove the folder, to go on "
                              "from the newest of the others",
                              shown(entry.path()), kManifestName));
    }
    found.push_back({step, entry.path()});
  }
  std::ranges::sort(found, {}, &CheckpointFolder::steps);
  return found;
}

Result<fs::path> newest_checkpoint(const fs::path& run) {
  YURAI_ASSIGN(const std::vector<CheckpointFolder> found, list_checkpoints(run));
  if (!found.empty()) return found.back().dir;
  return fail(ErrorCode::kNotFound, fmt::format("{} has no checkpoint yet", shown(run)));
}

Result<void> check_checkpoint_name(const fs::path& checkpoint, uint64_t steps) {
  if (checkpoint.filename() == fmt::format("step-{}", steps)) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("{} holds the model after {} steps; give it back its "
                          "name, or remove it",
                          shown(checkpoint), steps));
}

std::optional<CheckpointBehind> checkpoint_behind(const Manifest& manifest) {
  const auto of = [](std::string_view format,
                     const Json& facts) -> std::optional<CheckpointBehind> {
    const auto steps = json_uint(facts, "steps");
    const auto ledger_head = json_string(facts, "ledger_head");
    if (format != kCheckpointFormat || !steps || !ledger_head) return std::nullopt;
    return CheckpointBehind{*steps, *ledger_head};
  };
  if (manifest.format == kCheckpointFormat && manifest.format_version != kCheckpointVersion) {
    return std::nullopt;
  }
  if (auto itself = of(manifest.format, manifest.facts)) return itself;
  for (size_t i = manifest.lineage.size(); i-- > 0;) {
    const Json& step = manifest.lineage[i];
    const auto format = json_string(step, "format");
    if (!format || !step.contains("facts")) continue;
    if (auto found = of(*format, step["facts"])) return found;
  }
  return std::nullopt;
}

}  // namespace yurai
