#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/model/model_import.h"
#include "yurai/model/prompt_reader.h"
#include "yurai/model/recorder.h"
#include "yurai/model/transformer.h"
#include "yurai/train/run_inputs.h"
#include "yurai/train/trainer.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

std::string duration(double seconds) {
  const auto whole = static_cast<uint64_t>(std::max(0.0, seconds));
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

/// One line redrawn on a terminal; elsewhere a line every few seconds and at the end.
class TrainingLine {
 public:
  explicit TrainingLine(double peak_flops) : peak_flops_(peak_flops) {}
  void draw(const StepReport& report) {
    const auto now = std::chrono::steady_clock::now();
    const bool last = report.metrics.step + 1 == report.steps;
    const bool told = report.metrics.validation_nats >= 0;
    if (!last && !told &&
        now - drawn_ <
            (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5000))) {
      return;
    }
    drawn_ = now;
    std::string line = fmt::format(
        fmt::runtime(
            tr("step {}/{}  loss {:.3f}  {:.0f} tokens/s  {:.0f} % of peak  {} left",
               "ステップ {}/{}  損失 {:.3f}  {:.0f} トークン/秒  最大性能の {:.0f} %  残り {}")),
        report.metrics.step + 1, report.steps, report.metrics.loss_nats, report.tokens_per_second,
        100 * report.flop_per_second / peak_flops_, duration(report.seconds_left));
    if (told) {
      line +=
          fmt::format(fmt::runtime(tr("  validation {:.3f} ± {:.3f}", "  検証 {:.3f} ± {:.3f}")),
                      report.metrics.validation_nats, report.metrics.validation_error);
    }
    print_error(terminal_ ? fmt::format("\r\x1b[K{}{}", line, told || last ? "\n" : "")
                          : line + "\n");
  }

 private:
  double peak_flops_;
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace

Result<void> run_training(const TrainArguments& arguments) {
  YURAI_ASSIGN(const TrainConfig config, read_train_config(arguments));
  TrainOptions options;
  options.threads = num_threads(arguments.threads);
  std::unique_ptr<Comm> comm = make_single_comm();
  if (arguments.mpi) {
    YURAI_ASSIGN(comm, make_mpi_comm());
  }
  options.comm = comm.get();
  set_model_threads(1);
  TrainingLine line(measure_peak_flops(config.pass.bf16) * options.threads * comm->size());
  options.on_step = [&](const StepReport& report) { line.draw(report); };
  const auto trained = train(config, arguments.out, options);
  if (comm->rank() > 0) return {};  // an error is that of all, and the first says it
  if (!trained && trained.error().code == ErrorCode::kIo && newest_checkpoint(arguments.out)) {
    Error error = trained.error();
    error.message += tr("; the checkpoints are kept: go on with --resume",
                        "（チェックポイントは残っている。--resume で続きから学習できる）");
    return fail(std::move(error));
  }
  YURAI_TRY(trained);
  const TrainReport& report = *trained;
  const StepMetrics& last = report.last;
  if (arguments.json) {
    return print_json(
        {{"steps", report.steps},
         {"tokens", report.tokens},
         {"parameters", report.parameters},
         {"loss_nats", report.loss_nats},
         {"validation_nats", last.validation_nats < 0 ? Json(nullptr) : Json(last.validation_nats)},
         {"validation_error",
          last.validation_nats < 0 ? Json(nullptr) : Json(last.validation_error)},
         {"ledger_head", report.ledger_head},
         {"weights_sha256", report.weights_sha256}});
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(
          tr("{}: {} parameters, {} tokens in {} steps, loss {:.3f} nats a token\n",
             "{}: パラメーター {}、{} トークン（{} ステップ）、損失 {:.3f} ナット/トークン\n")),
      for_terminal(arguments.out), grouped(report.parameters), grouped(report.tokens),
      grouped(report.steps), report.loss_nats)));
  if (last.validation_nats >= 0) {
    YURAI_TRY(print(fmt::format(fmt::runtime(tr("Validation loss {:.3f} ± {:.3f} (95 %)\n",
                                                "検証損失 {:.3f} ± {:.3f}（95 %）\n")),
                                last.validation_nats, last.validation_error)));
  }
  return print(fmt::format(
      fmt::runtime(
          tr("Next: yurai generate --model {0} --prompt TEXT, or yurai ledger step {0} 0\n",
             "次は: yurai generate --model {0} --prompt TEXT、または yurai ledger step {0} "
             "0\n")),
      for_terminal(arguments.out)));
}

Result<void> run_observation(const ObserveArguments& arguments) {
  YURAI_ASSIGN(std::set<Site> sites, parse_sites(arguments.sites));
  YURAI_TRY(check_observed(arguments.out, arguments.force));
  set_model_threads(static_cast<int>(num_threads(0)));
  YURAI_ASSIGN(const fs::path folder, model_dir(arguments.model));
  YURAI_ASSIGN(const ModelFolder model, open_proven(folder));
  YURAI_ASSIGN(const PromptReader prompts, PromptReader::open(model));
  YURAI_ASSIGN(const std::vector<int32_t> ids, prompts.encode_text(arguments.text));
  YURAI_ASSIGN(const auto transformer, Transformer::open(model));
  Recorder recorder(std::move(sites));
  YURAI_TRY(transformer->logits({.length = ids.size(), .tokens = ids}, nullptr, &recorder));
  std::vector<TensorSource> tensors = recorder.tensors();
  tensors.push_back(token_tensor(ids));
  YURAI_TRY(write_observed(arguments.out, tensors, {{"text", arguments.text}}));
  if (arguments.json) {
    Json list = Json::array();
    for (const TensorSource& tensor : tensors) {
      list.push_back(
          {{"name", tensor.name}, {"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}});
    }
    return print_json({{"tokens", ids}, {"tensors", std::move(list)}});
  }
  std::vector<std::vector<std::string>> rows = {{tr("site", "観測点"), tr("shape", "形")}};
  for (const TensorSource& tensor : tensors) {
    rows.push_back({tensor.name, shape_text(tensor.shape)});
  }
  YURAI_TRY(print(table(rows, 1)));
  say(fmt::format(fmt::runtime(tr("{} tensors in {}", "{} 個のテンソルを {} に書いた")),
                  tensors.size(), for_terminal(arguments.out)));
  return {};
}

}  // namespace yurai::cli
