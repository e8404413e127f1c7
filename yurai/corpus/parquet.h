#pragma once

#include <filesystem>
#include <memory>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/document_reader.h"

/// Parquet through DuckDB's C library, in builds with -DYURAI_WITH_DUCKDB=ON; in others both
/// functions fail and say how to get it. docs/cli/corpus_export.md.
namespace yurai {

/// Whether this build can read and write Parquet.
bool parquet_supported();

/// The rows of a file, in order. The columns of `options.map` are taken (`text` must be there, as
/// strings), others are passed over; numbers and dates become text. A row whose text is null is
/// unreadable. Holds about 2,048 rows at a time.
Result<std::unique_ptr<DocumentReader>> open_parquet(const InputEntry& entry,
                                                     const ReadOptions& options);

/// Writes all documents to `file`: one row a document, a column a field, null where a field is not
/// known, compressed with Zstandard. The same corpus and version of DuckDB give the same bytes.
Result<void> write_parquet(const Corpus& corpus, const std::filesystem::path& file,
                           const Progress& progress);

}  // namespace yurai
