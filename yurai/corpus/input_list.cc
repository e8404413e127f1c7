#include "yurai/corpus/input_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "yurai/base/ascii.h"
#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/record/manifest.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

bool take_suffix(std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

/// What the suffix says; nothing for an unknown one.
std::optional<InputEntry> classify(const fs::path& path) {
  InputEntry entry;
  entry.path = path;
  std::string name = to_lower(path.filename().string());
  if (take_suffix(name, ".gz")) {
    entry.compression = Compression::kGzip;
  } else if (take_suffix(name, ".zst")) {
    entry.compression = Compression::kZstd;
  }
  if (take_suffix(name, ".txt") || take_suffix(name, ".md")) {
    entry.kind = InputEntry::Kind::kText;
  } else if (take_suffix(name, ".warc")) {
    entry.kind = InputEntry::Kind::kWarc;
  } else if (entry.compression == Compression::kNone && take_suffix(name, ".parquet")) {
    entry.kind = InputEntry::Kind::kParquet;
  } else if (!take_suffix(name, ".jsonl") && !take_suffix(name, ".ndjson")) {
    return std::nullopt;
  }
  return entry;
}

Result<void> add_file(InputEntry entry, std::string name, InputList& list) {
  std::error_code status;
  if (fs::exists(entry.path, status) && !fs::is_regular_file(entry.path, status)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no regular file", for_terminal(entry.path.string())));
  }
  entry.bytes = fs::file_size(entry.path, status);
  if (status) return fail(io_error("read", entry.path, status.value()));
  entry.name = for_terminal(name);
  list.bytes += entry.bytes;
  list.files.push_back(std::move(entry));
  return {};
}

/// A folder's README.md tells about its documents (data sets have one); README.ja.md too.
bool tells_about_folder(const fs::path& path) {
  const std::string name = to_lower(path.filename().string());
  return name.starts_with("readme.") && name.ends_with(".md");
}

/// Files of which only a folder that one of our verbs wrote holds both.
constexpr std::array<std::pair<const char*, const char*>, 7> kOwnFiles = {
    {{"text.bin", "rows.bin"},
     {"ledger/chain.json", "ledger/summary.json"},
     {"report.html", "rejects.jsonl"},
     {"removals.jsonl", "rejects.jsonl"},
     {"labels.jsonl", "rejects.jsonl"},
     {"leaves.bin", "fences.bin"},
     {"tokens.bin", "lengths.bin"}}};

/// A folder of ours without its manifest says no more which of its files hold documents.
Result<void> refuse_without_manifest(const fs::path& folder) {
  std::error_code status;
  if (fs::exists(folder / kStagingMark, status)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is what a run of yurai has not finished; name its result, or run "
                            "it again",
                            for_terminal(folder.string())));
  }
  for (const auto& [one, other] : kOwnFiles) {
    if (!fs::exists(folder / one, status) || !fs::exists(folder / other, status)) continue;
    return fail(
        ErrorCode::kCorrupt,
        fmt::format(
            "'{}' holds {} and {} but no {} of yurai's: yurai wrote it, and without that file "
            "not all that it holds are documents; bring it back, make the folder "
            "again, or name the files that should be read",
            for_terminal(folder.string()), one, other, kManifestName));
  }
  return {};
}

/// Whether one of our own verbs wrote the folder. One that is damaged is an error: what is left of
/// it would pass for documents.
Result<bool> is_own_folder(const fs::path& folder) {
  std::error_code status;
  if (!fs::exists(folder / kManifestName, status)) {
    YURAI_TRY(refuse_without_manifest(folder));
    return false;
  }
  const auto text = read_file(folder / kManifestName);
  if (!text || text->find("\"yurai-") == std::string::npos) {  // somebody else's, or emptied
    YURAI_TRY(refuse_without_manifest(folder));
    return false;
  }
  YURAI_ASSIGN(const Manifest manifest, read_manifest(folder));
  for (const auto& entry : fs::directory_iterator(folder, status)) {
    const std::string name = entry.path().filename().string();
    const bool is_listed = std::any_of(manifest.files.begin(), manifest.files.end(),
                                       [&](const ManifestFile& file) { return file.name == name; });
    if (is_listed || !name.starts_with("part-")) continue;
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("'{}' is not among the files that {} lists; move it away, or name it by "
                    "itself to read it",
                    for_terminal(entry.path().string()), kManifestName));
  }
  return true;
}

Result<void> add_folder(const fs::path& folder, InputList& list) {
  std::vector<std::string> names;  // relative, with '/'
  std::error_code status;
  fs::recursive_directory_iterator entry(folder, status);
  for (; !status && entry != fs::recursive_directory_iterator(); entry.increment(status)) {
    std::string name = entry->path().lexically_relative(folder).generic_string();
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (!entry->is_directory(status)) {
      // Of links to nowhere, pipes and the like those fail below that are named like an input.
      names.push_back(std::move(name));
    } else if (entry->is_symlink(status)) {
      list.skipped.push_back(for_terminal(name + "/"));  // it could lead back here
    }
    if (status == std::errc::no_such_file_or_directory) status.clear();
  }
  if (status) return fail(io_error("list", folder, status.value()));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name == kManifestName || fs::path(name).filename() != kManifestName) continue;
    const auto text = read_file(folder / name);
    if (!text || text->find("\"yurai-") == std::string::npos) continue;  // somebody else's
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is a folder that yurai wrote, inside of '{}': not all that it "
                            "holds are documents; name such folders one by one",
                            for_terminal((folder / name).parent_path().string()),
                            for_terminal(folder.string())));
  }
  const size_t before = list.files.size();
  // What our own verbs wrote: the documents are in the parts, the rest tells about them.
  YURAI_ASSIGN(const bool parts_only, is_own_folder(folder));
  for (const std::string& name : names) {
    if (parts_only && !name.starts_with("part-")) continue;
    if (auto file = classify(folder / name); file && !tells_about_folder(name)) {
      YURAI_TRY(add_file(std::move(*file), name, list));
    } else {
      list.skipped.push_back(for_terminal(name));
    }
  }
  std::sort(list.skipped.begin(), list.skipped.end());
  if (list.files.size() == before) {
    return fail(ErrorCode::kNotFound, fmt::format("folder '{}' holds no file to read ({})",
                                                  for_terminal(folder.string()), kInputSuffixes));
  }
  return {};
}

/// Whether `path` is `folder` or lies below it; both canonical.
bool lies_in(const fs::path& path, const fs::path& folder) {
  const auto [rest, end] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return rest == folder.end();
}

}  // namespace

Result<InputList> list_inputs(const std::vector<fs::path>& inputs) {
  InputList list;
  for (const fs::path& input : inputs) {
    std::error_code status;
    const fs::file_status file = fs::status(input, status);
    if (!fs::exists(file)) return fail(io_error("read", input, status.value()));
    if (fs::is_directory(file)) {
      // "folder/" and "folder" list the same names.
      YURAI_TRY(add_folder(input.has_filename() ? input : input.parent_path(), list));
      continue;
    }
    auto entry = classify(input);
    if (!entry) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' (byte 0): its suffix says nothing about what it holds; files "
                              "that are read end in {}",
                              for_terminal(input.string()), kInputSuffixes));
    }
    YURAI_TRY(add_file(std::move(*entry), input.filename().string(), list));
  }
  return list;
}

Result<void> check_target(const fs::path& target, const std::vector<fs::path>& inputs) {
  std::error_code status;
  const auto canonical = [&](const fs::path& path) -> Result<fs::path> {
    fs::path found = fs::weakly_canonical(fs::absolute(path, status), status);
    if (status) return fail(io_error("look at", path, status.value()));
    return found;
  };
  YURAI_ASSIGN(const fs::path there, canonical(target));
  for (const fs::path& input : inputs) {
    YURAI_ASSIGN(const fs::path from, canonical(input));
    if (lies_in(there, from) || lies_in(from, there)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the corpus '{}' and the input '{}' must not lie within each other; "
                              "name another folder for the corpus",
                              for_terminal(target.string()), for_terminal(input.string())));
    }
  }
  return {};
}

}  // namespace yurai
