#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/index/leaf.h"

/// Sorted points of a part of the corpus on disk, between the sort and the merge. A temporary file
/// of the staging folder: records in chunks, each with its checksum.
namespace yurai {

/// A point, and the eight bytes of its suffix (suffix_key.h) after the lcp.
struct RunRecord {
  uint64_t position = 0;   ///< in the corpus text
  uint32_t lcp = 0;        ///< bytes shared with the record before, capped at kMaxLcp
  uint32_t num_valid = 0;  ///< bytes of `key` that are the suffix's, from the first
  uint64_t key = 0;
};

/// Sorted records, front to back.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// Whether there was another.
  virtual Result<bool> next(RunRecord& record) = 0;
};

/// Of every so many records, the first one's position stays in memory.
inline constexpr uint64_t kRecordsASample = 1 << 13;

/// A finished run.
struct Run {
  std::filesystem::path path;
  uint64_t num_records = 0;
  std::vector<uint64_t> samples;  ///< positions of records 0, kRecordsASample, …
};

class RunWriter {
 public:
  /// Writes the file `name` of the staging folder.
  static Result<RunWriter> create(StagingDirectory& stage, std::string_view name);
  Result<void> append(const RunRecord& record);
  Result<Run> finish();

 private:
  RunWriter(std::filesystem::path path, std::unique_ptr<WritableFile> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Result<void> write_chunk();

  std::filesystem::path path_;
  std::unique_ptr<WritableFile> file_;
  std::string chunk_;
  uint64_t num_records_ = 0;
  std::vector<uint64_t> samples_;
};

/// Records [begin, end) of a run, front to back. Keeps one chunk in memory.
class RunReader final : public RecordReader {
 public:
  static Result<RunReader> open(const Run& run, uint64_t begin, uint64_t end);
  /// kCorrupt where the chunk is not what was written.
  Result<bool> next(RunRecord& record) override;
  /// Goes on at record `number`.
  void seek(uint64_t number, uint64_t end);

  static constexpr uint64_t kMemory = 64 << 10;

 private:
  RunReader(ReadableFile file, uint64_t num_records)
      : file_(std::move(file)), num_records_(num_records) {}
  Result<void> read_chunk(uint64_t number);

  ReadableFile file_;
  uint64_t num_records_;
  uint64_t next_ = 0;
  uint64_t end_ = 0;
  uint64_t chunk_number_ = ~uint64_t{0};
  std::string chunk_;
};

}  // namespace yurai
