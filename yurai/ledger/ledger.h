#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/ledger/ledger_row.h"
#include "yurai/record/manifest.h"

/// The order in which a model read its corpus, asked both ways.
///
///     YURAI_ASSIGN(const Ledger ledger, Ledger::open("run/ledger"));
///     ledger.step(300);                       // which documents step 300 read
///     ledger.document("ja-wiki-17");          // which steps read this document
///     ledger.exposures("ja-wiki-17", 40, 52); // which steps read these bytes of it
namespace yurai {

/// What `Ledger::verify` proved.
struct VerifyReport {
  uint64_t steps = 0;
  uint64_t rows = 0;
  uint64_t tokens = 0;       ///< predicted
  bool tokens_known = true;  ///< every row says how many
  std::string chain_head;
  bool order_checked = false;  ///< there is an order, and every row follows it
  uint64_t torn_bytes = 0;     ///< after the last whole step: being written, or left by a crash
};

/// A snapshot: the whole steps that the folder held when it was opened. Immutable; const calls are
/// thread-safe. A row that is read is proven by its step's place in the hash chain.
/// Format: docs/formats/ledger.md.
class Ledger {
 public:
  /// Opens a ledger, also one that is being written. O(documents) memory: 4 bytes each. It is as if
  /// nothing came after `max_steps`.
  static Result<Ledger> open(const std::filesystem::path& dir, uint64_t max_steps = UINT64_MAX);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  const LedgerHead& head() const;
  const Manifest& manifest() const;
  uint64_t steps() const;
  uint64_t num_documents() const;
  uint64_t tokens_per_epoch() const;   ///< 0 without an order
  const TrainingOrder* order() const;  ///< null where the head has none
  /// SHA-256 over the head, the documents and the first `steps` steps, hex.
  Result<std::string> chain_head(uint64_t steps) const;
  Result<std::string> chain_head() const { return chain_head(steps()); }

  /// The rows of step `n`, in order of sequence; kNotFound when there is no such step.
  Result<std::vector<LedgerRow>> step(uint64_t n) const;

  /// The rows of all documents with this id, by step; kNotFound when there is none.
  Result<std::vector<LedgerRow>> document(std::string_view id) const;
  /// The rows of a document by its number, by step.
  Result<std::vector<LedgerRow>> document_rows(uint64_t number) const;
  /// Those that overlap these bytes of the text (`byte_begin` < `byte_end`).
  Result<std::vector<LedgerRow>> exposures(std::string_view id, uint64_t byte_begin,
                                           uint64_t byte_end) const;

  /// Id, tokens and bytes of document `number`; kNotFound when there is none.
  Result<LedgerDocument> document_facts(uint64_t number) const;
  Result<std::string> document_id(uint64_t number) const;
  /// Numbers of the documents with this id, ascending.
  Result<std::vector<uint64_t>> find_id(std::string_view id) const;

  /// Reads everything: the hash chain, the index of the steps, the recomputed order, and that the
  /// bytes of a document's segments join.
  Result<VerifyReport> verify(const Progress& progress = no_progress) const;

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai
