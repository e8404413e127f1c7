#include "yurai/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/model/model_folder.h"
#include "yurai/record/artefact_folder.h"
#include "yurai/train/run_inputs.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWeightsName = "model.safetensors";
constexpr std::string_view kOptimizerName = "optimizer.safetensors";

std::string shown(const fs::path& path) { return for_terminal(path.string()); }

std::string_view as_bytes(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// "" for a manifest without weights.
std::string weights_sha256(const Manifest& manifest) {
  const auto file = std::ranges::find(manifest.files, kWeightsName, &ManifestFile::name);
  return file == manifest.files.end() ? "" : file->sha256;
}

}  // namespace

Result<std::string> save_checkpoint(const fs::path& run, const CheckpointFacts& facts,
                                    const Transformer& model, std::span<const float> mean,
                                    std::span<const float> square, Disk& disk) {
  std::error_code error;
  fs::create_directories(run / "checkpoints", error);
  if (error) return fail(io_error("create", run / "checkpoints", error.value()));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(run / "checkpoints" / fmt::format("step-{}", facts.steps),
                                        {.disk = &disk}));
  YURAI_TRY(stage.add_file("config.json", to_json(model.config()).dump(2) + "\n"));
  YURAI_TRY(copy_tokenizer(run / kRunTokenizer, stage));
  std::vector<TensorSource> tensors;
  for (const WeightRange& range : model.weight_ranges()) {
    tensors.push_back(
        {range.parameter.name, DType::kF32, range.parameter.shape,
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
  YURAI_ASSIGN(const Json begun, read_run(run));
  Manifest manifest;
  manifest.format = kCheckpointFormat;
  manifest.format_version = kCheckpointVersion;
  manifest.configuration = begun["configuration"];
  manifest.lineage = begun["lineage"];
  manifest.inputs = {{std::string(kRunName), text.size(), sha256_hex(text)}};
  manifest.facts = {{"steps", facts.steps},
                    {"metrics_bytes", facts.metrics_bytes},
                    {"metrics_head", facts.metrics_head},
                    {"ledger_head", facts.ledger_head},
                    {"parameters", model.weights().size()}};
  YURAI_TRY(write_manifest(manifest, stage));
  YURAI_ASSIGN(const Manifest written, read_manifest(stage.path()));
  YURAI_TRY(stage.commit());
  return weights_sha256(written);
}

namespace {

Result<CheckpointFacts> load_from(const fs::path& dir, Transformer& model, std::span<float> mean,
                                  std::span<float> square) {
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir, kCheckpointFormat, kCheckpointVersion));
  YURAI_TRY(verify_files(dir, manifest));
  YURAI_TRY(check_nothing_added(dir, manifest));
  CheckpointFacts facts;
  YURAI_ASSIGN(facts.steps, json_uint(manifest.facts, "steps"));
  YURAI_TRY(check_checkpoint_name(dir, facts.steps));
  YURAI_ASSIGN(facts.metrics_bytes, json_uint(manifest.facts, "metrics_bytes"));
  YURAI_ASSIGN(facts.ledger_head, json_string(manifest.facts, "ledger_head"));
  if (manifest.facts.contains("metrics_head")) {
    YURAI_ASSIGN(facts.metrics_head, json_string(manifest.facts, "metrics_head"));
  }
  facts.weights_sha256 = weights_sha256(manifest);
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(dir));
  for (const WeightRange& range : model.weight_ranges()) {
    YURAI_TRY(folder.read_f32(range.parameter.name,
                              model.weights().subspan(range.begin, range.parameter.num_values())));
  }
  YURAI_ASSIGN(const SafetensorsFile state, SafetensorsFile::open(dir / kOptimizerName));
  for (const TensorEntry& entry : state.tensors()) {
    const std::span<float> values = entry.name == "mean" ? mean : square;
    if (entry.num_values() != values.size()) {
      return fail(ErrorCode::kCorrupt, fmt::format("{}: '{}' is not of this model", shown(dir),
                                                   for_terminal(entry.name)));
    }
    YURAI_TRY(state.read_f32(entry, values));
  }
  return facts;
}

}  // namespace

Result<std::optional<CheckpointFacts>> load_checkpoint(const fs::path& run, Transformer& model,
                                                       std::span<float> mean,
                                                       std::span<float> square) {
  YURAI_ASSIGN(const std::vector<CheckpointFolder> found, list_checkpoints(run));
  if (found.empty()) return std::optional<CheckpointFacts>();
  auto loaded = load_from(found.back().dir, model, mean, square);
  if (!loaded && loaded.error().code == ErrorCode::kCorrupt && found.size() > 1) {
    loaded.error().message +=
        fmt::format("; or remove {} to go on from {}", shown(found.back().dir),
                    found[found.size() - 2].dir.filename().string());
  }
  YURAI_ASSIGN(const CheckpointFacts facts, std::move(loaded));
  return std::optional(facts);
}

}  // namespace yurai
