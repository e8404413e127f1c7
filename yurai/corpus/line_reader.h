#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/corpus/input_file.h"

namespace yurai {

/// The longest line of JSONL, and the longest plain text file, that becomes a document.
inline constexpr uint64_t kMaxRecordBytes = 256ull << 20;

/// A line without its end (LF or CRLF).
struct Line {
  std::string_view bytes;  ///< valid until the next call; empty when too long
  uint64_t number = 0;     ///< from 1
  uint64_t byte = 0;       ///< where it begins in the decompressed stream
  bool too_long = false;   ///< more than `max_line_bytes`; it was skipped without being held
};

/// Splits an input into lines, holding one at a time. Not thread-safe.
///
///     LineReader lines(file);
///     Line line;
///     while (true) { YURAI_ASSIGN(const bool more, lines.next(line)); if (!more) break; … }
class LineReader {
 public:
  explicit LineReader(InputFile& file, uint64_t max_line_bytes = kMaxRecordBytes)
      : file_(&file), max_line_bytes_(max_line_bytes) {}

  /// Reads the next line; false at the end. A last line without a line break counts if it is not
  /// empty.
  Result<bool> next(Line& line);

  /// Reads all that is left as one line.
  Result<void> rest(Line& line);

 private:
  Result<bool> read_more();
  Result<bool> skip_to_line_break();
  void make_room();
  Result<bool> next_until(int line_break, Line& line);

  InputFile* file_;
  uint64_t max_line_bytes_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  ///< of what was read and not given out
  size_t end_ = 0;
  uint64_t stream_offset_ = 0;  ///< of buffer_[begin_]
  uint64_t num_lines_ = 0;
};

}  // namespace yurai
