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

/// A training run beside an index of its corpus: which steps read what an answer repeats.
///
///     YURAI_ASSIGN(const TrainedRun run, TrainedRun::open("run"));
///     YURAI_TRY(run.add_exposures(trace, model.get()));
namespace yurai {

/// Immutable; const calls are thread-safe.
class TrainedRun {
 public:
  static Result<TrainedRun> open(const std::filesystem::path& run);

  /// kInvalidArgument: the run was trained on another corpus than this.
  Result<void> check_corpus(const CorpusIdentity& corpus) const;

  /// A model that the run kept after so many steps.
  struct Kept {
    const LanguageModel* model = nullptr;
    uint64_t steps = 0;
  };
  /// Of each document of the trace: the steps that read the matched bytes and what they cost then;
  /// with `kept`, only the steps before it was kept, and what the bytes cost that model. Fails as
  /// check_corpus() does.
  Result<void> add_exposures(Trace& trace, const std::optional<Kept>& kept) const;

  const std::filesystem::path& dir() const { return dir_; }
  const RunInputs& inputs() const { return inputs_; }
  const Ledger& ledger() const { return ledger_; }

 private:
  TrainedRun(std::filesystem::path dir, RunInputs inputs, Ledger ledger)
      : dir_(std::move(dir)), inputs_(std::move(inputs)), ledger_(std::move(ledger)) {}
  Result<Exposures> exposures_of(const Occurrence& occurrence,
                                 const std::optional<Kept>& kept) const;
  Result<double> loss_now(const std::vector<LedgerRow>& rows, const LanguageModel& model) const;

  std::filesystem::path dir_;
  RunInputs inputs_;
  Ledger ledger_;
};

}  // namespace yurai
