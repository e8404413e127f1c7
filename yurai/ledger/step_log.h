#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"

/// steps.log and steps.idx: an append-only log of steps, each in a hash chain, and where each ends.
/// docs/formats/ledger.md.
///
/// A record is the length of its payload (4 bytes), the payload and the chain's hash after it (32
/// bytes). The index (8 bytes a step: where it ends) is written after the log is on the disk. So a
/// step that the index names and that is not whole is damage; after the last of them, records count
/// as long as they continue the chain, and what follows is torn: being written, or left by a crash.
namespace yurai {

inline constexpr std::string_view kStepLogName = "steps.log";
inline constexpr std::string_view kStepIndexName = "steps.idx";
inline constexpr uint64_t kStepIndexBytes = 8;

using ChainHash = std::array<uint8_t, 32>;

/// The chain after a step: SHA-256 of the hash before and the payload.
ChainHash next_hash(const ChainHash& previous, std::string_view payload);
std::string hex(const ChainHash& hash);

/// `payload` < 4 GiB, as a record with the chain's hash after it.
std::string step_record(std::string_view payload, const ChainHash& hash);

/// The steps that were whole when it was opened. Immutable, thread-safe.
class StepLog {
 public:
  /// `genesis` is the chain's hash before step 0. What comes after `max_steps` is not looked at.
  static Result<StepLog> open(const std::filesystem::path& dir, const ChainHash& genesis,
                              uint64_t max_steps = UINT64_MAX);

  uint64_t steps() const { return indexed_ + tail_ends_.size(); }
  uint64_t indexed_steps() const { return indexed_; }
  uint64_t torn_bytes() const { return torn_bytes_; }

  /// Where the first `steps` steps end; the chain's hash after them.
  Result<uint64_t> end(uint64_t steps) const;
  Result<ChainHash> hash(uint64_t steps) const;

  /// Step `number` < steps(), proven by its hash.
  Result<std::string> payload(uint64_t number) const;

 private:
  StepLog(ReadableFile log, ReadableFile index, const ChainHash& genesis);
  Result<std::string> record_at(uint64_t begin, uint64_t end) const;
  tl::unexpected<Error> corrupt(uint64_t number, std::string_view what) const;
  Result<void> read_tail(uint64_t max_steps);

  ReadableFile log_;
  ReadableFile index_;
  ChainHash genesis_;
  uint64_t indexed_ = 0;
  std::vector<uint64_t> tail_ends_;  ///< of whole steps after those of the index
  uint64_t torn_bytes_ = 0;
};

}  // namespace yurai
