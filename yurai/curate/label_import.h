#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/curate/label_set.h"

/// Files of labels as they come, for import_labels.
namespace yurai {

struct LabelSink {
  std::function<void(LabelRow)> add;
  std::function<Result<void>(const std::string& file, uint64_t record, uint64_t byte,
                             const std::string& reason)>
      reject;
};

/// Reads one .csv or .jsonl file; a row that is no label goes to `sink.reject`. A missing column,
/// an unknown suffix and a broken container are errors.
Result<ManifestFile> read_label_file(const std::filesystem::path& path,
                                     const LabelImportOptions& options, const LabelSink& sink,
                                     const Progress& progress);

/// Gives rows without text that of the corpus's document with their hash.
Result<ManifestFile> attach_texts(const std::filesystem::path& corpus, std::vector<LabelRow>& rows,
                                  const Progress& progress);

}  // namespace yurai
