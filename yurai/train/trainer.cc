#include "yurai/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <thread>

#include "yurai/base/file.h"
#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/row_table.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_writer.h"
#include "yurai/train/checkpoint.h"
#include "yurai/train/gradient_tree.h"
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

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// Losses of passes as another rank sends them: each has `num_tokens`.
void append_losses(std::span<const Loss> losses, std::string& bytes) {
  for (const Loss& loss : losses) {
    append_fixed(std::bit_cast<uint64_t>(loss.mean_nats), 8, bytes);
    append_fixed(std::bit_cast<uint64_t>(loss.router_loss), 8, bytes);
    append_fixed(loss.dropped_choices, 8, bytes);
    bytes += bytes_of(loss.tokens);
  }
}

Loss take_loss(std::string_view& bytes, size_t num_tokens) {
  Loss loss;
  loss.mean_nats = std::bit_cast<double>(load_u64(bytes.data()));
  loss.router_loss = std::bit_cast<double>(load_u64(bytes.data() + 8));
  loss.dropped_choices = load_u64(bytes.data() + 16);
  loss.tokens.resize(num_tokens);
  std::memcpy(loss.tokens.data(), bytes.data() + 24, num_tokens * sizeof(float));
  bytes.remove_prefix(24 + num_tokens * sizeof(float));
  return loss;
}

class Trainer {
 public:
  Trainer(const TrainConfig& config, const fs::path& run, const TrainOptions& options,
          RunInputs inputs, Comm& comm)
      : config_(config),
        run_(run),
        options_(options),
        disk_(options.disk != nullptr ? *options.disk : posix_disk()),
        inputs_(std::move(inputs)),
        comm_(comm) {}

  Result<TrainReport> run();

 private:
  bool leads() const { return comm_.rank() == 0; }
  Result<void> open();
  Result<void> open_model();
  Result<void> open_ledger(const OrderSpec& spec);
  Result<void> open_metrics(uint64_t bytes);
  /// Gradients and losses of this rank's micro-batches.
  Result<std::vector<Loss>> compute(uint64_t step);
  /// Those of all ranks; to rank 0 alone.
  Result<void> collect(std::vector<Loss>& losses);
  Result<void> update(uint64_t step, const std::vector<Loss>& losses, StepMetrics& metrics);
  Result<std::vector<LedgerRow>> rows_of(uint64_t step, const std::vector<Loss>& losses) const;
  Result<void> share_weights();
  Result<void> train_step(StepMetrics& metrics);
  uint64_t micro_batches() const { return config_.sequences_per_step / config_.micro_batch; }
  Result<void> validate(StepMetrics& metrics);
  Result<void> check_loss(const StepMetrics& metrics, const std::vector<LedgerRow>& rows) const;
  Result<void> keep(const StepMetrics& metrics, bool with_checkpoint);
  Result<void> checkpoint();
  /// With how many tokens one of the step is attended: the mean over tokens of its part's length.
  double attended(uint64_t step) const;
  void report(const StepMetrics& metrics);
  std::vector<uint32_t> counts(const std::vector<uint64_t>& documents) const;

  const TrainConfig& config_;
  const fs::path& run_;
  const TrainOptions& options_;
  Disk& disk_;
  RunInputs inputs_;
  Comm& comm_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientTree> tree_;
  std::optional<TrainingOrder> order_;
  std::optional<LedgerWriter> ledger_;
  std::optional<TrainingOrder> validation_order_;
  std::unique_ptr<WritableFile> metrics_;
  uint64_t metrics_bytes_ = 0;
  std::string metrics_head_;
  std::vector<StepMetrics> history_;
  CheckpointFacts at_;
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
  tree_ = std::make_unique<GradientTree>(values);
  if (!leads()) return {};
  optimizer_ = std::make_unique<Optimizer>(config_.optimizer, model_->weight_ranges(), values);
  YURAI_ASSIGN(const auto found,
               load_checkpoint(run_, *model_, optimizer_->mean(), optimizer_->square()));
  if (found) at_ = *found;
  return {};
}

/// The first rank reads and writes the run; the others know what they read and get their weights.
Result<void> Trainer::open() {
  if (micro_batches() % comm_.size() != 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} processes do not divide the {} micro-batches of a step "
                            "(batch.sequences / batch.micro_batch); start another number",
                            comm_.size(), micro_batches()));
  }
  YURAI_TRY(open_model());
  const OrderSpec spec{config_.seed, config_.sequence_tokens, config_.sequences_per_step,
                       config_.shuffle};
  YURAI_ASSIGN(order_, TrainingOrder::make(counts(inputs_.training), spec));
  if (!inputs_.validation.empty() && config_.validation_every > 0) {
    YURAI_ASSIGN(validation_order_, TrainingOrder::make(counts(inputs_.validation), spec));
  }
  if (!leads()) return {};
  YURAI_TRY(open_ledger(spec));
  return open_metrics(at_.metrics_bytes);
}

Result<void> Trainer::open_ledger(const OrderSpec& spec) {
  const fs::path dir = run_ / kRunLedger;
  std::error_code ignored;
  if (fs::exists(dir, ignored)) {
    // Nothing is added to a chain that is broken; what comes after the checkpoint is cut off.
    const auto ledger = Ledger::open(dir, at_.steps);
    const Result<VerifyReport> proven =
        ledger ? ledger->verify() : Result<VerifyReport>(fail(ledger.error()));
    if (!proven) {
      Error error = proven.error();
      if (error.code == ErrorCode::kCorrupt && at_.steps > 0) {
        error.message +=
            "; or, where a step is damaged, remove the checkpoints after it to go on from the one "
            "before";
      }
      return fail(std::move(error));
    }
    YURAI_ASSIGN(LedgerWriter writer, LedgerWriter::resume(dir, at_.steps, &disk_));
    if (at_.steps > 0 && writer.chain_head() != at_.ledger_head) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{}: the ledger is not that of the checkpoint at step {}",
                              for_terminal(dir.string()), at_.steps));
    }
    ledger_.emplace(std::move(writer));
  } else if (at_.steps > 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} is missing; put back a copy of it, or train into another folder",
                            for_terminal(dir.string())));
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
    YURAI_ASSIGN(LedgerWriter writer, LedgerWriter::create(dir, head, documents, &disk_));
    ledger_.emplace(std::move(writer));
  }
  return {};
}

Result<void> Trainer::open_metrics(uint64_t bytes) {
  const fs::path path = run_ / kMetricsName;
  if (bytes == 0) {
    YURAI_ASSIGN(metrics_, disk_.create(path));
    return disk_.sync_directory(run_);
  }
  YURAI_ASSIGN(std::string text, read_file(path));
  text.resize(std::min<size_t>(text.size(), bytes));
  metrics_head_ = chain_metrics("", text);
  if (!at_.metrics_head.empty() && metrics_head_ != at_.metrics_head) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: its lines are not those of the checkpoint at step {}; put back a "
                            "copy of it",
                            for_terminal(path.string()), at_.steps));
  }
  YURAI_ASSIGN(history_, parse_metrics(text));
  if (history_.size() != at_.steps) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} has {} steps, its checkpoint {}", for_terminal(path.string()),
                            history_.size(), at_.steps));
  }
  YURAI_ASSIGN(metrics_, disk_.reopen(path, bytes));
  metrics_bytes_ = bytes;
  return {};
}

Result<std::vector<LedgerRow>> Trainer::rows_of(uint64_t step,
                                                const std::vector<Loss>& losses) const {
  std::vector<LedgerRow> rows;
  for (uint64_t i = 0; i < config_.sequences_per_step; ++i) {
    const uint64_t sequence = step * config_.sequences_per_step + i;
    const std::vector<float>& nats = losses[i / config_.micro_batch].tokens;
    size_t at = i % config_.micro_batch * config_.sequence_tokens;  // of the next token in `nats`
    for (const OrderSegment& segment : order_->sequence(sequence)) {
      const uint64_t document = inputs_.training[segment.document];
      LedgerRow row;
      row.step = step;
      row.epoch = segment.epoch;
      row.sequence = sequence;
      row.document = segment.document;
      row.token_begin = segment.token_begin;
      row.tokens = static_cast<uint32_t>(segment.token_end - segment.token_begin);
      const uint64_t last = inputs_.tokens->num_tokens(document);
      YURAI_ASSIGN(row.byte_begin,
                   inputs_.tokens->byte_begin(document, std::min(segment.token_begin, last)));
      YURAI_ASSIGN(row.byte_end,
                   inputs_.tokens->byte_begin(document, std::min(segment.token_end, last)));
      double sum = 0;
      for (uint64_t token = 0; token < row.tokens; ++token) sum += nats[at++];
      row.loss_nats_mean = static_cast<float>(sum / row.tokens);
      rows.push_back(row);
    }
  }
  return rows;
}

Result<std::vector<Loss>> Trainer::compute(uint64_t step) {
  const float tokens_of_step =
      static_cast<float>(config_.sequences_per_step) * static_cast<float>(config_.sequence_tokens);
  const auto micro = static_cast<float>(micro_batches());
  const LossOptions weights = {
      .scale = 1 / tokens_of_step,
      .router_scale = static_cast<float>(config_.model.router_loss_weight) / micro,
      .router_z_scale = static_cast<float>(config_.router_z_weight) / micro,
      .pass = config_.pass};
  const uint64_t share = micro_batches() / comm_.size();
  const uint64_t begin = comm_.rank() * share;
  std::vector<Loss> losses(share);
  // A round is as many passes as there are threads; sums are made in their order.
  for (uint64_t first = 0; first < share; first += options_.threads) {
    const uint64_t count = std::min<uint64_t>(options_.threads, share - first);
    std::vector<std::vector<float>> gradients(count);
    for (auto& buffer : gradients) buffer = tree_->take();
    YURAI_TRY(for_each_parallel(count, options_.threads, [&](uint64_t i) -> Result<void> {
      const uint64_t sequence =
          step * config_.sequences_per_step + (begin + first + i) * config_.micro_batch;
      YURAI_ASSIGN(const Batch batch, make_batch(*inputs_.tokens, inputs_.training, *order_,
                                                 inputs_.special, sequence, config_.micro_batch));
      YURAI_ASSIGN(losses[first + i], model_->loss({.batch = batch.num_sequences,
                                                    .length = batch.length,
                                                    .tokens = batch.tokens,
                                                    .segments = batch.segments,
                                                    .positions = batch.positions},
                                                   batch.targets, weights, gradients[i]));
      return {};
    }));
    for (uint64_t i = 0; i < count; ++i) {
      tree_->add(begin + first + i, std::move(gradients[i]));
    }
  }
  return losses;
}

Result<void> Trainer::collect(std::vector<Loss>& losses) {
  if (comm_.size() == 1) return {};
  std::string mine;
  if (!leads()) {
    append_losses(losses, mine);
    tree_->append_to(mine);
  }
  YURAI_ASSIGN(const std::vector<std::string> all, comm_.gather(mine));
  const size_t num_tokens = size_t{config_.micro_batch} * config_.sequence_tokens;
  const size_t share = losses.size();
  for (size_t rank = 1; rank < all.size(); ++rank) {
    std::string_view bytes = all[rank];
    if (bytes.size() < share * (24 + num_tokens * sizeof(float))) {
      return fail(ErrorCode::kUnavailable, "a rank sent losses of another run");
    }
    for (size_t i = 0; i < share; ++i) losses.push_back(take_loss(bytes, num_tokens));
    YURAI_TRY(tree_->add_bytes(bytes));
  }
  return {};
}

Result<void> Trainer::update(uint64_t step, const std::vector<Loss>& losses, StepMetrics& metrics) {
  double loss_sum = 0;
  double router_sum = 0;
  uint64_t dropped = 0;
  for (const Loss& loss : losses) {
    loss_sum += loss.mean_nats;
    router_sum += loss.router_loss;
    dropped += loss.dropped_choices;
  }
  const auto micro = static_cast<double>(micro_batches());
  metrics.loss_nats = loss_sum / micro;
  if (config_.model.num_experts > 0) metrics.router_loss = router_sum / micro;
  if (config_.pass.expert_capacity_factor > 0) {
    metrics.dropped_choices = static_cast<int64_t>(dropped);
  }
  metrics.learning_rate = config_.schedule.rate(step);
  std::vector<float> gradient = tree_->finish();
  metrics.gradient_norm = Optimizer::norm(gradient);
  YURAI_ASSIGN(const std::vector<LedgerRow> rows, rows_of(step, losses));
  metrics.epoch = rows.back().epoch;
  YURAI_TRY(check_loss(metrics, rows));
  optimizer_->update(model_->weights(), gradient, metrics.gradient_norm, metrics.learning_rate,
                     step);
  tree_->give_back(std::move(gradient));
  return ledger_->append(rows);
}

Result<void> Trainer::share_weights() {
  if (comm_.size() == 1) return {};
  const std::span<float> weights = model_->weights();
  YURAI_ASSIGN(const std::string bytes,
               comm_.broadcast(leads() ? bytes_of(weights) : std::string_view()));
  if (bytes.size() != weights.size_bytes()) {
    return fail(ErrorCode::kUnavailable, "the first rank sent weights of another model");
  }
  if (!leads()) std::memcpy(weights.data(), bytes.data(), bytes.size());
  return {};
}

/// One step of all ranks: each computes its share, the first adds up, updates and writes.
Result<void> Trainer::train_step(StepMetrics& metrics) {
  const uint64_t step = at_.steps;
  auto losses = compute(step);
  YURAI_TRY(agree(comm_, losses ? Result<void>() : fail(losses.error())));
  YURAI_TRY(agree(comm_, collect(*losses)));
  metrics.step = step;
  metrics.tokens = (step + 1) * config_.sequences_per_step * config_.sequence_tokens;
  YURAI_TRY(agree(comm_, leads() ? update(step, *losses, metrics) : Result<void>()));
  ++at_.steps;
  return share_weights();
}

Result<void> Trainer::validate(StepMetrics& metrics) {
  const uint64_t length = config_.sequence_tokens;
  const uint64_t whole = validation_order_->tokens_per_epoch() / length;
  const uint64_t count = std::min(config_.validation_sequences, whole);
  if (count == 0) return {};
  // Rank r computes sequences r, r + size, …
  const uint64_t ranks = comm_.size();
  const uint64_t mine = (count + ranks - 1 - comm_.rank()) / ranks;
  std::vector<double> own(mine);
  const auto computed = for_each_parallel(mine, options_.threads, [&](uint64_t i) -> Result<void> {
    YURAI_ASSIGN(const Batch batch,
                 make_batch(*inputs_.tokens, inputs_.validation, *validation_order_,
                            inputs_.special, i * ranks + comm_.rank(), 1));
    YURAI_ASSIGN(const Loss loss,
                 model_->loss({.batch = 1,
                               .length = length,
                               .tokens = batch.tokens,
                               .segments = batch.segments,
                               .positions = batch.positions},
                              batch.targets, {.pass = {.bf16 = config_.pass.bf16}}, {}));
    own[i] = loss.mean_nats;
    return {};
  });
  YURAI_TRY(agree(comm_, computed));
  YURAI_ASSIGN(const std::vector<std::string> all,
               comm_.gather({reinterpret_cast<const char*>(own.data()), mine * sizeof(double)}));
  if (!leads()) return {};
  std::vector<double> nats(count);
  for (uint64_t q = 0; q < count; ++q) {
    const std::string& from = all[q % ranks];
    if (from.size() <= q / ranks * sizeof(double)) {
      return fail(ErrorCode::kUnavailable, "a rank sent too few validation losses");
    }
    std::memcpy(&nats[q], from.data() + q / ranks * sizeof(double), sizeof(double));
  }
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

Result<void> Trainer::keep(const StepMetrics& metrics, bool with_checkpoint) {
  const std::string line = dump_json(to_json(metrics)) + "\n";
  YURAI_TRY(metrics_->append(line));
  YURAI_TRY(metrics_->flush());
  metrics_bytes_ += line.size();
  metrics_head_ = chain_metrics(std::move(metrics_head_), line);
  history_.push_back(metrics);
  return with_checkpoint ? checkpoint() : Result<void>();
}

Result<void> Trainer::checkpoint() {
  YURAI_TRY(ledger_->sync());
  YURAI_TRY(metrics_->sync());
  at_.metrics_bytes = metrics_bytes_;
  at_.metrics_head = metrics_head_;
  at_.ledger_head = ledger_->chain_head();
  YURAI_ASSIGN(at_.weights_sha256, save_checkpoint(run_, at_, *model_, optimizer_->mean(),
                                                   optimizer_->square(), disk_));
  return write_file(run_ / kLossCurveName,
                    draw_loss_curve(history_, folder_path(run_).filename().string()), disk_);
}

double Trainer::attended(uint64_t step) const {
  double squares = 0;
  for (uint64_t i = 0; i < config_.sequences_per_step; ++i) {
    for (const OrderSegment& part : order_->sequence(step * config_.sequences_per_step + i)) {
      const auto tokens = static_cast<double>(part.token_end - part.token_begin);
      squares += tokens * tokens;
    }
  }
  return squares / config_.sequences_per_step / config_.sequence_tokens;
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
      report.tokens_per_second * training_flop_per_token(model_->config(), attended(metrics.step));
  report.seconds_left = static_cast<double>(config_.schedule.steps - at_.steps) / rate;
  options_.on_step(report);
  if (seconds > 10) {
    since_ = Clock::now();
    since_step_ = at_.steps;
  }
}

Result<TrainReport> Trainer::run() {
  YURAI_TRY(agree(comm_, open()));
  YURAI_ASSIGN(const std::string begun, comm_.broadcast(std::to_string(at_.steps)));
  if (!leads()) at_.steps = std::stoull(begun);
  YURAI_TRY(share_weights());
  since_ = Clock::now();
  since_step_ = at_.steps;
  while (at_.steps < config_.schedule.steps) {
    StepMetrics metrics;
    YURAI_TRY(train_step(metrics));
    const bool last = at_.steps == config_.schedule.steps;
    if (validation_order_ && (last || at_.steps % config_.validation_every == 0)) {
      YURAI_TRY(validate(metrics));
    }
    const bool keeps = last || at_.steps % config_.checkpoint_every == 0;
    YURAI_TRY(agree(comm_, leads() ? keep(metrics, keeps) : Result<void>()));
    if (leads()) report(metrics);
  }
  if (!leads()) return TrainReport{};
  const uint64_t tokens_of_step = uint64_t{config_.sequences_per_step} * config_.sequence_tokens;
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
  report.weights_sha256 = at_.weights_sha256;
  return report;
}

}  // namespace

Result<TrainReport> train(const TrainConfig& config, const fs::path& run,
                          const TrainOptions& options) {
  YURAI_CHECK(options.threads > 0);
  set_model_threads(1);  // passes run side by side, each on one thread
  const std::unique_ptr<Comm> alone = make_single_comm();
  Comm& comm = options.comm == nullptr ? *alone : *options.comm;
  auto inputs = open_run(run);
  YURAI_TRY(agree(comm, inputs ? Result<void>() : fail(inputs.error())));
  return Trainer(config, run, options, std::move(*inputs), comm).run();
}

}  // namespace yurai
