#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/ledger/ledger_row.h"

/// Writes a ledger beside a training run, step by step.
///
///     YURAI_ASSIGN(auto ledger, LedgerWriter::create("run/ledger", head, documents));
///     YURAI_TRY(ledger.append(rows_of_step_0));
///     YURAI_TRY(ledger.sync());                    // with each checkpoint
///     checkpoint.ledger_steps = ledger.steps();
///     checkpoint.ledger_chain = ledger.chain_head();
///
///     // after a crash, from the checkpoint
///     YURAI_ASSIGN(auto ledger, LedgerWriter::resume("run/ledger", checkpoint.ledger_steps));
///     // ledger.chain_head() is now checkpoint.ledger_chain, or the ledger is another run's
namespace yurai {

/// Move-only, for one thread; one writer at a time holds a folder (a lock that dies with the
/// process). Readers may open the folder meanwhile.
class LedgerWriter {
 public:
  /// Makes the folder `dir`, which must not exist; it appears whole, with no steps.
  /// `disk` (posix_disk() if null) must outlive the writer.
  static Result<LedgerWriter> create(const std::filesystem::path& dir, const LedgerHead& head,
                                     std::span<const LedgerDocument> documents,
                                     Disk* disk = nullptr);

  /// Opens a ledger and cuts it to its first `steps` steps: from here it is as if nothing had come
  /// after them. Steps before the last `sync` are never lost; asking for more than there are is
  /// kInvalidArgument. Imported ledgers are refused.
  static Result<LedgerWriter> resume(const std::filesystem::path& dir, uint64_t steps,
                                     Disk* disk = nullptr);
  LedgerWriter(LedgerWriter&&) noexcept;
  LedgerWriter& operator=(LedgerWriter&&) noexcept;
  ~LedgerWriter();

  /// The order that rows follow; null where the head has none.
  const TrainingOrder* order() const;

  /// Adds the next step, whose number must be `steps()`. With an order the rows must be those of
  /// its sequences, in their order, and their bytes must join within a sequence (those of sequences
  /// that are not shuffled across them, too); else kInvalidArgument and nothing is added.
  Result<void> append(std::span<const LedgerRow> rows_of_next_step);

  /// What was appended is on the disk when this returns.
  Result<void> sync();

  uint64_t steps() const;
  /// SHA-256 over the head, the documents and all steps, hex: what a checkpoint keeps.
  std::string chain_head() const;

 private:
  struct State;
  explicit LedgerWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai
