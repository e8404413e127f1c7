#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/corpus/input_file.h"

/// Which files a corpus is built from.
namespace yurai {

struct InputEntry {
  enum class Kind { kJsonLines, kText, kWarc, kParquet };

  std::filesystem::path path;
  std::string
      name;  ///< for the manifest: relative to the folder that was given, else the file name
  Kind kind = Kind::kJsonLines;
  Compression compression = Compression::kNone;
  uint64_t bytes = 0;  ///< on the disk
};

struct InputList {
  std::vector<InputEntry> files;
  std::vector<std::string> skipped;  ///< names of the files of folders that have another suffix
  uint64_t bytes = 0;                ///< of `files` on the disk
};

/// The suffixes that are read, for messages.
inline constexpr std::string_view kInputSuffixes =
    ".jsonl, .ndjson, .txt, .md and .warc, each also with .gz or .zst; .parquet";

/// Lists files as they are given, and what folders hold, recursively and sorted by the bytes of the
/// path within the folder. From folders only known suffixes are taken; other files, README.md and
/// links to folders are `skipped`, hidden ones left out; of a folder that a verb of ours wrote only
/// part-* are taken. An input that is missing, a file of another suffix and a folder without any
/// file to read are errors.
Result<InputList> list_inputs(const std::vector<std::filesystem::path>& inputs);

/// Refuses a target that lies in one of the inputs, or that replacing would take an input away.
Result<void> check_target(const std::filesystem::path& target,
                          const std::vector<std::filesystem::path>& inputs);

}  // namespace yurai
