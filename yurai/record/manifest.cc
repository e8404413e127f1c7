#include "yurai/record/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxLineage = 1'000;      // so that a manifest stays below what is read of one …
constexpr size_t kMaxLineageInputs = 100;  // … and its lineage small beside the data

tl::unexpected<Error> corrupt(const fs::path& dir, std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': {}; build it again", for_terminal(dir.string()), what));
}

Json files_json(const std::vector<ManifestFile>& files) {
  Json list = Json::array();
  for (const ManifestFile& file : files) {
    list.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return list;
}

Result<std::vector<ManifestFile>> parse_files(const Json& json, std::string_view key) {
  std::vector<ManifestFile> files;
  if (!json.contains(key) || !json[key].is_array()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' must be a list", key));
  }
  for (const Json& item : json[key]) {
    ManifestFile file;
    YURAI_ASSIGN(file.name, json_string(item, "name"));
    YURAI_ASSIGN(file.bytes, json_uint(item, "bytes"));
    YURAI_ASSIGN(file.sha256, json_string(item, "sha256"));
    files.push_back(std::move(file));
  }
  return files;
}

Result<Manifest> manifest_of(const Json& json) {
  Manifest manifest;
  YURAI_ASSIGN(manifest.format, json_string(json, "format"));
  YURAI_ASSIGN(manifest.format_version, json_uint(json, "format_version"));
  YURAI_ASSIGN(manifest.tool_version, json_string(json, "tool_version"));
  YURAI_ASSIGN(manifest.inputs, parse_files(json, "inputs"));
  YURAI_ASSIGN(manifest.files, parse_files(json, "files"));
  manifest.configuration = json.value("configuration", Json::object());
  manifest.facts = json.value("facts", Json::object());
  manifest.lineage = json.value("lineage", Json::array());
  if (!manifest.lineage.is_array()) {
    return fail(ErrorCode::kInvalidArgument, "'lineage' must be a list");
  }
  if (!manifest.configuration.is_object() || !manifest.facts.is_object()) {
    return fail(ErrorCode::kInvalidArgument, "'configuration' and 'facts' must be objects");
  }
  return manifest;
}

Result<std::string> file_sha256(const fs::path& path, const std::function<void(uint64_t)>& done) {
  YURAI_ASSIGN(const ReadableFile file, ReadableFile::open(path));
  Sha256 hash;
  std::string buffer(1 << 20, '\0');
  for (uint64_t offset = 0;;) {
    YURAI_ASSIGN(const size_t got, file.read(offset, buffer));
    if (got == 0) return hash.hex();
    hash.update({buffer.data(), got});
    offset += got;
    done(offset);
  }
}

/// A name that stays inside the folder.
bool is_plain_name(const std::string& name) {
  const fs::path path(name);
  return !name.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

}  // namespace

Result<void> bound_inputs(Manifest& manifest, StagingDirectory& stage) {
  if (manifest.inputs.size() <= kMaxManifestInputs) return {};
  std::string lines;
  for (const Json& input : files_json(manifest.inputs)) lines += dump_json(input) + "\n";
  YURAI_TRY(stage.add_file(kInputsName, lines));
  manifest.inputs = {{std::string(kInputsName), lines.size(), sha256_hex(lines)}};
  return {};
}

Json to_json(const Manifest& manifest) {
  Json json = {{"format", manifest.format},
               {"format_version", manifest.format_version},
               {"tool_version", manifest.tool_version},
               {"inputs", files_json(manifest.inputs)},
               {"configuration", manifest.configuration},
               {"facts", manifest.facts}};
  if (!manifest.lineage.empty()) json["lineage"] = manifest.lineage;
  json["files"] = files_json(manifest.files);
  return json;
}

std::string manifest_text(const Manifest& manifest) {
  Json json = to_json(manifest);
  json["checksum"] = sha256_hex(dump_json(json));
  return json.dump(2) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view name) {
  const auto corrupt = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", name, what));
  };
  YURAI_ASSIGN(Json json, parse_json(text, name));
  const auto checksum = json_string(json, "checksum");
  if (!checksum) return corrupt("it has no checksum");
  json.erase("checksum");
  if (sha256_hex(dump_json(json)) != *checksum) {
    return corrupt("it was changed after it was written (checksum mismatch)");
  }
  auto manifest = manifest_of(json);
  if (!manifest) return corrupt(manifest.error().message);
  for (const ManifestFile& file : manifest->files) {
    if (!is_plain_name(file.name)) return corrupt("it names a file outside of its folder");
  }
  return manifest;
}

std::string manifest_checksum(const Manifest& manifest) {
  return sha256_hex(dump_json(to_json(manifest)));
}

void add_to_lineage(Json& lineage, const Manifest& manifest) {
  const auto has = [&](const Json& checksum) {
    return std::any_of(lineage.begin(), lineage.end(), [&](const Json& step) {
      return step.is_object() && step.value("checksum", Json()) == checksum;
    });
  };
  const auto add = [&](Json step) {
    if (!has(step["checksum"]) && lineage.size() < kMaxLineage) lineage.push_back(std::move(step));
  };
  Json made_from = Json::array();
  for (const Json& step : manifest.lineage) {
    if (!step.is_object() || !step.contains("checksum")) continue;
    add(step);
    made_from.push_back(step["checksum"]);
  }
  std::vector<ManifestFile> inputs = manifest.inputs;
  if (inputs.size() > kMaxLineageInputs) inputs.resize(kMaxLineageInputs);
  add({{"format", manifest.format},
       {"format_version", manifest.format_version},
       {"tool_version", manifest.tool_version},
       {"checksum", manifest_checksum(manifest)},
       {"made_from", std::move(made_from)},
       {"num_inputs", manifest.inputs.size()},
       {"inputs", files_json(inputs)},
       {"configuration", manifest.configuration},
       {"facts", manifest.facts}});
}

Result<Manifest> read_manifest(const fs::path& dir) {
  const fs::path path = dir / kManifestName;
  auto bytes = read_file(path, 64 << 20);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is no Yurai corpus or index: it has no manifest.json",
                            for_terminal(dir.string())));
  }
  if (!bytes) return fail(std::move(bytes).error());
  auto manifest = parse_manifest(*bytes, kManifestName);
  if (!manifest) return corrupt(dir, manifest.error().message);
  for (const ManifestFile& file : manifest->files) {
    std::error_code status;
    const uint64_t bytes_there = fs::file_size(dir / file.name, status);
    if (status) {
      return corrupt(dir, fmt::format("'{}': {}", for_terminal(file.name), status.message()));
    }
    if (bytes_there != file.bytes) {
      return corrupt(dir, fmt::format("'{}' has {} bytes, manifest.json says {}",
                                      for_terminal(file.name), bytes_there, file.bytes));
    }
  }
  return manifest;
}

Result<Manifest> read_manifest(const fs::path& dir, std::string_view format,
                               uint64_t format_version) {
  YURAI_ASSIGN(Manifest manifest, read_manifest(dir));
  const std::string name = for_terminal(dir.string());
  if (manifest.format != format) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is a {}, a {} is needed here", name,
                                                         for_terminal(manifest.format), format));
  }
  if (manifest.format_version != format_version) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' has {} version {}, this program reads version {}; build it again",
                            name, format, manifest.format_version, format_version));
  }
  return manifest;
}

Result<std::vector<ManifestFile>> list_files(const fs::path& dir,
                                             const std::vector<ManifestFile>& known,
                                             const Progress& progress) {
  std::vector<ManifestFile> files;
  std::error_code status;
  fs::recursive_directory_iterator entry(dir, status);
  for (; !status && entry != fs::recursive_directory_iterator(); entry.increment(status)) {
    if (!entry->is_regular_file(status)) continue;
    ManifestFile file;
    file.name = entry->path().lexically_relative(dir).generic_string();
    if (file.name == kManifestName || file.name == kStagingMark) continue;
    file.bytes = entry->file_size(status);
    if (status) break;
    const auto same = std::find_if(known.begin(), known.end(), [&](const ManifestFile& other) {
      return other.name == file.name && other.bytes == file.bytes;
    });
    if (same != known.end()) {
      file.sha256 = same->sha256;
    } else {
      YURAI_ASSIGN(file.sha256, file_sha256(entry->path(), [&](uint64_t done) {
                     progress("hash " + file.name, done, file.bytes);
                   }));
    }
    files.push_back(std::move(file));
  }
  if (status) return fail(io_error("list", dir, status.value()));
  std::sort(files.begin(), files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.name < b.name; });
  return files;
}

Result<void> write_manifest(Manifest manifest, StagingDirectory& stage, const Progress& progress) {
  YURAI_ASSIGN(manifest.files, list_files(stage.path(), manifest.files, progress));
  return stage.add_file(kManifestName, manifest_text(manifest));
}

Result<void> replace_manifest(const fs::path& dir, const Manifest& manifest, Disk& disk) {
  return write_file(dir / kManifestName, manifest_text(manifest), disk);
}

Result<void> verify_files(const fs::path& dir, const Manifest& manifest, const Progress& progress) {
  uint64_t total = 0;
  for (const ManifestFile& file : manifest.files) total += file.bytes;
  uint64_t before = 0;
  for (const ManifestFile& file : manifest.files) {
    YURAI_ASSIGN(const std::string sha256, file_sha256(dir / file.name, [&](uint64_t done) {
                   progress("verify", before + done, total);
                 }));
    before += file.bytes;
    if (sha256 != file.sha256) {
      return corrupt(dir, fmt::format("'{}' has SHA-256 {}, manifest.json says {}",
                                      for_terminal(file.name), sha256, file.sha256));
    }
  }
  return {};
}

Result<std::string> read_manifest_file(const fs::path& dir, const Manifest& manifest,
                                       std::string_view name) {
  for (const ManifestFile& file : manifest.files) {
    if (file.name != name) continue;
    YURAI_ASSIGN(std::string bytes, read_file(dir / file.name, file.bytes));
    if (sha256_hex(bytes) != file.sha256) {
      return corrupt(dir, fmt::format("'{}': checksum mismatch", name));
    }
    return bytes;
  }
  return corrupt(dir, fmt::format("manifest.json lists no '{}'", name));
}

Result<uint64_t> manifest_file_bytes(const Manifest& manifest, std::string_view name) {
  for (const ManifestFile& file : manifest.files) {
    if (file.name == name) return file.bytes;
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("manifest.json lists no '{}'; build it again", name));
}

}  // namespace yurai
