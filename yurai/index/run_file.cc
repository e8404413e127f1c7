#include "yurai/index/run_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

/// What decides nearly always between records that share as many bytes with one before them; the
/// text tells the rest.
constexpr size_t kRunKeyBytes = 4;
constexpr size_t kValidBits = 3;
constexpr size_t kLcpBytes = 2;
static_assert(kRunKeyBytes < size_t{1} << kValidBits);

uint64_t read_bytes(const char* bytes, size_t num_bytes) {
  uint64_t number = 0;
  std::memcpy(&number, bytes, num_bytes);
  return number;
}

}  // namespace

RunFormat::RunFormat(const RunText& part)
    : text_begin(part.begin),
      place_bytes((static_cast<size_t>(std::bit_width(part.end - part.begin)) + kValidBits + 7) /
                  8),
      record_bytes(place_bytes + kLcpBytes + kRunKeyBytes),
      chunk_records((RunReader::kMemory - kSumBytes) / record_bytes) {}

void RunFormat::append(const RunRecord& record, std::string& out) const {
  const uint64_t num_valid = std::min<uint64_t>(record.num_valid, kRunKeyBytes);
  append_fixed((record.position - text_begin) << kValidBits | num_valid,
               static_cast<int>(place_bytes), out);
  append_fixed(record.lcp, static_cast<int>(kLcpBytes), out);
  append_fixed(record.key >> 8 * (kKeyBytes - kRunKeyBytes), static_cast<int>(kRunKeyBytes), out);
}

RunRecord RunFormat::read(const char* bytes) const {
  const uint64_t place = read_bytes(bytes, place_bytes);
  const auto lcp = static_cast<uint32_t>(read_bytes(bytes + place_bytes, kLcpBytes));
  const uint64_t key = read_bytes(bytes + place_bytes + kLcpBytes, kRunKeyBytes)
                       << 8 * (kKeyBytes - kRunKeyBytes);
  const auto num_valid = static_cast<uint32_t>(place & ((1 << kValidBits) - 1));
  // Behind the end of the document all bytes are FF, and so all are known.
  const uint64_t ended = key | ~uint64_t{0} >> 8 * num_valid;
  const bool ends = key_end(ended) < num_valid;
  return {text_begin + (place >> kValidBits), lcp,
          ends ? static_cast<uint32_t>(kKeyBytes) : num_valid, ends ? ended : key};
}

Result<RunWriter> RunWriter::create(StagingDirectory& stage, std::string_view name,
                                    const RunText& part) {
  YURAI_ASSIGN(auto file, stage.create_file(name));
  return RunWriter(stage.path() / name, part, std::move(file));
}

Result<void> RunWriter::append(const RunRecord& record) {
  format_.append(record, chunk_);
  if (run_.num_records++ % kRecordsASample == 0) run_.samples.push_back(record.position);
  return chunk_.size() == format_.chunk_records * format_.record_bytes ? write_chunk()
                                                                       : Result<void>();
}

Result<void> RunWriter::write_chunk() {
  const uint64_t sum = xxh3(chunk_);
  chunk_.append(reinterpret_cast<const char*>(&sum), RunFormat::kSumBytes);
  YURAI_TRY(file_->append(chunk_));
  chunk_.clear();
  return {};
}

Result<Run> RunWriter::finish() {
  if (!chunk_.empty()) YURAI_TRY(write_chunk());
  YURAI_TRY(file_->close());
  return std::move(run_);
}

void free_records(const Run& run, uint64_t begin, uint64_t end) {
  const RunFormat format(run.part);
  free_file_range(run.path, begin / format.chunk_records * format.full_chunk_bytes(),
                  end / format.chunk_records * format.full_chunk_bytes());
}

Result<RunReader> RunReader::open(const Run& run, uint64_t begin, uint64_t end) {
  YURAI_ASSIGN(ReadableFile file, ReadableFile::open(run.path));
  RunReader reader(std::move(file), run);
  reader.seek(begin, end);
  return reader;
}

void RunReader::seek(uint64_t number, uint64_t end) {
  next_ = number;
  end_ = end;
}

Result<void> RunReader::read_chunk(uint64_t number) {
  chunk_number_ = ~uint64_t{0};
  const uint64_t records =
      std::min(format_.chunk_records, num_records_ - number * format_.chunk_records);
  const size_t num_bytes = records * format_.record_bytes;
  chunk_.resize(num_bytes + RunFormat::kSumBytes);
  const uint64_t at = number * format_.full_chunk_bytes();
  YURAI_TRY(file_.read_exactly(at, chunk_));
  uint64_t sum;
  std::memcpy(&sum, chunk_.data() + num_bytes, RunFormat::kSumBytes);
  if (sum != xxh3(std::string_view(chunk_).substr(0, num_bytes))) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': checksum mismatch at byte {}; build the index again",
                            for_terminal(file_.path().string()), at));
  }
  chunk_number_ = number;
  return {};
}

Result<bool> RunReader::next(RunRecord& record) {
  if (next_ == end_) return false;
  if (next_ / format_.chunk_records != chunk_number_) {
    YURAI_TRY(read_chunk(next_ / format_.chunk_records));
  }
  record = format_.read(chunk_.data() + next_ % format_.chunk_records * format_.record_bytes);
  ++next_;
  return true;
}

}  // namespace yurai
