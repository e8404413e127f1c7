#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/train/comm.h"
#include "yurai/train/loss_curve.h"
#include "yurai/train/train_config.h"

/// Trains a model on corpora, with a ledger of what it read when.
///
///     YURAI_ASSIGN(const TrainConfig config, parse_train_config(toml, "tiny.toml", "configs"));
///     YURAI_TRY(prepare_run(config, "run", {.threads = 2}, no_progress));
///     YURAI_ASSIGN(const TrainReport report, train(config, "run", {.threads = 2}));
///
/// The same configuration and corpora give the same weights and ledger, bit by bit, on any number
/// of threads and ranks, and after any crash. docs/formats/run.md.
namespace yurai {

inline constexpr std::string_view kLossCurveName = "loss.svg";

/// One step that was done.
struct StepReport {
  StepMetrics metrics;
  uint64_t steps = 0;            ///< of the whole run
  double tokens_per_second = 0;  ///< over the last seconds
  double flop_per_second = 0;
  double seconds_left = 0;
};

struct TrainOptions {
  unsigned threads = 1;  ///< of each rank
  /// Which ranks compute; all see the same run folder, and the first one alone writes in it. Null:
  /// this process alone.
  Comm* comm = nullptr;
  Disk* disk = nullptr;  ///< nullptr: posix_disk()
  std::function<void(const StepReport&)> on_step = [](const StepReport&) {};
};

struct TrainReport {
  uint64_t steps = 0;
  uint64_t tokens = 0;  ///< predicted
  uint64_t parameters = 0;
  double loss_nats = 0;     ///< of the last steps, up to 20, weighted alike
  StepMetrics last;         ///< with the last validation loss there was
  std::string ledger_head;  ///< of the hash chain
  std::string weights_sha256;
};

/// Trains a run that prepare_run() made, from its newest checkpoint on. A loss that is no number
/// ends it with the documents of its step named; the checkpoints before it stay. An error of one
/// rank is that of all. The report is rank 0's.
Result<TrainReport> train(const TrainConfig& config, const std::filesystem::path& run,
                          const TrainOptions& options);

}  // namespace yurai
