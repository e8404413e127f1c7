#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "yurai/base/block_file.h"
#include "yurai/base/result.h"
#include "yurai/record/document.h"

/// The rows of a corpus: what is known of each document beside its text. docs/formats/corpus.md.
///
///     YURAI_ASSIGN(const RowTable rows, RowTable::open(dir, row_bytes, num_documents, mode));
///     YURAI_ASSIGN(const Row row, rows.read(0));
namespace yurai {

/// One row: a document without its text, and the SHA-256 of the text.
struct Row {
  Document document;
  std::array<char, 32> text_sha256{};
};

/// The bytes of a row.
std::string encode_row(const Document& document, std::string_view text_sha256);

/// rows.bin and row_offsets.bin, read on demand. Thread-safe.
class RowTable {
 public:
  static Result<RowTable> open(const std::filesystem::path& dir, uint64_t rows_bytes,
                               uint64_t num_rows, ReadableFile::Mode mode);
  /// Row `number`, less than the `num_rows` that were opened.
  Result<Row> read(uint64_t number) const;

 private:
  RowTable(BlockFile rows, BlockFile offsets, uint64_t num_rows)
      : rows_(std::move(rows)), offsets_(std::move(offsets)), num_rows_(num_rows) {}

  BlockFile rows_;
  BlockFile offsets_;
  uint64_t num_rows_;
};

/// `size` bytes from `offset` of a block file, each block proven; the range must lie inside.
Result<std::string> read_range(const BlockFile& file, uint64_t offset, uint64_t size);

}  // namespace yurai
