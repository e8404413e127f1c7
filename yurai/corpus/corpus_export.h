#pragma once

#include <filesystem>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"

namespace yurai {

struct CorpusExportOptions {
  bool force = false;    ///< replace a file that exists
  Disk* disk = nullptr;  ///< nullptr: posix_disk()
};

/// kInvalidArgument for a suffix that says no kind of file.
Result<void> check_export_name(const std::filesystem::path& file);

/// Writes all documents, in order, to one file of the kind that its suffix says: .jsonl, .jsonl.gz,
/// .jsonl.zst or .parquet. Fields that are not known are left out (JSONL) or null (Parquet). A
/// corpus built from the file has the same corpus_sha256. The file is whole or absent.
Result<void> export_corpus(const Corpus& corpus, const std::filesystem::path& file,
                           const CorpusExportOptions& options, const Progress& progress);

}  // namespace yurai
