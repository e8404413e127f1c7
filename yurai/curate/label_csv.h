#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/corpus/input_file.h"

namespace yurai {

/// One row of a CSV file.
struct CsvRow {
  std::vector<std::string> fields;
  uint64_t number = 0;  ///< of the record, from 1; the header counts, blank lines do not
  uint64_t byte = 0;    ///< where it begins in the decompressed file
  std::string problem;  ///< not empty: broken, without fields
};

/// CSV as RFC 4180 has it: quotes where a field holds a comma, a quote or a line break; CRLF or LF;
/// a byte order mark is passed over. Holds one row. Not thread-safe.
class CsvReader {
 public:
  explicit CsvReader(InputFile& file) : file_(&file) {}

  /// The next row that is not a blank line; false at the end. A row that is broken (a quote inside
  /// a field, more than 16 MiB, not UTF-8) has a `problem`, and the next begins at the next line.
  Result<bool> next(CsvRow& row);

 private:
  Result<bool> fill();
  Result<void> read_row(CsvRow& row);
  Result<void> skip_line(CsvRow& row, std::string problem);

  InputFile* file_;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t offset_ = 0;  ///< of buffer_[0] in the decompressed file
  uint64_t num_rows_ = 0;
};

/// A field as a row holds it: in quotes where it must be.
std::string csv_field(std::string_view text);

}  // namespace yurai
