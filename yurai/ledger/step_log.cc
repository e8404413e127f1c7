#include "yurai/ledger/step_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr uint64_t kLengthBytes = 4;
constexpr uint64_t kHashBytes = 32;
constexpr uint64_t kFrameBytes = kLengthBytes + kHashBytes;

std::string_view view(const ChainHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

ChainHash hash_of(std::string_view bytes) {
  ChainHash hash{};
  std::copy_n(bytes.begin(), hash.size(), hash.begin());
  return hash;
}

}  // namespace

ChainHash next_hash(const ChainHash& previous, std::string_view payload) {
  Sha256 hash;
  hash.update(view(previous));
  hash.update(payload);
  return hash.digest();
}

std::string hex(const ChainHash& hash) {
  std::string text;
  for (const uint8_t byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

std::string step_record(std::string_view payload, const ChainHash& hash) {
  YURAI_CHECK(payload.size() <= UINT32_MAX);
  std::string record;
  record.reserve(payload.size() + kFrameBytes);
  append_fixed(payload.size(), kLengthBytes, record);
  record += payload;
  record += view(hash);
  return record;
}

StepLog::StepLog(ReadableFile log, ReadableFile index, const ChainHash& genesis)
    : log_(std::move(log)),
      index_(std::move(index)),
      genesis_(genesis),
      indexed_(index_.size_bytes() / kStepIndexBytes) {}

tl::unexpected<Error> StepLog::corrupt(uint64_t number, std::string_view what) const {
  return fail(ErrorCode::kCorrupt, fmt::format("step {}: {} ('{}'); put back a copy of the folder",
                                               number, what, for_terminal(log_.path().string())));
}

Result<StepLog> StepLog::open(const std::filesystem::path& dir, const ChainHash& genesis,
                              uint64_t max_steps) {
  // The index first: whatever it names was in the log before.
  YURAI_ASSIGN(ReadableFile index, ReadableFile::open(dir / kStepIndexName));
  YURAI_ASSIGN(ReadableFile log, ReadableFile::open(dir / kStepLogName));
  StepLog steps(std::move(log), std::move(index), genesis);
  steps.indexed_ = std::min(steps.indexed_, max_steps);
  if (steps.indexed_ > 0) YURAI_TRY(steps.payload(steps.indexed_ - 1));
  YURAI_TRY(steps.read_tail(max_steps));
  return steps;
}

Result<void> StepLog::read_tail(uint64_t max_steps) {
  YURAI_ASSIGN(uint64_t at, end(indexed_));
  YURAI_ASSIGN(ChainHash before, hash(indexed_));
  while (this->steps() < max_steps && log_.size_bytes() - at >= kFrameBytes) {
    YURAI_ASSIGN(const std::string length, record_at(at, at + kLengthBytes));
    const uint64_t next = at + kFrameBytes + NumberReader(length).fixed(kLengthBytes);
    if (next > log_.size_bytes()) break;
    YURAI_ASSIGN(const std::string record, record_at(at, next));
    const auto payload = std::string_view(record).substr(kLengthBytes, next - at - kFrameBytes);
    before = next_hash(before, payload);
    if (!record.ends_with(view(before))) break;
    tail_ends_.push_back(next);
    at = next;
  }
  torn_bytes_ = log_.size_bytes() - at;
  return {};
}

Result<uint64_t> StepLog::end(uint64_t steps) const {
  YURAI_CHECK(steps <= this->steps());
  if (steps == 0) return 0;
  if (steps > indexed_) return tail_ends_[steps - indexed_ - 1];
  std::string entry(kStepIndexBytes, '\0');
  YURAI_TRY(index_.read_exactly((steps - 1) * kStepIndexBytes, entry));
  const uint64_t at = NumberReader(entry).fixed(kStepIndexBytes);
  if (at > log_.size_bytes()) {
    return corrupt(steps - 1, fmt::format("ends at byte {} of a log of {}", at, log_.size_bytes()));
  }
  return at;
}

Result<std::string> StepLog::record_at(uint64_t begin, uint64_t end) const {
  std::string bytes(end - begin, '\0');
  YURAI_TRY(log_.read_exactly(begin, bytes));
  return bytes;
}

Result<ChainHash> StepLog::hash(uint64_t steps) const {
  if (steps == 0) return genesis_;
  YURAI_ASSIGN(const uint64_t at, end(steps));
  if (at < kFrameBytes) return corrupt(steps - 1, "no room for a record");
  YURAI_ASSIGN(const std::string bytes, record_at(at - kHashBytes, at));
  return hash_of(bytes);
}

Result<std::string> StepLog::payload(uint64_t number) const {
  YURAI_ASSIGN(const uint64_t begin, end(number));
  YURAI_ASSIGN(const uint64_t end_, end(number + 1));
  if (begin > end_ || end_ - begin < kFrameBytes) return corrupt(number, "no room for a record");
  // Its own length first: a damaged index must not make us read gigabytes.
  YURAI_ASSIGN(const std::string length, record_at(begin, begin + kLengthBytes));
  const uint64_t size = NumberReader(length).fixed(kLengthBytes);
  if (size != end_ - begin - kFrameBytes) return corrupt(number, "log and index do not agree");
  YURAI_ASSIGN(const std::string record, record_at(begin + kLengthBytes, end_));
  std::string payload = record.substr(0, size);
  YURAI_ASSIGN(const ChainHash before, hash(number));
  if (hash_of(std::string_view(record).substr(size)) != next_hash(before, payload)) {
    return corrupt(number, "the hash chain breaks here");
  }
  return payload;
}

}  // namespace yurai
