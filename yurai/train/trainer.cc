#include "yurai/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>
#include <thread>

#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_writer.h"
#include "yurai/train/checkpoint.h"
#include "yurai/train/optimizer.h"
#include "yurai/train/run_inputs.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Calls work(i) for i in [0, count) on `threads` threads; the first error by number wins.
template <class Work>
Result<void> for_each_parallel(uint64_t count, unsigned threads, const Work& work) {
  std::vector<Result<void>> results(count);
  std::atomic<uint64_t> next = 0;
  const auto run = [&] {
    for (uint64_t i = next++; i < count; i = next++) results[i] = work(i);
  };
  {
    std::vector<std::jthread> helpers;
    for (uint64_t t = 1; t < std::min<uint64_t>(threads, count); ++t) helpers.emplace_back(run);
    run();
  }
  for (Result<void>& result : results) YURAI_TRY(std::move(result));
  return {};
}

/// Adds up gradients in a binary tree whose shape depends on their number alone: those of two equal
/// subtrees as soon as both are there.
class GradientTree {
 public:
  explicit GradientTree(size_t num_values) : num_values_(num_values) {}

  /// A buffer of zeros.
  std::vector<float> take() {
    if (free_.empty()) return std::vector<float>(num_values_, 0);
    std::vector<float> buffer = std::move(free_.back());
    free_.pop_back();
    std::ranges::fill(buffer, 0.0F);
    return buffer;
  }

  /// The next leaf, in order.
  void add(std::vector<float> leaf) {
    nodes_.push_back({0, std::move(leaf)});
    while (nodes_.size() > 1 && nodes_[nodes_.size() - 2].level == nodes_.back().level) join();
  }

  /// The sum of all; empties the tree.
  std::vector<float> finish() {
    while (nodes_.size() > 1) join();
    std::vector<float> sum = std::move(nodes_.back().sum);
    nodes_.clear();
    return sum;
  }

  void give_back(std::vector<float> buffer) { free_.push_back(std::move(buffer)); }

 private:
  struct Node {
    int level = 0;
    std::vector<float> sum;
  };
  void join() {
    Node right = std::move(nodes_.back());
    nodes_.pop_back();
    Node& left = nodes_.back();
    for (size_t i = 0; i < left.sum.size(); ++i) left.sum[i] += right.sum[i];
    left.level = std::max(left.level, right.level) + 1;
    free_.push_back(std::move(right.sum));
  }

  size_t num_values_;
  std::vector<Node> nodes_;
  std::vector<std::vector<float>> free_;
};

struct StepResult {
  double loss_nats = 0;
  double router_loss = -1;
  double gradient_norm = 0;
  std::vector<LedgerRow> rows;
};

class Trainer {
 public:
  Trainer(const TrainConfig& config, const fs::path& run, const TrainOptions& options,
          RunInputs inputs)
      : config_(config), run_(run), options_(options), inputs_(std::move(inputs)) {}

  Result<TrainReport> run();

 private:
  Result<void> open_model();
  Result<void> open_ledger();
  Result<void> open_metrics(uint64_t bytes);
  Result<StepResult> step(uint64_t number);
  Result<LedgerRow> row_of(const Batch& batch, const Batch::Part& part, uint64_t step,
                           const std::vector<float>& losses) const;
  Result<void> validate(StepMetrics& metrics) const;
  Result<void> check_loss(const StepMetrics& metrics, const std::vector<LedgerRow>& rows) const;
  Result<void> keep(const StepMetrics& metrics);
  Result<void> checkpoint();
  void report(const StepMetrics& metrics);
  std::vector<uint32_t> counts(const std::vector<uint64_t>& documents) const;

  const TrainConfig& config_;
  const fs::path& run_;
  const TrainOptions& options_;
  RunInputs inputs_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientTree> tree_;
  std::optional<LedgerWriter> ledger_;
  std::optional<TrainingOrder> validation_order_;
  std::unique_ptr<WritableFile> metrics_;
  uint64_t metrics_bytes_ = 0;
  std::vector<StepMetrics> history_;
  CheckpointFacts at_;
  std::string weights_sha256_;
  Clock::time_point since_ = Clock::now();
  uint64_t since_step_ = 0;
};

std::vector<uint32_t> Trainer::counts(const std::vector<uint64_t>& documents) const {
  std::vector<uint32_t> tokens;
  for (const uint64_t document : documents) {
    tokens.push_back(static_cast<uint32_t>(inputs_.tokens->num_tokens(document)));
  }
  return tokens;
}

Result<void> Trainer::open_model() {
  ModelConfig model = config_.model;
  // Products of whole vectors are faster; no tokenizer gives the tokens that fill it up.
  model.vocabulary_size = (inputs_.tokenizer->vocabulary_size() + 63) / 64 * 64;
  model.begin_token = inputs_.special.begin;
  model.end_tokens = {inputs_.special.end};
  YURAI_ASSIGN(model_, Transformer::make(model, config_.seed));
  const uint64_t values = model_->weights().size();
  optimizer_ = std::make_unique<Optimizer>(config_.optimizer, model_->weight_ranges(), values);
  tree_ = std::make_unique<GradientTree>(values);
  YURAI_ASSIGN(const auto found,
               load_checkpoint(run_, *model_, optimizer_->mean(), optimizer_->square()));
  if (found) at_ = *found;
  return {};
}

Result<void> Trainer::open_ledger() {
  const OrderSpec spec{config_.seed, config_.sequence_tokens, config_.sequences_per_step,
                       config_.shuffle};
  const fs::path dir = run_ / kRunLedger;
  std::error_code ignored;
  if (fs::exists(dir, ignored)) {
    {
      YURAI_ASSIGN(const Ledger ledger, Ledger::open(dir));
      YURAI_TRY(ledger.verify());  // nothing is added to a chain that is broken
    }
    YURAI_ASSIGN(LedgerWriter writer, LedgerWriter::resume(dir, at_.steps));
    if (at_.steps > 0 && writer.chain_head() != at_.ledger_head) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{}: the ledger is not that of the checkpoint at step {}",
                              for_terminal(dir.string()), at_.steps));
    }
    ledger_.emplace(std::move(writer));
  } else {
    std::vector<LedgerDocument> documents;
    for (const uint64_t document : inputs_.training) {
      documents.push_back({inputs_.tokens->id(document),
                           static_cast<uint32_t>(inputs_.tokens->num_tokens(document)),
                           inputs_.tokens->num_bytes(document)});
    }
    LedgerHead head;
    head.stage = config_.stage;
    head.corpus_sha256 = inputs_.corpus_sha256;
    head.tokenizer_sha256 = inputs_.tokenizer->facts().sha256;
    head.order = spec;
    YURAI_ASSIGN(LedgerWriter writer, LedgerWriter::create(dir, head, documents));
    ledger_.emplace(std::move(writer));
  }
  if (!inputs_.validation.empty() && config_.validation_every > 0) {
    YURAI_ASSIGN(TrainingOrder order, TrainingOrder::make(counts(inputs_.validation), spec));
    validation_order_.emplace(std::move(order));
  }
  return {};
}

Result<void> Trainer::open_metrics(uint64_t bytes) {
  const fs::path path = run_ / kMetricsName;
  if (bytes == 0) {
    YURAI_ASSIGN(metrics_, posix_disk().create(path));
    return {};
  }
  YURAI_ASSIGN(std::string text, read_file(path));
  text.resize(std::min<size_t>(text.size(), bytes));
  YURAI_ASSIGN(history_, parse_metrics(text));
  if (history_.size() != at_.steps) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} has {} steps, its checkpoint {}", for_terminal(path.string()),
                            history_.size(), at_.steps));
  }
  YURAI_ASSIGN(metrics_, posix_disk().reopen(path, bytes));
  metrics_bytes_ = bytes;
  return {};
}

Result<LedgerRow> Trainer::row_of(const Batch& batch, const Batch::Part& part, uint64_t step,
                                  const std::vector<float>& losses) const {
  const OrderSegment& segment = part.segment;
  const uint64_t document = inputs_.training[segment.document];
  LedgerRow row;
  row.step = step;
  row.epoch = segment.epoch;
  row.sequence = part.sequence;
  row.document = segment.document;
  row.token_begin = segment.token_begin;
  row.tokens = static_cast<uint32_t>(segment.token_end - segment.token_begin);
  const uint64_t last = inputs_.tokens->num_tokens(document);
  YURAI_ASSIGN(row.byte_begin,
               inputs_.tokens->byte_begin(document, std::min(segment.token_begin, last)));
  YURAI_ASSIGN(row.byte_end,
               inputs_.tokens->byte_begin(document, std::min(segment.token_end, last)));
  double sum = 0;
  for (uint64_t i = 0; i < row.tokens; ++i) sum += losses[part.at + i];
  row.loss_nats_mean = static_cast<float>(sum / row.tokens);
  YURAI_CHECK(part.at + row.tokens <= batch.tokens.size());
  return row;
}

Result<StepResult> Trainer::step(uint64_t number) {
  const uint64_t micro = config_.sequences_per_step / config_.micro_batch;
  const float tokens_of_step =
      static_cast<float>(config_.sequences_per_step) * static_cast<float>(config_.sequence_tokens);
  const LossOptions weights = {
      .scale = 1 / tokens_of_step,
      .router_scale =
          static_cast<float>(config_.model.router_loss_weight) / static_cast<float>(micro),
      .router_z_scale = static_cast<float>(config_.router_z_weight) / static_cast<float>(micro)};
  StepResult result;
  double loss_sum = 0;
  double router_sum = 0;
  // A round is as many passes as there are threads; sums are made in their order.
  for (uint64_t first = 0; first < micro; first += options_.threads) {
    const uint64_t count = std::min<uint64_t>(options_.threads, micro - first);
    std::vector<std::vector<float>> gradients(count);
    for (auto& buffer : gradients) buffer = tree_->take();
    std::vector<Loss> losses(count);
    std::vector<Batch> batches(count);
    YURAI_TRY(for_each_parallel(count, options_.threads, [&](uint64_t i) -> Result<void> {
      const uint64_t sequence =
          number * config_.sequences_per_step + (first + i) * config_.micro_batch;
      YURAI_ASSIGN(batches[i], make_batch(*inputs_.tokens, inputs_.training, *ledger_->order(),
                                          inputs_.special, sequence, config_.micro_batch));
      const Batch& batch = batches[i];
      YURAI_ASSIGN(losses[i], model_->loss({.batch = batch.num_sequences,
                                            .length = batch.length,
                                            .tokens = batch.tokens,
                                            .segments = batch.segments,
                                            .positions = batch.positions},
                                           batch.targets, weights, gradients[i]));
      return {};
    }));
    for (uint64_t i = 0; i < count; ++i) {
      loss_sum += losses[i].mean_nats;
      router_sum += losses[i].router_loss;
      for (const Batch::Part& part : batches[i].parts) {
        YURAI_ASSIGN(const LedgerRow row, row_of(batches[i], part, number, losses[i].tokens));
        result.rows.push_back(row);
      }
      tree_->add(std::move(gradients[i]));
    }
  }
  result.loss_nats = loss_sum / static_cast<double>(micro);
  if (config_.model.num_experts > 0) result.router_loss = router_sum / static_cast<double>(micro);
  std::vector<float> gradient = tree_->finish();
  result.gradient_norm = Optimizer::norm(gradient);
  if (std::isfinite(result.loss_nats) && std::isfinite(result.gradient_norm)) {
    optimizer_->update(model_->weights(), gradient, result.gradient_norm,
                       config_.schedule.rate(number), number);
  }
  tree_->give_back(std::move(gradient));
  return result;
}

Result<void> Trainer::validate(StepMetrics& metrics) const {
  const uint64_t length = config_.sequence_tokens;
  const uint64_t whole = validation_order_->tokens_per_epoch() / length;
  const uint64_t count = std::min(config_.validation_sequences, whole);
  if (count == 0) return {};
  std::vector<double> nats(count);
  YURAI_TRY(for_each_parallel(count, options_.threads, [&](uint64_t q) -> Result<void> {
    YURAI_ASSIGN(const Batch batch, make_batch(*inputs_.tokens, inputs_.validation,
                                               *validation_order_, inputs_.special, q, 1));
    YURAI_ASSIGN(const Loss loss, model_->loss({.batch = 1,
                                                .length = length,
                                                .tokens = batch.tokens,
                                                .segments = batch.segments,
                                                .positions = batch.positions},
                                               batch.targets, {}, {}));
    nats[q] = loss.mean_nats;
    return {};
  }));
  double sum = 0;
  for (const double value : nats) sum += value;
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (const double value : nats) squares += (value - mean) * (value - mean);
  metrics.validation_nats = mean;
  metrics.validation_error =
      count < 2 ? 0 : 1.96 * std::sqrt(squares / static_cast<double>((count - 1) * count));
  return {};
}

Result<void> Trainer::check_loss(const StepMetrics& metrics,
                                 const std::vector<LedgerRow>& rows) const {
  // Guessing among all tokens costs ln V; a run that is twice as bad is learning nothing any more.
  const double guess = std::log(static_cast<double>(model_->config().vocabulary_size));
  const bool number = std::isfinite(metrics.loss_nats) && std::isfinite(metrics.gradient_norm);
  if (number && metrics.loss_nats < 2 * guess) return {};
  std::set<uint64_t> documents;
  std::string names;
  for (const LedgerRow& row : rows) {
    if (documents.size() == 10 || !documents.insert(row.document).second) continue;
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ",
                         for_terminal(inputs_.tokens->id(inputs_.training[row.document])));
  }
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("step {}: the loss {} (gradient {:.3g}); it read documents {}; look at "
                  "them, or lower schedule.learning_rate. The checkpoints before it stay",
                  metrics.step,
                  number ? fmt::format("diverges: {:.2f} nats", metrics.loss_nats) : "is no number",
                  metrics.gradient_norm, names));
}

Result<void> Trainer::keep(const StepMetrics& metrics) {
  const std::string line = dump_json(to_json(metrics)) + "\n";
  YURAI_TRY(metrics_->append(line));
  YURAI_TRY(metrics_->flush());
  metrics_bytes_ += line.size();
  history_.push_back(metrics);
  return {};
}

Result<void> Trainer::checkpoint() {
  YURAI_TRY(ledger_->sync());
  YURAI_TRY(metrics_->sync());
  at_.metrics_bytes = metrics_bytes_;
  at_.ledger_head = ledger_->chain_head();
  YURAI_ASSIGN(weights_sha256_,
               save_checkpoint(run_, at_, *model_, optimizer_->mean(), optimizer_->square()));
  return write_file(run_ / kLossCurveName, draw_loss_curve(history_, run_.filename().string()));
}

void Trainer::report(const StepMetrics& metrics) {
  const double seconds = std::chrono::duration<double>(Clock::now() - since_).count();
  const auto steps = static_cast<double>(at_.steps - since_step_);
  StepReport report;
  report.metrics = metrics;
  report.steps = config_.schedule.steps;
  const double rate = steps / std::max(seconds, 1e-9);
  report.tokens_per_second = rate * config_.sequences_per_step * config_.sequence_tokens;
  report.flop_per_second =
      report.tokens_per_second * training_flop_per_token(model_->config(), config_.sequence_tokens);
  report.seconds_left = static_cast<double>(config_.schedule.steps - at_.steps) / rate;
  options_.on_step(report);
  if (seconds > 10) {
    since_ = Clock::now();
    since_step_ = at_.steps;
  }
}

Result<TrainReport> Trainer::run() {
  YURAI_TRY(open_model());
  YURAI_TRY(open_ledger());
  YURAI_TRY(open_metrics(at_.metrics_bytes));
  since_ = Clock::now();
  since_step_ = at_.steps;
  const uint64_t tokens_of_step = uint64_t{config_.sequences_per_step} * config_.sequence_tokens;
  while (at_.steps < config_.schedule.steps) {
    const uint64_t number = at_.steps;
    YURAI_ASSIGN(const StepResult result, step(number));
    StepMetrics metrics;
    metrics.step = number;
    metrics.epoch = result.rows.back().epoch;
    metrics.tokens = (number + 1) * tokens_of_step;
    metrics.loss_nats = result.loss_nats;
    metrics.router_loss = result.router_loss;
    metrics.learning_rate = config_.schedule.rate(number);
    metrics.gradient_norm = result.gradient_norm;
    YURAI_TRY(check_loss(metrics, result.rows));
    YURAI_TRY(ledger_->append(result.rows));
    ++at_.steps;
    const bool last = at_.steps == config_.schedule.steps;
    if (validation_order_ && (last || at_.steps % config_.validation_every == 0)) {
      YURAI_TRY(validate(metrics));
    }
    YURAI_TRY(keep(metrics));
    if (last || at_.steps % config_.checkpoint_every == 0) YURAI_TRY(checkpoint());
    report(metrics);
  }
  TrainReport report;
  report.steps = at_.steps;
  report.tokens = at_.steps * tokens_of_step;
  report.parameters = model_->weights().size();
  const size_t recent = std::min<size_t>(history_.size(), 20);
  for (size_t i = history_.size() - recent; i < history_.size(); ++i) {
    report.loss_nats += history_[i].loss_nats / static_cast<double>(recent);
  }
  if (!history_.empty()) report.last = history_.back();
  report.ledger_head = ledger_->chain_head();
  report.weights_sha256 = weights_sha256_;
  return report;
}

}  // namespace

Result<TrainReport> train(const TrainConfig& config, const fs::path& run,
                          const TrainOptions& options) {
  YURAI_CHECK(options.threads > 0);
  set_model_threads(1);  // passes run side by side, each on one thread
  YURAI_ASSIGN(RunInputs inputs, open_run(run));
  return Trainer(config, run, options, std::move(inputs)).run();
}

}  // namespace yurai
