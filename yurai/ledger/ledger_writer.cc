#include "yurai/ledger/ledger_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/ledger/ledger_folder.h"
#include "yurai/ledger/row_codec.h"
#include "yurai/ledger/step_log.h"

namespace yurai {
namespace fs = std::filesystem;

namespace {

/// Held as long as the folder is written; the kernel lets go of it with the process.
class FolderLock {
 public:
  static Result<FolderLock> take(const fs::path& dir) {
    FolderLock lock(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock.fd_ < 0) return fail(io_error("open", dir, errno));
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) return lock;
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("another process is writing the ledger '{}'; wait for it to end",
                            for_terminal(dir.string())));
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace

struct LedgerWriter::State {
  FolderLock lock;
  LedgerFolder folder;
  std::unique_ptr<WritableFile> log;
  std::unique_ptr<WritableFile> index;
  uint64_t steps = 0;
  uint64_t log_bytes = 0;
  ChainHash hash;
  std::optional<LedgerRow> last_row{};  ///< of the step before the next
  std::string unsynced_ends{};          ///< for the index, once the log is on the disk

  RowCodec codec() const { return {folder.documents, folder.order_or_null()}; }
};

LedgerWriter::LedgerWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
LedgerWriter::LedgerWriter(LedgerWriter&&) noexcept = default;
LedgerWriter& LedgerWriter::operator=(LedgerWriter&&) noexcept = default;
LedgerWriter::~LedgerWriter() = default;

Result<LedgerWriter> LedgerWriter::create(const fs::path& dir, const LedgerHead& head,
                                          std::span<const LedgerDocument> documents, Disk* disk) {
  {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {.disk = disk}));
    YURAI_TRY(write_ledger_folder(head, documents, stage));
    YURAI_TRY(stage.commit());
  }  // lets go of the folder's lock
  return resume(dir, 0, disk);
}

Result<LedgerWriter> LedgerWriter::resume(const fs::path& dir, uint64_t steps, Disk* disk) {
  if (disk == nullptr) disk = &posix_disk();
  YURAI_ASSIGN(FolderLock lock, FolderLock::take(dir));
  YURAI_ASSIGN(LedgerFolder folder, open_ledger_folder(dir));
  const std::string name = for_terminal(dir.string());
  if (folder.closed()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' was imported and is closed; begin a new ledger", name));
  }
  YURAI_ASSIGN(const StepLog before, StepLog::open(dir, folder.genesis, steps));
  if (steps > before.steps()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' has {} steps, not the {} to go on from; resume from an earlier "
                            "checkpoint",
                            name, before.steps(), steps));
  }
  auto state = std::make_unique<State>(
      State{std::move(lock), std::move(folder), nullptr, nullptr, steps, 0, {}});
  YURAI_ASSIGN(state->log_bytes, before.end(steps));
  YURAI_ASSIGN(state->hash, before.hash(steps));
  if (steps > 0) {
    YURAI_ASSIGN(const std::string payload, before.payload(steps - 1));
    YURAI_ASSIGN(const auto rows, state->codec().decode(steps - 1, payload));
    if (!rows.empty()) state->last_row = rows.back();
  }
  const uint64_t indexed = std::min(steps, before.indexed_steps());
  for (uint64_t step = indexed; step < steps; ++step) {
    YURAI_ASSIGN(const uint64_t end, before.end(step + 1));
    append_fixed(end, kStepIndexBytes, state->unsynced_ends);
  }
  // The index is cut first and on the disk before the log is: it must never name what is gone.
  YURAI_ASSIGN(state->index, disk->reopen(dir / kStepIndexName, indexed * kStepIndexBytes));
  YURAI_TRY(state->index->sync());
  YURAI_ASSIGN(state->log, disk->reopen(dir / kStepLogName, state->log_bytes));
  LedgerWriter writer(std::move(state));
  YURAI_TRY(writer.sync());
  return writer;
}

const TrainingOrder* LedgerWriter::order() const { return state_->folder.order_or_null(); }
uint64_t LedgerWriter::steps() const { return state_->steps; }
std::string LedgerWriter::chain_head() const { return hex(state_->hash); }

Result<void> LedgerWriter::append(std::span<const LedgerRow> rows) {
  State& state = *state_;
  const LedgerRow* before = state.last_row ? &*state.last_row : nullptr;
  YURAI_ASSIGN(const std::string payload, state.codec().encode(state.steps, rows, before));
  if (payload.size() > UINT32_MAX) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("step {} has {} rows, too many for one step", state.steps, rows.size()));
  }
  const ChainHash hash = next_hash(state.hash, payload);
  const std::string record = step_record(payload, hash);
  YURAI_TRY(state.log->append(record));
  YURAI_TRY(state.log->flush());
  state.hash = hash;
  state.log_bytes += record.size();
  append_fixed(state.log_bytes, kStepIndexBytes, state.unsynced_ends);
  state.last_row.reset();
  if (!rows.empty()) state.last_row = rows.back();
  ++state.steps;
  return {};
}

Result<void> LedgerWriter::sync() {
  YURAI_TRY(state_->log->sync());
  YURAI_TRY(state_->index->append(state_->unsynced_ends));
  state_->unsynced_ends.clear();
  return state_->index->sync();
}

}  // namespace yurai
