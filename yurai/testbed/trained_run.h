#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/ledger/ledger.h"
#include "yurai/lm/language_model.h"
#include "yurai/record/trace.h"
#include "yurai/train/run_inputs.h"

/// A training run, or another trainer's ledger, beside an index of its corpus: which steps read
/// what an answer repeats.
///
///     YURAI_ASSIGN(const TrainedRun run, TrainedRun::open("run"));
///     YURAI_TRY(run.add_exposures(trace, std::nullopt));
namespace yurai {

/// Immutable; const calls are thread-safe.
class TrainedRun {
 public:
  /// `dir`: a run, the ledger in its folder, or a ledger alone, such as `import_jsonl` makes.
  static Result<TrainedRun> open(const std::filesystem::path& dir);

  /// kInvalidArgument: the run was trained on another corpus than this.
  Result<void> check_corpus(const CorpusIdentity& corpus) const;

  /// After how many steps the run kept the model in this folder, or the one that it was made from;
  /// none: it is none of the run's.
  Result<std::optional<uint64_t>> steps_of(const std::filesystem::path& model) const;

  /// A model that the run kept after so many steps.
  struct Kept {
    const LanguageModel* model = nullptr;
    uint64_t steps = 0;
  };
  /// Of each document of the trace: the steps that read the matched bytes and what they cost then;
  /// with `kept`, only the steps before it was kept, and what the bytes cost that model. Fails as
  /// check_corpus() does; kCancelled once the thread's stop is requested.
  Result<void> add_exposures(Trace& trace, const std::optional<Kept>& kept) const;

  const std::filesystem::path& dir() const { return dir_; }
  const std::optional<RunInputs>& inputs() const { return inputs_; }  ///< none: a ledger alone
  const Ledger& ledger() const { return ledger_; }

 private:
  TrainedRun(std::filesystem::path dir, std::optional<RunInputs> inputs, Ledger ledger)
      : dir_(std::move(dir)), inputs_(std::move(inputs)), ledger_(std::move(ledger)) {}
  Result<Exposures> exposures_of(std::vector<LedgerRow> rows,
                                 const std::optional<Kept>& kept) const;
  Result<double> loss_now(const std::vector<LedgerRow>& rows, const LanguageModel& model) const;

  std::filesystem::path dir_;
  std::optional<RunInputs> inputs_;
  Ledger ledger_;
};

}  // namespace yurai
