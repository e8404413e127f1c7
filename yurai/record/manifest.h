#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"

namespace yurai {

inline constexpr std::string_view kToolVersion = "0.1.0";

/// A file of an artefact, or an input it was made from.
struct ManifestFile {
  std::string name;  ///< relative; never absolute
  uint64_t bytes = 0;
  std::string sha256;
};

/// `manifest.json` of an artefact folder: what it is, what it was made from and how. Holds no time
/// and no path of a machine, so the same inputs give the same bytes. docs/formats/manifest.md.
struct Manifest {
  std::string format;           ///< "yurai-corpus", "yurai-index"
  uint64_t format_version = 0;  ///< readers refuse what they don't know
  std::string tool_version{kToolVersion};
  std::vector<ManifestFile> inputs;
  Json configuration = Json::object();  ///< the options that shaped it
  Json facts = Json::object();          ///< what came out: counts, hashes
  Json lineage = Json::array();     ///< the artefacts behind it, oldest first (`add_to_lineage`)
  std::vector<ManifestFile> files;  ///< every other file of the folder
};

/// More inputs than this are listed in a file instead of in the manifest.
inline constexpr size_t kMaxManifestInputs = 1000;
inline constexpr std::string_view kInputsName = "inputs.jsonl";

/// Moves inputs that are too many to kInputsName of the staging folder, a line each; they are then
/// that file.
Result<void> bound_inputs(Manifest& manifest, StagingDirectory& stage);

Json to_json(const Manifest& manifest);

/// As a file of its own, with its checksum, and back; `name` is the file's, for messages.
std::string manifest_text(const Manifest& manifest);
Result<Manifest> parse_manifest(std::string_view text, std::string_view name);

/// SHA-256 of the manifest as it is written: the artefact's name in a lineage.
std::string manifest_checksum(const Manifest& manifest);

/// Adds an artefact, after those that it was made from itself, to a lineage that does not have it
/// yet. docs/formats/manifest.md.
void add_to_lineage(Json& lineage, const Manifest& manifest);

/// Reads and checks DIR/manifest.json: its own checksum, and the name and size of every file.
Result<Manifest> read_manifest(const std::filesystem::path& dir);
/// The same, and refuses another format or version with a message that says what to do.
Result<Manifest> read_manifest(const std::filesystem::path& dir, std::string_view format,
                               uint64_t format_version);

/// Fills `files` from what the staging folder holds and writes manifest.json there. Of files that
/// the manifest lists already, with their size, the hash is taken from it. May be called
/// again when files were added.
Result<void> write_manifest(Manifest manifest, StagingDirectory& stage,
                            const Progress& progress = no_progress);

/// The files in a folder and its folders but for its manifest.json, by name. Of those that `known`
/// lists with their size, the hash is taken from it.
Result<std::vector<ManifestFile>> list_files(const std::filesystem::path& dir,
                                             const std::vector<ManifestFile>& known = {},
                                             const Progress& progress = no_progress);

/// Replaces DIR/manifest.json by this manifest, `files` and all, in one step.
Result<void> replace_manifest(const std::filesystem::path& dir, const Manifest& manifest,
                              Disk& disk = posix_disk());

/// Compares size and SHA-256 of every file with the manifest, reading all of it.
Result<void> verify_files(const std::filesystem::path& dir, const Manifest& manifest,
                          const Progress& progress = no_progress);

/// Proves and reads one (small) file of the artefact: for what stays in memory after open.
Result<std::string> read_manifest_file(const std::filesystem::path& dir, const Manifest& manifest,
                                       std::string_view name);

/// Size of a file of the artefact as the manifest gives it.
Result<uint64_t> manifest_file_bytes(const Manifest& manifest, std::string_view name);

}  // namespace yurai
