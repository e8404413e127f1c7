#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <list>
#include <set>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/file.h"
#include "yurai/model/model_import.h"
#include "yurai/model/prompt_reader.h"
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

/// Keeps what it sees of the sites that were asked for.
class Recorder final : public Observer {
 public:
  explicit Recorder(std::set<Site> sites) : sites_(std::move(sites)) {}
  bool wants(Site site, uint64_t) const override { return sites_.contains(site); }
  void on(Site site, uint64_t layer, const TensorView& view) override {
    uint64_t bytes = size_bytes(view.dtype);
    for (const uint64_t size : view.shape) bytes *= size;
    kept_.emplace_back(static_cast<const char*>(view.data), bytes);
    tensors.push_back({is_layer_site(site) ? fmt::format("blocks.{}.{}", layer, site_name(site))
                                           : std::string(site_name(site)),
                       view.dtype, view.shape, kept_.back()});
  }
  std::vector<TensorSource> tensors;

 private:
  std::set<Site> sites_;
  std::list<std::string> kept_;
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
  if (!trained && trained.error().code == ErrorCode::kIo) {
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
  std::set<Site> sites;
  for (size_t at = 0; at < arguments.sites.size();) {
    const size_t end = std::min(arguments.sites.find(',', at), arguments.sites.size());
    YURAI_ASSIGN(const Site site, parse_site(arguments.sites.substr(at, end - at)));
    sites.insert(site);
    at = end + 1;
  }
  if (sites.empty()) {
    for (int site = 0; site <= static_cast<int>(Site::kLogits); ++site) {
      sites.insert(static_cast<Site>(site));
    }
  }
  std::error_code ignored;
  if (!arguments.force && fs::exists(arguments.out, ignored)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is there already; replace it with --force", arguments.out));
  }
  set_model_threads(static_cast<int>(num_threads(0)));
  YURAI_ASSIGN(const fs::path folder, model_dir(arguments.model));
  YURAI_ASSIGN(const ModelFolder model, open_proven(folder));
  YURAI_ASSIGN(const PromptReader prompts, PromptReader::open(model));
  YURAI_ASSIGN(const std::vector<int32_t> ids, prompts.encode_text(arguments.text));
  YURAI_ASSIGN(const auto transformer, Transformer::open(model));
  Recorder recorder(std::move(sites));
  YURAI_TRY(transformer->logits({.length = ids.size(), .tokens = ids}, nullptr, &recorder));
  const std::string_view id_bytes{reinterpret_cast<const char*>(ids.data()),
                                  ids.size() * sizeof ids[0]};
  recorder.tensors.push_back({"tokens", DType::kI32, {1, ids.size()}, id_bytes});
  // To a file beside it, then in its place: whole or not at all.
  const fs::path fresh = arguments.out + ".partial";
  YURAI_ASSIGN(auto file, posix_disk().create(fresh));
  auto written = write_safetensors(*file, recorder.tensors, {{"text", arguments.text}});
  if (written) written = file->close();
  if (written) written = posix_disk().rename(fresh, arguments.out);
  if (!written) {
    fs::remove(fresh, ignored);
    return written;
  }
  if (arguments.json) {
    Json list = Json::array();
    for (const TensorSource& tensor : recorder.tensors) {
      list.push_back(
          {{"name", tensor.name}, {"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}});
    }
    return print_json({{"tokens", ids}, {"tensors", std::move(list)}});
  }
  std::vector<std::vector<std::string>> rows = {{tr("site", "観測点"), tr("shape", "形")}};
  for (const TensorSource& tensor : recorder.tensors) {
    rows.push_back({tensor.name, shape_text(tensor.shape)});
  }
  YURAI_TRY(print(table(rows, 1)));
  say(fmt::format(fmt::runtime(tr("{} tensors in {}", "{} 個のテンソルを {} に書いた")),
                  recorder.tensors.size(), for_terminal(arguments.out)));
  return {};
}

}  // namespace yurai::cli
