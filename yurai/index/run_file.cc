#include "yurai/index/run_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

// A record: position and lcp as in a leaf's entry, with num_valid in the place of the branching
// byte; the key. A chunk: records, then the XXH3 of their bytes.
constexpr size_t kRecordBytes = 16;
constexpr size_t kChunkBytes = RunReader::kMemory;
constexpr size_t kSumBytes = 8;
constexpr uint64_t kChunkRecords = (kChunkBytes - kSumBytes) / kRecordBytes;
constexpr size_t kFullChunkBytes = kChunkRecords * kRecordBytes + kSumBytes;

}  // namespace

Result<RunWriter> RunWriter::create(StagingDirectory& stage, std::string_view name) {
  YURAI_ASSIGN(auto file, stage.create_file(name));
  return RunWriter(stage.path() / name, std::move(file));
}

Result<void> RunWriter::append(const RunRecord& record) {
  const uint64_t words[2] = {
      pack({record.position, record.lcp, static_cast<uint8_t>(record.num_valid)}), record.key};
  chunk_.append(reinterpret_cast<const char*>(words), sizeof(words));
  if (num_records_++ % kRecordsASample == 0) samples_.push_back(record.position);
  return chunk_.size() == kChunkRecords * kRecordBytes ? write_chunk() : Result<void>();
}

Result<void> RunWriter::write_chunk() {
  const uint64_t sum = xxh3(chunk_);
  chunk_.append(reinterpret_cast<const char*>(&sum), kSumBytes);
  YURAI_TRY(file_->append(chunk_));
  chunk_.clear();
  return {};
}

Result<Run> RunWriter::finish() {
  if (!chunk_.empty()) YURAI_TRY(write_chunk());
  YURAI_TRY(file_->close());
  return Run{path_, num_records_, std::move(samples_)};
}

Result<RunReader> RunReader::open(const Run& run, uint64_t begin, uint64_t end) {
  YURAI_ASSIGN(ReadableFile file, ReadableFile::open(run.path));
  RunReader reader(std::move(file), run.num_records);
  reader.seek(begin, end);
  return reader;
}

void RunReader::seek(uint64_t number, uint64_t end) {
  next_ = number;
  end_ = end;
}

Result<void> RunReader::read_chunk(uint64_t number) {
  chunk_number_ = ~uint64_t{0};
  const uint64_t records = std::min(kChunkRecords, num_records_ - number * kChunkRecords);
  chunk_.resize(records * kRecordBytes + kSumBytes);
  YURAI_TRY(file_.read_exactly(number * kFullChunkBytes, chunk_));
  uint64_t sum;
  std::memcpy(&sum, chunk_.data() + records * kRecordBytes, kSumBytes);
  if (sum != xxh3(std::string_view(chunk_).substr(0, records * kRecordBytes))) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': checksum mismatch at byte {}; build the index again",
                            for_terminal(file_.path().string()), number * kFullChunkBytes));
  }
  chunk_number_ = number;
  return {};
}

Result<bool> RunReader::next(RunRecord& record) {
  if (next_ == end_) return false;
  if (next_ / kChunkRecords != chunk_number_) YURAI_TRY(read_chunk(next_ / kChunkRecords));
  uint64_t words[2];
  std::memcpy(words, chunk_.data() + next_ % kChunkRecords * kRecordBytes, sizeof(words));
  const LeafEntry entry = unpack(words[0]);
  record = {entry.position, entry.lcp, entry.branch, words[1]};
  ++next_;
  return true;
}

}  // namespace yurai
