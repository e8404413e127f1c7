#include "yurai/index/run_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

/// What decides nearly always between records that share as many bytes with one before them; the
/// text tells the rest.
constexpr size_t kRunKeyBytes = 4;
constexpr size_t kValidBits = 3;
constexpr size_t kMinPlaceBytes = 2, kLcpBytes = 2;
static_assert(kRunKeyBytes < size_t{1} << kValidBits);
static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

}  // namespace

RunFormat::RunFormat(const RunText& part)
    : text_begin(part.begin),
      place_bytes(std::max(
          kMinPlaceBytes,
          (static_cast<size_t>(std::bit_width(part.end - part.begin)) + kValidBits + 7) / 8)),
      record_bytes(place_bytes + kLcpBytes + kRunKeyBytes),
      chunk_records((RunReader::kMemory - kSumBytes) / record_bytes) {}

// The place is moved as eight bytes, of which the record's other fields are a part.
static_assert(kMinPlaceBytes + kLcpBytes + kRunKeyBytes >= sizeof(uint64_t));
void RunFormat::write(const RunRecord& record, char* bytes) const {
  const uint64_t num_valid = std::min<uint64_t>(record.num_valid, kRunKeyBytes);
  const uint64_t place = (record.position - text_begin) << kValidBits | num_valid;
  const auto lcp = static_cast<uint16_t>(record.lcp);
  const auto key = static_cast<uint32_t>(record.key >> 8 * (kKeyBytes - kRunKeyBytes));
  std::memcpy(bytes, &place, sizeof(place));
  std::memcpy(bytes + place_bytes, &lcp, kLcpBytes);
  std::memcpy(bytes + place_bytes + kLcpBytes, &key, kRunKeyBytes);
}

RunRecord RunFormat::read(const char* bytes) const {
  uint64_t place = 0;
  uint16_t lcp = 0;
  uint32_t first_bytes = 0;
  std::memcpy(&place, bytes, sizeof(place));
  std::memcpy(&lcp, bytes + place_bytes, kLcpBytes);
  std::memcpy(&first_bytes, bytes + place_bytes + kLcpBytes, kRunKeyBytes);
  place &= ~uint64_t{0} >> 8 * (sizeof(place) - place_bytes);
  const uint64_t key = uint64_t{first_bytes} << 8 * (kKeyBytes - kRunKeyBytes);
  const auto num_valid = static_cast<uint32_t>(place & ((1 << kValidBits) - 1));
  // Behind the end of the document all bytes are FF, and so all are known.
  const uint64_t ended = key | ~uint64_t{0} >> 8 * num_valid;
  const bool ends = key_end(ended) < num_valid;
  return {text_begin + (place >> kValidBits), lcp,
          ends ? static_cast<uint32_t>(kKeyBytes) : num_valid, ends ? ended : key};
}

void RunChunks::begin(const RunFormat& format, uint64_t first) {
  YURAI_CHECK(first % format.chunk_records == 0);
  format_ = &format;
  first_ = first;
  num_records_ = size_ = chunk_begin_ = 0;
  samples_.clear();
}

void RunChunks::add(const RunRecord& record) {
  if (num_records_ % format_->chunk_records == 0) {
    chunk_begin_ = size_;
    bytes_.resize(std::max(bytes_.size(), size_ + format_->full_chunk_bytes()));
  }
  if ((first_ + num_records_) % kRecordsASample == 0) samples_.push_back(record.position);
  format_->write(record, &bytes_[size_]);
  size_ += format_->record_bytes;
  if (++num_records_ % format_->chunk_records == 0) end();
}

void RunChunks::end() {
  if (size_ == chunk_begin_) return;
  const uint64_t sum = xxh3(std::string_view(bytes_).substr(chunk_begin_, size_ - chunk_begin_));
  std::memcpy(&bytes_[size_], &sum, RunFormat::kSumBytes);
  chunk_begin_ = size_ += RunFormat::kSumBytes;
}

RunWriter::RunWriter(std::filesystem::path path, const RunText& part,
                     std::unique_ptr<WritableFile> file)
    : format_(std::make_unique<RunFormat>(part)),
      run_{std::move(path), part, 0, {}},
      file_(std::move(file)) {
  chunks_.begin(*format_, 0);
}

Result<RunWriter> RunWriter::create(StagingDirectory& stage, std::string_view name,
                                    const RunText& part) {
  YURAI_ASSIGN(auto file, stage.create_file(name));
  return RunWriter(stage.path() / name, part, std::move(file));
}

Result<void> RunWriter::append(const RunRecord& record) {
  chunks_.add(record);
  if (chunks_.num_records_ < format_->chunk_records) return {};
  YURAI_TRY(append(chunks_));
  chunks_.begin(*format_, run_.num_records);
  return {};
}

Result<void> RunWriter::append(const RunChunks& chunks) {
  YURAI_CHECK(chunks.first_ == run_.num_records);
  YURAI_TRY(file_->append(std::string_view(chunks.bytes_).substr(0, chunks.size_)));
  run_.samples.insert(run_.samples.end(), chunks.samples_.begin(), chunks.samples_.end());
  run_.num_records += chunks.num_records_;
  return {};
}

Result<Run> RunWriter::finish() {
  if (chunks_.num_records_ > 0) {
    chunks_.end();
    YURAI_TRY(append(chunks_));
  }
  YURAI_TRY(file_->flush());  // and no sync: nothing of it is read after a crash
  file_.reset();
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
