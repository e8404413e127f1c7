#include "yurai/model/model_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <span>

#include "yurai/base/ascii.h"
#include "yurai/base/hash.h"
#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/model/model_facts.h"
#include "yurai/model/model_folder.h"
#include "yurai/record/artefact_folder.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReadme = "README.md";
/// The maker's card, beside ours.
constexpr std::string_view kSourceReadme = "README.source.md";

/// What public folders hold beside configuration and weights.
constexpr std::string_view kCompanions[] = {
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "LICENSE",
    "LICENSE.txt",
    "LICENSE.md",
    "NOTICE",
    "NOTICE.txt",
    "USE_POLICY.md",
    "README.md",
    "generation_config.json",
    "model.safetensors.index.json",
};

/// SPDX names that a model card on the Hugging Face Hub writes in small letters; others are
/// "other", with a name.
constexpr std::string_view kHubLicenses[] = {
    "Apache-2.0",      "MIT",          "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0",
    "CC-BY-4.0",       "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-SA-4.0",
    "CC-BY-NC-ND-4.0", "MPL-2.0",      "Unlicense",    "ISC",          "Zlib",
};

/// The files of a model that are in its folder, by name.
std::set<std::string> files_of(const ModelFolder& folder) {
  std::set<std::string> names = {"config.json"};
  for (const SafetensorsFile& file : folder.files()) {
    names.insert(file.path().filename().string());
  }
  for (const std::string_view name : kCompanions) {
    std::error_code ignored;
    if (fs::is_regular_file(folder.dir() / name, ignored)) names.emplace(name);
  }
  return names;
}

/// Reads a file piece by piece, and hashes it.
Result<ManifestFile> hash_file(const fs::path& from, std::string_view name,
                               const Progress& progress,
                               const std::function<Result<void>(std::string_view)>& on_piece = {}) {
  YURAI_ASSIGN(const ReadableFile file, ReadableFile::open(from));
  ManifestFile read{std::string(name), 0, ""};
  Sha256 hash;
  std::string buffer(1 << 20, '\0');
  while (true) {
    YURAI_TRY(check_stop());
    YURAI_ASSIGN(const size_t got, file.read(read.bytes, buffer));
    if (got == 0) break;
    const std::string_view bytes(buffer.data(), got);
    if (on_piece) YURAI_TRY(on_piece(bytes));
    hash.update(bytes);
    read.bytes += got;
    progress("read " + read.name, read.bytes, file.size_bytes());
  }
  read.sha256 = hash.hex();
  return read;
}

/// Copies and hashes what it reads.
Result<ManifestFile> copy_file(const fs::path& from, std::string_view name, StagingDirectory& stage,
                               const Progress& progress) {
  YURAI_ASSIGN(const auto copy, stage.create_file(name));
  YURAI_ASSIGN(ManifestFile copied, hash_file(from, name, progress, [&](std::string_view bytes) {
                 return copy->append(bytes);
               }));
  YURAI_TRY(copy->close());
  return copied;
}

/// Tensors of a quantised copy, in memory until they are written.
class QuantizedTensors {
 public:
  explicit QuantizedTensors(const ModelFolder& source) : source_(source) {}

  Result<void> add(const ParameterShape& parameter) {
    const TensorEntry& entry = source_.tensor(parameter.name);
    if (!is_int8(int8_config_, parameter)) {
      std::string& bytes = bytes_.emplace_back(entry.byte_end - entry.byte_begin, '\0');
      YURAI_TRY(source_.read_bytes(parameter.name, bytes));
      sources_.push_back({parameter.name, entry.dtype, parameter.shape, bytes});
      return {};
    }
    const uint64_t rows = parameter.shape[0];
    const uint64_t columns = parameter.shape[1];
    std::vector<float> values(parameter.num_values());
    YURAI_TRY(source_.read_f32(parameter.name, values));
    std::string& bytes = bytes_.emplace_back(values.size(), '\0');
    std::string& scales = bytes_.emplace_back(rows * sizeof(float), '\0');
    const std::span<int8_t> quantized(reinterpret_cast<int8_t*>(bytes.data()), bytes.size());
    for (uint64_t row = 0; row < rows; ++row) {
      const float scale = quantize_row(std::span(values).subspan(row * columns, columns),
                                       quantized.subspan(row * columns, columns));
      if (std::isnan(scale)) return source_.not_finite(parameter.name);
      std::memcpy(scales.data() + row * sizeof scale, &scale, sizeof scale);
    }
    sources_.push_back({parameter.name, DType::kI8, parameter.shape, bytes});
    sources_.push_back(
        {parameter.name + std::string(kScaleSuffix), DType::kF32, {rows, 1}, scales});
    return {};
  }
  const std::vector<TensorSource>& sources() const { return sources_; }
  const ModelConfig& config() const { return int8_config_; }

 private:
  const ModelFolder& source_;
  const ModelConfig int8_config_ = [this] {
    ModelConfig config = source_.config();
    config.int8_weights = true;
    return config;
  }();
  std::list<std::string> bytes_;
  std::vector<TensorSource> sources_;
};

/// The manifest of a model's folder that we wrote, once every byte is proven; none of any other.
Result<std::optional<Manifest>> proven_manifest(const fs::path& dir) {
  std::error_code ignored;
  if (!fs::exists(dir / kManifestName, ignored) || !fs::exists(dir / "config.json", ignored)) {
    return std::optional<Manifest>();
  }
  YURAI_ASSIGN(const std::string text, read_file(dir / kManifestName));
  if (text.find("\"yurai-") == text.npos) return std::optional<Manifest>();  // another program's
  YURAI_ASSIGN(Manifest manifest, read_manifest(dir));
  if (manifest.format_version != kModelVersion) {  // of a run's checkpoints, it is the same number
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}': version {} of {} is unknown; use the program that made it",
                            for_terminal(dir.string()), manifest.format_version,
                            for_terminal(manifest.format)));
  }
  YURAI_TRY(verify_files(dir, manifest));
  YURAI_TRY(check_nothing_added(dir, manifest));
  return std::optional(std::move(manifest));
}

/// What lies in the staging folder is what was read.
Result<void> check_copy(const std::vector<ManifestFile>& read,
                        const std::vector<ManifestFile>& there) {
  const bool same =
      std::ranges::equal(read, there, [](const ManifestFile& a, const ManifestFile& b) {
        return a.name == b.name && a.bytes == b.bytes && a.sha256 == b.sha256;
      });
  if (same) return {};
  return fail(ErrorCode::kIo, "the copy differs from what was copied; look at the disk, try again");
}

Result<std::vector<std::string>> left_out(const fs::path& dir, const std::set<std::string>& taken) {
  std::vector<std::string> names;
  std::error_code status;
  for (fs::directory_iterator entry(dir, status); !status && entry != fs::directory_iterator();
       entry.increment(status)) {
    std::string name = entry->path().filename().string();
    if (!taken.contains(name)) names.push_back(std::move(name));
  }
  if (status) return fail(io_error("list", dir, status.value()));
  std::ranges::sort(names);
  return names;
}

/// Untrusted text in Markdown: on one line, between backticks that it does not hold.
std::string code(std::string text) {
  text = for_terminal(text);
  std::ranges::replace(text, '`', '\'');
  return text.empty() ? "unknown" : "`" + text + "`";
}

std::string readme(const Manifest& manifest) {
  const Json& facts = manifest.facts;
  const auto text = [&](std::string_view key) { return json_string(facts, key).value_or(""); };
  std::string card = "---\nlibrary_name: transformers\ntags:\n- yurai\n";
  if (const std::string license = text("license"); !license.empty()) {
    const auto known = std::ranges::find(kHubLicenses, license);
    card += known != std::end(kHubLicenses)
                ? fmt::format("license: {}\n", to_lower(license))
                : fmt::format("license: other\nlicense_name: {}\n", dump_json(Json(license)));
  }
  const Json parameters = facts.value("parameters", Json::object());
  card += fmt::format(
      "---\n\n# Model card\n\nA stub: what follows was recorded and computed by Yurai {}. Add what "
      "the model is for, what it was trained on and where it fails.\n\n"
      "| | |\n|---|---|\n| Architecture | {} |\n| Parameters | {} |\n| Active a token | {} |\n"
      "| Licence, as recorded | {} |\n| Source, as recorded | {} |\n| SHA-256 of the weights | {} "
      "|\n| SHA-256 of Yurai's manifest | {} |\n",
      kToolVersion, code(text("architecture")), grouped(json_uint(parameters, "total").value_or(0)),
      grouped(json_uint(parameters, "active").value_or(0)), code(text("license")),
      code(text("source")), code(text("weights_sha256")), code(manifest_checksum(manifest)));
  card += "\n## Made from\n\n| file | bytes | SHA-256 |\n|---|---:|---|\n";
  for (const ManifestFile& input : manifest.inputs) {
    card += fmt::format("| {} | {} | {} |\n", code(input.name), input.bytes, code(input.sha256));
  }
  for (const Json& step : manifest.lineage) {
    card += fmt::format("| {} | | {} |\n", code(json_string(step, "format").value_or("")),
                        code(json_string(step, "checksum").value_or("")));
  }
  const auto has_card = [](const ManifestFile& file) { return file.name == kReadme; };
  if (std::ranges::any_of(manifest.files, has_card)) {
    card += fmt::format("\nThe card of the source is in [{0}]({0}).\n", kSourceReadme);
  }
  return card;
}

}  // namespace

Result<ImportedModel> import_model(const fs::path& source, const ModelImportOptions& options,
                                   StagingDirectory& stage, const Progress& progress) {
  YURAI_ASSIGN(const auto made, proven_manifest(source));
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(source));
  ImportedModel model;
  Manifest& manifest = model.manifest;
  manifest.format = kModelFormat;
  manifest.format_version = kModelVersion;
  const std::set<std::string> names = files_of(folder);
  YURAI_ASSIGN(model.left_out, left_out(source, names));
  for (const std::string& name : names) {
    YURAI_ASSIGN(ManifestFile file, copy_file(source / name, name, stage, progress));
    manifest.inputs.push_back(std::move(file));
  }
  YURAI_ASSIGN(manifest.files, list_files(stage.path(), {}, progress));
  YURAI_TRY(check_copy(manifest.inputs, manifest.files));
  YURAI_ASSIGN(const ModelFolder copy, ModelFolder::open(stage.path()));
  manifest.facts = facts_json(copy);
  YURAI_ASSIGN(manifest.facts["weights_sha256"], verify_weights(copy, progress));
  manifest.facts["license"] = or_null(options.license);
  manifest.facts["source"] = or_null(options.source);
  if (made) add_to_lineage(manifest.lineage, *made);
  YURAI_TRY(write_manifest(manifest, stage, progress));
  return model;
}

Result<Manifest> export_model(const fs::path& model, StagingDirectory& stage,
                              const Progress& progress) {
  YURAI_ASSIGN(Manifest manifest, read_manifest(model, kModelFormat, kModelVersion));
  if (json_string(manifest.facts, "quantization").value_or("") == "int8") {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: its weights are int8, which is only for generating text; export "
                            "the model that it was made from",
                            for_terminal(model.string())));
  }
  std::vector<ManifestFile> copies;
  for (const ManifestFile& file : manifest.files) {
    const std::string name = file.name == kReadme ? std::string(kSourceReadme) : file.name;
    YURAI_ASSIGN(const ManifestFile copied, copy_file(model / file.name, name, stage, progress));
    if (copied.bytes != file.bytes || copied.sha256 != file.sha256) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("'{}' is not what manifest.json says; import the model again",
                              for_terminal((model / file.name).string())));
    }
    copies.push_back(copied);
  }
  YURAI_ASSIGN(const std::vector<ManifestFile> there, list_files(stage.path(), {}, progress));
  std::ranges::sort(copies, {}, &ManifestFile::name);
  YURAI_TRY(check_copy(copies, there));
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(stage.path()));
  YURAI_ASSIGN(const std::string weights, verify_weights(folder, progress));
  if (json_string(manifest.facts, "weights_sha256").value_or("") != weights) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': the weights are not those of manifest.json; import it again",
                            for_terminal(model.string())));
  }
  YURAI_TRY(stage.add_file(kReadme, readme(manifest)));
  return manifest;
}

Result<Manifest> quantize_model(const fs::path& source, StagingDirectory& stage,
                                const Progress& progress) {
  YURAI_ASSIGN(const auto made, proven_manifest(source));
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(source));
  if (folder.config().int8_weights) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: its weights are int8 already", for_terminal(source.string())));
  }
  Manifest manifest;
  manifest.format = kModelFormat;
  manifest.format_version = kModelVersion;
  QuantizedTensors tensors(folder);
  for (size_t i = 0; i < folder.parameters().size(); ++i) {
    YURAI_TRY(check_stop());
    YURAI_TRY(tensors.add(folder.parameters()[i]));
    progress("quantize", i + 1, folder.parameters().size());
  }
  YURAI_ASSIGN(const auto file, stage.create_file("model.safetensors"));
  YURAI_TRY(write_safetensors(*file, tensors.sources(), {{"format", "pt"}}));
  YURAI_TRY(file->close());
  YURAI_TRY(stage.add_file("config.json", dump_json(to_json(tensors.config())) + "\n"));
  for (const std::string& name : files_of(folder)) {
    const bool companion = std::ranges::find(kCompanions, name) != std::end(kCompanions);
    const bool copied = companion && name != "model.safetensors.index.json";
    YURAI_ASSIGN(ManifestFile input, copied ? copy_file(source / name, name, stage, progress)
                                            : hash_file(source / name, name, progress));
    manifest.inputs.push_back(std::move(input));
  }
  YURAI_ASSIGN(manifest.files, list_files(stage.path(), {}, progress));
  YURAI_ASSIGN(const ModelFolder copy, ModelFolder::open(stage.path()));
  manifest.facts = facts_json(copy);
  YURAI_ASSIGN(manifest.facts["weights_sha256"], verify_weights(copy, progress));
  // Whose licence and origin the source's manifest records, if it has one of ours.
  for (const char* key : {"license", "source"}) {
    manifest.facts[key] = made ? made->facts.value(key, Json()) : Json(nullptr);
  }
  if (made) add_to_lineage(manifest.lineage, *made);
  YURAI_TRY(write_manifest(manifest, stage, progress));
  return manifest;
}

Result<ModelFolder> open_proven(const std::filesystem::path& dir) {
  YURAI_TRY(proven_manifest(dir));
  return ModelFolder::open(dir);
}

}  // namespace yurai
