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

/// A point, and the first bytes of its suffix (suffix_key.h) after the lcp.
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

/// A part of the corpus text, bytes [begin, end).
struct RunText {
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// A finished run: the points of a part of the text.
struct Run {
  std::filesystem::path path;
  RunText part;
  uint64_t num_records = 0;
  std::vector<uint64_t> samples;  ///< positions of records 0, kRecordsASample, …
};

/// How records lie in the file of a run: position in the part and number of valid bytes in as few
/// bytes as the part allows, two of lcp, kRunKeyBytes of the key. A chunk: records, then the XXH3
/// of their bytes.
struct RunFormat {
  explicit RunFormat(const RunText& part);
  uint64_t text_begin;
  size_t place_bytes;
  size_t record_bytes;
  uint64_t chunk_records;

  uint64_t full_chunk_bytes() const { return chunk_records * record_bytes + kSumBytes; }
  /// `bytes` has room for a record.
  void write(const RunRecord& record, char* bytes) const;
  RunRecord read(const char* bytes) const;

  static constexpr size_t kSumBytes = 8;
};

/// Chunks of a run on their way to its file: records from number `first` on, which begins one.
class RunChunks {
 public:
  void begin(const RunFormat& format, uint64_t first);
  void add(const RunRecord& record);
  /// Ends the last chunk, which only the last of a run may leave short.
  void end();

 private:
  friend class RunWriter;
  const RunFormat* format_ = nullptr;
  uint64_t first_ = 0, num_records_ = 0;
  std::string bytes_;
  size_t size_ = 0;         ///< of bytes_, used
  size_t chunk_begin_ = 0;  ///< in bytes_
  std::vector<uint64_t> samples_;
};

class RunWriter {
 public:
  /// Writes the file `name` of the staging folder.
  static Result<RunWriter> create(StagingDirectory& stage, std::string_view name,
                                  const RunText& part);
  const RunFormat& format() const { return *format_; }
  Result<void> append(const RunRecord& record);
  /// The same of the next records at once; `append(record)` has not been called.
  Result<void> append(const RunChunks& chunks);
  Result<Run> finish();

 private:
  RunWriter(std::filesystem::path path, const RunText& part, std::unique_ptr<WritableFile> file);

  std::unique_ptr<const RunFormat> format_;  // where chunks find it
  Run run_;
  std::unique_ptr<WritableFile> file_;
  RunChunks chunks_;
};

/// Gives the disk space of a run's chunks back that lie in records [begin, end) or before them,
/// where the file system can.
void free_records(const Run& run, uint64_t begin, uint64_t end);

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
  RunReader(ReadableFile file, const Run& run)
      : format_(run.part), file_(std::move(file)), num_records_(run.num_records) {}
  Result<void> read_chunk(uint64_t number);

  RunFormat format_;
  ReadableFile file_;
  uint64_t num_records_;
  uint64_t next_ = 0;
  uint64_t end_ = 0;
  uint64_t chunk_number_ = ~uint64_t{0};
  std::string chunk_;
};

}  // namespace yurai
