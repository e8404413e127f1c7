#include "yurai/curate/filter_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/lineage.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/filter_folder.h"
#include "yurai/curate/filter_rows.h"
#include "yurai/curate/json_member.h"
#include "yurai/curate/ordered_pipeline.h"

namespace yurai {
namespace {

constexpr size_t kBatchBytes = 1 << 20;
constexpr size_t kBatchRecords = 1024;

/// The part of a run that depends on no other record.
class Decider {
 public:
  Decider(const Chain& chain, const FilterRunOptions& options, bool with_decisions)
      : chain_(chain),
        steps_(ledger_steps(chain)),
        measure_all_(options.measure_all),
        with_decisions_(with_decisions),
        text_member_(text_name(options.read.map)),
        costs_(static_cast<size_t>(std::max(1, options.num_threads)),
               std::vector<StepCost>(chain.steps().size())) {}

  Result<void> decide(FilterBatch& batch, int thread) {
    for (FilterRow& row : batch) {
      if (row.kind != InputRecord::Kind::kDocument) continue;
      if (with_decisions_) row.row_hash = hash_of(row);
      if (!row.finished) decide(row, costs_[static_cast<size_t>(thread)]);
      row.document = Document{};
    }
    return {};
  }

  const std::vector<LedgerStep>& steps() const { return steps_; }

  std::vector<StepCost> costs() const {
    std::vector<StepCost> sum(steps_.size());
    for (const auto& thread : costs_) {
      for (size_t i = 0; i < sum.size(); ++i) {
        sum[i].nanoseconds += thread[i].nanoseconds;
        sum[i].bytes += thread[i].bytes;
        sum[i].documents += thread[i].documents;
      }
    }
    return sum;
  }

 private:
  static std::string text_name(const FieldMap& map) {
    for (size_t i = 0; i < map.size(); ++i) {
      if (kDocumentMembers[i] == &Document::text) return map[i];
    }
    return "text";
  }

  static uint64_t hash_of(const FilterRow& row) {
    return xxh3(row.json.empty() ? document_line(row.document, row.document.text) : row.json);
  }

  void decide(FilterRow& row, std::vector<StepCost>& costs) const {
    const Decision decision = chain_.decide(row.document, measure_all_, costs);
    if (decision.error) {
      row.error = decision.error;
      return;
    }
    row.decision = make_decision_row(row.document, chain_, decision);
    row.decision.input = row.input;
    row.decision.line = row.number;
    if (with_decisions_) row.decision_text = decision_line(row.decision, steps_);
    if (decision.kept()) {
      if (row.json.empty()) {
        row.kept_line = document_line(row.document, decision.text(row.document));
      } else if (decision.edited_text) {
        row.kept_line = with_member(row.json, text_member_, *decision.edited_text);
      } else {
        row.kept_line = std::move(row.json);
      }
    }
  }

  const Chain& chain_;
  std::vector<LedgerStep> steps_;
  bool measure_all_;
  bool with_decisions_;
  std::string text_member_;
  std::vector<std::vector<StepCost>> costs_;  ///< by thread
};

/// Fills batches from the inputs, one after another.
class BatchReader {
 public:
  BatchReader(const std::vector<InputEntry>& inputs, uint64_t stored_bytes,
              const FilterRunOptions& options, uint64_t num_finished, const Progress& progress)
      : inputs_(inputs),
        stored_bytes_(stored_bytes),
        options_(options),
        finished_left_(num_finished),
        progress_(progress) {}

  /// False at the end of the last input.
  Result<bool> next(FilterBatch& batch) {
    size_t bytes = 0;
    while (batch.size() < kBatchRecords && bytes < kBatchBytes) {
      if (reader_ == nullptr) {
        if (number_ == inputs_.size()) break;
        YURAI_ASSIGN(reader_, DocumentReader::open(inputs_[number_], options_.read));
      }
      InputRecord record;
      YURAI_ASSIGN(const bool more, reader_->next(record));
      if (!more) {
        YURAI_TRY(end_input());
        continue;
      }
      bytes += record.document.text.size() + record.json.size();
      batch.push_back({.kind = record.kind,
                       .document = std::move(record.document),
                       .json = std::string(record.json),
                       .reason = std::move(record.reason),
                       .input = number_,
                       .number = record.number,
                       .byte = record.byte,
                       .unit = reader_->unit(),
                       .finished = finished_left_ > 0});
      if (finished_left_ > 0) --finished_left_;
    }
    progress_("filter", bytes_before_ + (reader_ != nullptr ? reader_->stored_bytes_read() : 0),
              stored_bytes_);
    return !batch.empty();
  }

  std::vector<ManifestFile> take_files() { return std::move(files_); }

 private:
  Result<void> end_input() {
    YURAI_ASSIGN(std::string sha256, reader_->stored_sha256());
    files_.push_back({inputs_[number_].name, reader_->stored_bytes_read(), std::move(sha256)});
    bytes_before_ += files_.back().bytes;
    reader_.reset();
    ++number_;
    return {};
  }

  const std::vector<InputEntry>& inputs_;
  uint64_t stored_bytes_;
  const FilterRunOptions& options_;
  uint64_t finished_left_;  ///< records that an earlier run had finished
  const Progress& progress_;
  std::unique_ptr<DocumentReader> reader_;
  size_t number_ = 0;
  uint64_t bytes_before_ = 0;
  std::vector<ManifestFile> files_;
};

Json configuration_of(const Chain& chain, std::string_view chain_name,
                      const FilterRunOptions& options) {
  Json map = Json::object();
  for (size_t i = 0; i < options.read.map.size(); ++i) {
    if (options.read.map[i] != kDocumentFields[i]) {
      map[std::string(kDocumentFields[i])] = options.read.map[i];
    }
  }
  return {{"chain", chain_name},
          {"steps", chain.to_json()},
          {"measure_all", options.measure_all},
          {"map", std::move(map)},
          {"part_bytes", options.parts.part_bytes},
          {"compress", options.parts.zstd ? "zst" : "none"}};
}

}  // namespace

Result<FilterRun> filter_files(const Chain& chain, std::string_view chain_name,
                               const InputList& inputs, const FilterRunOptions& options,
                               StagingDirectory& stage, const Progress& progress) {
  Manifest manifest;
  manifest.format = kDecisionsFormat;
  manifest.format_version = kDecisionsVersion;
  manifest.configuration = configuration_of(chain, chain_name, options);

  FilterFolder::Identity identity{.configuration = manifest.configuration};
  for (const InputEntry& input : inputs.files) {
    identity.inputs.push_back({input.name, input.bytes, ""});
  }
  identity.inputs.insert(identity.inputs.end(), chain.inputs().begin(), chain.inputs().end());

  Decider decider(chain, options, true);
  YURAI_ASSIGN(
      const std::unique_ptr<FilterFolder> folder,
      FilterFolder::open(stage, std::move(identity), options.parts, decider.steps(), progress));
  BatchReader reader(inputs.files, inputs.bytes, options, folder->num_finished(), progress);
  YURAI_TRY(run_in_order<FilterBatch>(
      options.num_threads, [&](FilterBatch& batch) { return reader.next(batch); },
      [&](FilterBatch& batch, int thread) { return decider.decide(batch, thread); },
      [&](FilterBatch& batch) { return folder->add(batch); }));

  manifest.inputs = reader.take_files();
  YURAI_ASSIGN(manifest.lineage, lineage_of(inputs, manifest.inputs));
  for (const Manifest& artefact : chain.artefacts()) add_to_lineage(manifest.lineage, artefact);
  manifest.inputs.insert(manifest.inputs.end(), chain.inputs().begin(), chain.inputs().end());
  YURAI_TRY(bound_inputs(manifest, stage));
  FilterRun run;
  YURAI_ASSIGN(run.summary, folder->finish(chain, std::move(manifest)));
  run.costs = decider.costs();
  return run;
}

Result<FilterRun> filter_stream(const Chain& chain, const InputEntry& input,
                                const FilterRunOptions& options, const StreamOutput& output) {
  Decider decider(chain, options, static_cast<bool>(output.decide));
  const std::vector<InputEntry> inputs = {input};
  const Progress silent = no_progress;
  BatchReader reader(inputs, 0, options, 0, silent);
  Funnel funnel(decider.steps());
  const auto write = [&](FilterBatch& batch) -> Result<void> {
    for (const FilterRow& row : batch) {
      if (row.error) return fail(*row.error);
      if (row.kind != InputRecord::Kind::kDocument) {
        funnel.add_reject(row.kind);
        YURAI_TRY(output.reject(row.reject(input.name)));
      } else {
        funnel.add(row.decision);
        if (output.decide) YURAI_TRY(output.decide(row.decision_text));
        if (row.decision.kept()) YURAI_TRY(output.keep(row.kept_line));
      }
    }
    return {};
  };
  YURAI_TRY(run_in_order<FilterBatch>(
      options.num_threads, [&](FilterBatch& batch) { return reader.next(batch); },
      [&](FilterBatch& batch, int thread) { return decider.decide(batch, thread); }, write));
  return FilterRun{funnel.to_json(), decider.costs()};
}

}  // namespace yurai
