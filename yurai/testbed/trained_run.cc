#include "yurai/testbed/trained_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "yurai/base/stop.h"

namespace yurai {
namespace {

constexpr size_t kMaxKnownRows = 1 << 20;  // in memory, of all documents

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

Result<TrainedRun> TrainedRun::open(const std::filesystem::path& dir) {
  if (!is_there(dir / kRunName) && is_there(dir / kManifestName)) {
    std::error_code ignored;
    const auto run = folder_path(std::filesystem::weakly_canonical(dir, ignored)).parent_path();
    if (is_there(run / kRunName)) return open(run);
    YURAI_ASSIGN(Ledger ledger, Ledger::open(dir));
    return TrainedRun(dir, std::nullopt, std::move(ledger));
  }
  YURAI_ASSIGN(RunInputs inputs, open_run(dir));
  YURAI_ASSIGN(Ledger ledger, Ledger::open(dir / kRunLedger));
  return TrainedRun(dir, std::move(inputs), std::move(ledger));
}

Result<void> TrainedRun::check_corpus(const CorpusIdentity& corpus) const {
  const std::string& trained_on = ledger_.head().corpus_sha256;
  if (corpus.corpus_sha256 == trained_on) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("the run was trained on corpus {}…, the index is of {}…; index the corpus "
                  "that was trained on",
                  trained_on.substr(0, 16), corpus.corpus_sha256.substr(0, 16)));
}

Result<std::optional<uint64_t>> TrainedRun::steps_of(const std::filesystem::path& model) const {
  const auto manifest = read_manifest(model);
  const auto checkpoint = manifest ? checkpoint_behind(*manifest) : std::nullopt;
  if (!checkpoint || checkpoint->steps > ledger_.steps()) return std::optional<uint64_t>();
  // The head of a ledger says all that was read, in which order, and what it cost.
  YURAI_ASSIGN(const std::string head, ledger_.chain_head(checkpoint->steps));
  return head == checkpoint->ledger_head ? std::optional(checkpoint->steps) : std::nullopt;
}

Result<void> TrainedRun::add_exposures(Trace& trace, const std::optional<Kept>& kept) const {
  YURAI_TRY(check_corpus(trace.index));
  // Of documents that stand in many spans the ledger is asked once.
  std::map<std::string, std::optional<std::vector<LedgerRow>>> known;
  size_t num_known = 0;
  for (Span& span : trace.spans) {
    for (Occurrence& occurrence : span.documents) {
      YURAI_TRY(check_stop());
      if (num_known > kMaxKnownRows) {
        known.clear();
        num_known = 0;
      }
      const auto [entry, is_new] = known.try_emplace(occurrence.document.id);
      std::optional<std::vector<LedgerRow>>& rows = entry->second;
      if (is_new) {
        auto found = ledger_.document(occurrence.document.id);
        if (!found && found.error().code != ErrorCode::kNotFound) return fail(found.error());
        if (found) rows = std::move(*found);
        num_known += 1 + (rows ? rows->size() : 0);
      }
      std::vector<LedgerRow> overlapping;
      if (rows) {
        std::ranges::copy_if(*rows, std::back_inserter(overlapping), [&](const LedgerRow& row) {
          return row.byte_begin < occurrence.byte_end && row.byte_end > occurrence.byte_begin;
        });
      }
      YURAI_ASSIGN(occurrence.exposures, exposures_of(std::move(overlapping), kept));
      // The corpus is that of the run, so what its ledger does not have was kept apart.
      occurrence.exposures->held_out = inputs_ && !rows;
    }
  }
  return {};
}

Result<Exposures> TrainedRun::exposures_of(std::vector<LedgerRow> rows,
                                           const std::optional<Kept>& kept) const {
  Exposures exposures;
  exposures.exact_bytes = ledger_.head().exact_bytes;
  if (kept) std::erase_if(rows, [&](const LedgerRow& row) { return row.step >= kept->steps; });
  exposures.total = rows.size();
  for (const LedgerRow& row : rows) {
    if (exposures.seen.size() == Exposures::kMaxShown) break;
    Exposure exposure{ledger_.head().stage, row.step, row.epoch, row.byte_begin, row.byte_end, {}};
    if (!std::isnan(row.loss_nats_mean)) exposure.loss_nats = row.loss_nats_mean;
    exposures.seen.push_back(std::move(exposure));
  }
  if (rows.empty()) return exposures;
  exposures.loss_first = mean_loss(of_epoch(rows, rows.front().epoch));
  const std::vector<LedgerRow> last = of_epoch(rows, rows.back().epoch);
  exposures.loss_last = mean_loss(last);
  if (kept && inputs_) {
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
                 read_segment(*inputs_->tokens, inputs_->training[row.document], inputs_->special,
                              row.token_begin, row.token_begin + row.tokens));
    YURAI_ASSIGN(const std::vector<float> nats, model.token_nats(segment.tokens, segment.targets));
    for (const float value : nats) sum += value;
    count += static_cast<double>(nats.size());
  }
  return sum / count;
}

}  // namespace yurai
