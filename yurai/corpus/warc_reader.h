#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/corpus/input_file.h"

/// The records of a web archive (WARC 0.17 to 1.1, ISO 28500), one at a time.
///
///     WarcReader reader(file, path, 256 << 20);
///     WarcRecord record;
///     while (true) { YURAI_ASSIGN(const bool more, reader.next(record)); if (!more) break; … }
namespace yurai {

struct WarcRecord {
  uint64_t number = 0;  ///< from 1
  uint64_t byte = 0;    ///< where it begins in the decompressed file
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
  std::string_view block;                                   ///< valid until the next call
  std::string problem;  ///< not empty: broken; the fields that could be read are there

  /// The first field of this (lower-case) name; empty when there is none.
  std::string_view field(std::string_view name) const;
};

/// Reads front to back, holding one record. A record that is too long, does not end where it says
/// or has another block digest (SHA-1, SHA-256) than it says comes with a `problem`, and the reader
/// goes on at the next line that begins a record. A file that does not begin as a WARC file, or
/// that ends inside a record, is kCorrupt. Not thread-safe.
class WarcReader {
 public:
  /// `path` is for messages.
  WarcReader(InputFile& file, std::filesystem::path path, uint64_t max_record_bytes)
      : file_(&file), path_(std::move(path)), max_record_bytes_(max_record_bytes) {}

  /// False at the end.
  Result<bool> next(WarcRecord& record);

 private:
  std::string_view waiting() const { return std::string_view(buffer_).substr(begin_); }
  uint64_t offset() const { return end_offset_ - (buffer_.size() - begin_); }
  Result<bool> read_more();
  Result<void> wait_for(uint64_t num_bytes);
  Result<void> skip(uint64_t num_bytes);
  Result<bool> skip_line_breaks();
  Result<bool> find_header_end(size_t& header_bytes, size_t& break_bytes);
  Result<bool> ends_here(uint64_t block_end);
  Result<void> skip_to_record(std::string problem, WarcRecord& record);
  tl::unexpected<Error> broken(std::string_view what) const;

  InputFile* file_;
  std::filesystem::path path_;
  uint64_t max_record_bytes_;
  std::string buffer_;  ///< [begin_, end) is not given out yet
  size_t begin_ = 0;
  size_t consumed_ = 0;      ///< what the last record holds of the buffer
  uint64_t end_offset_ = 0;  ///< of the end of the buffer in the decompressed file
  uint64_t num_records_ = 0;
};

}  // namespace yurai
