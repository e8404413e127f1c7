#include "yurai/testbed/trained_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

/// The mean over tokens of those rows that say what they cost.
std::optional<double> mean_loss(const std::vector<LedgerRow>& rows) {
  double sum = 0;
  double tokens = 0;
  for (const LedgerRow& row : rows) {
    if (std::isnan(row.loss_nats_mean) || row.tokens == 0) continue;
    sum += static_cast<double>(row.loss_nats_mean) * row.tokens;
    tokens += row.tokens;
  }
  return tokens > 0 ? std::optional(sum / tokens) : std::nullopt;
}

std::vector<LedgerRow> of_epoch(const std::vector<LedgerRow>& rows, uint32_t epoch) {
  std::vector<LedgerRow> out;
  std::ranges::copy_if(rows, std::back_inserter(out),
                       [&](const LedgerRow& row) { return row.epoch == epoch; });
  return out;
}

}  // namespace

Result<TrainedRun> TrainedRun::open(const std::filesystem::path& run) {
  YURAI_ASSIGN(RunInputs inputs, open_run(run));
  YURAI_ASSIGN(Ledger ledger, Ledger::open(run / kRunLedger));
  return TrainedRun(run, std::move(inputs), std::move(ledger));
}

Result<void> TrainedRun::check_corpus(const CorpusIdentity& corpus) const {
  if (corpus.corpus_sha256 == inputs_.corpus_sha256) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("the run was trained on corpus {}…, the index is of {}…; index the corpus "
                  "that was trained on",
                  inputs_.corpus_sha256.substr(0, 16), corpus.corpus_sha256.substr(0, 16)));
}

Result<void> TrainedRun::add_exposures(Trace& trace, const std::optional<Kept>& kept) const {
  YURAI_TRY(check_corpus(trace.index));
  for (Span& span : trace.spans) {
    for (Occurrence& occurrence : span.documents) {
      YURAI_ASSIGN(occurrence.exposures, exposures_of(occurrence, kept));
    }
  }
  return {};
}

Result<Exposures> TrainedRun::exposures_of(const Occurrence& occurrence,
                                           const std::optional<Kept>& kept) const {
  Exposures exposures;
  auto rows = ledger_.exposures(occurrence.document.id, occurrence.byte_begin, occurrence.byte_end);
  // A document that was kept apart for validation is in no ledger.
  if (!rows && rows.error().code == ErrorCode::kNotFound) return exposures;
  if (!rows) return fail(std::move(rows).error());
  if (kept) std::erase_if(*rows, [&](const LedgerRow& row) { return row.step >= kept->steps; });
  exposures.total = rows->size();
  for (const LedgerRow& row : *rows) {
    if (exposures.seen.size() == Exposures::kMaxShown) break;
    Exposure exposure{ledger_.head().stage, row.step, row.epoch, row.byte_begin, row.byte_end, {}};
    if (!std::isnan(row.loss_nats_mean)) exposure.loss_nats = row.loss_nats_mean;
    exposures.seen.push_back(std::move(exposure));
  }
  if (rows->empty()) return exposures;
  exposures.loss_first = mean_loss(of_epoch(*rows, rows->front().epoch));
  const std::vector<LedgerRow> last = of_epoch(*rows, rows->back().epoch);
  exposures.loss_last = mean_loss(last);
  if (kept) {
    YURAI_ASSIGN(exposures.loss_now, loss_now(last, *kept->model));
  }
  return exposures;
}

/// Reads the rows again as they were read in training.
Result<double> TrainedRun::loss_now(const std::vector<LedgerRow>& rows,
                                    const LanguageModel& model) const {
  double sum = 0;
  double count = 0;
  for (const LedgerRow& row : rows) {
    YURAI_ASSIGN(const SegmentTokens segment,
                 read_segment(*inputs_.tokens, inputs_.training[row.document], inputs_.special,
                              row.token_begin, row.token_begin + row.tokens));
    YURAI_ASSIGN(const std::vector<float> nats, model.token_nats(segment.tokens, segment.targets));
    for (const float value : nats) sum += value;
    count += static_cast<double>(nats.size());
  }
  return sum / count;
}

}  // namespace yurai
