#include "yurai/curate/filter_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/lineage.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/dropped_examples.h"
#include "yurai/curate/json_member.h"
#include "yurai/curate/ordered_pipeline.h"
#include "yurai/curate/report.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBatchBytes = 1 << 20;
constexpr size_t kBatchRecords = 1024;
constexpr size_t kExamplesPerStep = 20;

/// A record on its way through.
struct Row {
  InputRecord::Kind kind = InputRecord::Kind::kDocument;
  Document document{};
  std::string json{};    ///< the line as it was read; empty: the input holds no JSON
  std::string reason{};  ///< of a record that is no document
  uint64_t input = 0;
  uint64_t number = 0;
  uint64_t byte = 0;
  std::string_view unit = "line";
  DecisionRow decision{};
  uint64_t bytes_after = 0;
  std::string kept_line{};
  std::string decision_text{};
};

using Batch = std::vector<Row>;

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

  void decide(Batch& batch, int thread) {
    for (Row& row : batch) {
      if (row.kind == InputRecord::Kind::kDocument) {
        decide(row, costs_[static_cast<size_t>(thread)]);
      }
    }
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

  void decide(Row& row, std::vector<StepCost>& costs) const {
    const Decision decision = chain_.decide(row.document, measure_all_, costs);
    row.decision = make_decision_row(row.document, chain_, decision);
    row.decision.input = row.input;
    row.decision.line = row.number;
    row.bytes_after = decision.text(row.document).size();
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
    row.document = Document{};
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
              const FilterRunOptions& options, const Progress& progress)
      : inputs_(inputs), stored_bytes_(stored_bytes), options_(options), progress_(progress) {}

  /// False at the end of the last input.
  Result<bool> next(Batch& batch) {
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
                       .unit = reader_->unit()});
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
  const Progress& progress_;
  std::unique_ptr<DocumentReader> reader_;
  size_t number_ = 0;
  uint64_t bytes_before_ = 0;
  std::vector<ManifestFile> files_;
};

std::string reject_line(const std::string& file, const Row& row) {
  return dump_json(
      {{"file", file}, {row.unit, row.number}, {"byte", row.byte}, {"reason", row.reason}});
}

Json examples_json(const DroppedExamples& examples, const std::vector<LedgerStep>& steps) {
  Json list = Json::array();
  for (size_t i = 0; i < steps.size(); ++i) {
    for (const DecisionRow& row : examples.of(i)) {
      const DecisionValue& found = *row.values[i];
      Json excerpts = Json::array();
      for (const Excerpt& excerpt : row.excerpts) excerpts.push_back(to_json(excerpt));
      list.push_back({{"step", steps[i].name},
                      {"sha256", row.sha256},
                      {"id", row.id},
                      {"value", found.value ? Json(*found.value) : Json(nullptr)},
                      {"at_least", found.at_least},
                      {"excerpts", std::move(excerpts)}});
    }
  }
  return list;
}

/// Writes what a run leaves in its folder.
class RunWriter {
 public:
  RunWriter(StagingDirectory& stage, const FilterRunOptions& options,
            const std::vector<LedgerStep>& steps)
      : stage_(stage),
        parts_(stage, options.parts),
        decisions_(stage, {.part_bytes = 256ull << 20, .zstd = true, .stem = "ledger/decisions"}),
        steps_(steps),
        funnel_(steps),
        examples_(steps.size(), kExamplesPerStep) {}

  Result<void> start() {
    std::error_code status;
    fs::create_directory(stage_.path() / "ledger", status);
    if (status) return fail(io_error("create", stage_.path() / "ledger", status.value()));
    YURAI_ASSIGN(rejects_, stage_.create_file("rejects.jsonl"));
    return {};
  }

  Result<void> add(const Batch& batch, const std::vector<InputEntry>& inputs) {
    for (const Row& row : batch) {
      if (row.kind == InputRecord::Kind::kLeftOut) {
        funnel_.add_left_out();
      } else if (row.kind == InputRecord::Kind::kUnreadable) {
        funnel_.add_rejected();
        YURAI_TRY(rejects_->append(reject_line(inputs[row.input].name, row) + "\n"));
      } else {
        funnel_.add(row.decision, row.bytes_after);
        examples_.add(row.decision);
        YURAI_TRY(decisions_.append(row.decision_text));
        if (row.decision.kept()) YURAI_TRY(parts_.append(row.kept_line));
      }
    }
    return {};
  }

  Result<Json> finish(const Chain& chain, Manifest manifest) {
    YURAI_TRY(parts_.close());
    YURAI_TRY(decisions_.close());
    YURAI_TRY(rejects_->close());
    Json summary = funnel_.to_json();
    const Json examples = examples_json(examples_, steps_);
    std::string lines;
    for (const Json& example : examples) lines += dump_json(example) + "\n";
    YURAI_TRY(stage_.add_file("ledger/examples.jsonl", lines));
    YURAI_TRY(stage_.add_file("ledger/chain.json", chain.to_json().dump(2) + "\n"));
    YURAI_TRY(stage_.add_file("ledger/summary.json", summary.dump(1) + "\n"));
    YURAI_TRY(
        stage_.add_file("report.html", report_html(manifest.configuration, summary, examples)));
    YURAI_TRY(posix_disk().sync_directory(stage_.path() / "ledger"));
    for (const char* fact :
         {"documents", "bytes", "kept", "kept_bytes", "kept_bytes_after", "rejected", "left_out"}) {
      manifest.facts[fact] = summary[fact];
    }
    manifest.facts["steps"] = summary["steps"];
    for (Json& step : manifest.facts["steps"]) step.erase("histogram");
    YURAI_TRY(write_manifest(std::move(manifest), stage_));
    return summary;
  }

 private:
  StagingDirectory& stage_;
  PartWriter parts_;
  PartWriter decisions_;
  std::unique_ptr<WritableFile> rejects_;
  const std::vector<LedgerStep>& steps_;
  Funnel funnel_;
  DroppedExamples examples_;
};

/// A long list of inputs goes into a file of its own, and that into the manifest.
}  // namespace

Result<FilterRun> filter_files(const Chain& chain, std::string_view chain_name,
                               const InputList& inputs, const FilterRunOptions& options,
                               StagingDirectory& stage, const Progress& progress) {
  Decider decider(chain, options, true);
  BatchReader reader(inputs.files, inputs.bytes, options, progress);
  RunWriter writer(stage, options, decider.steps());
  YURAI_TRY(writer.start());
  YURAI_TRY(run_in_order<Batch>(
      options.num_threads, [&](Batch& batch) { return reader.next(batch); },
      [&](Batch& batch, int thread) { decider.decide(batch, thread); },
      [&](Batch& batch) { return writer.add(batch, inputs.files); }));

  Manifest manifest;
  manifest.format = kDecisionsFormat;
  manifest.format_version = kDecisionsVersion;
  manifest.inputs = reader.take_files();
  manifest.lineage = lineage_of(inputs, manifest.inputs);
  for (const Manifest& artefact : chain.artefacts()) add_to_lineage(manifest.lineage, artefact);
  manifest.inputs.insert(manifest.inputs.end(), chain.inputs().begin(), chain.inputs().end());
  Json map = Json::object();
  for (size_t i = 0; i < options.read.map.size(); ++i) {
    if (options.read.map[i] != kDocumentFields[i]) {
      map[std::string(kDocumentFields[i])] = options.read.map[i];
    }
  }
  manifest.configuration = {{"chain", chain_name},
                            {"steps", chain.to_json()},
                            {"measure_all", options.measure_all},
                            {"map", std::move(map)},
                            {"part_bytes", options.parts.part_bytes},
                            {"compress", options.parts.zstd ? "zst" : "none"}};
  YURAI_TRY(bound_inputs(manifest, stage));
  FilterRun run;
  YURAI_ASSIGN(run.summary, writer.finish(chain, std::move(manifest)));
  run.costs = decider.costs();
  return run;
}

Result<FilterRun> filter_stream(const Chain& chain, const InputEntry& input,
                                const FilterRunOptions& options, const StreamOutput& output) {
  Decider decider(chain, options, static_cast<bool>(output.decide));
  const std::vector<InputEntry> inputs = {input};
  const Progress silent = no_progress;
  BatchReader reader(inputs, 0, options, silent);
  Funnel funnel(decider.steps());
  const auto write = [&](Batch& batch) -> Result<void> {
    for (const Row& row : batch) {
      if (row.kind == InputRecord::Kind::kLeftOut) {
        funnel.add_left_out();
      } else if (row.kind == InputRecord::Kind::kUnreadable) {
        funnel.add_rejected();
        YURAI_TRY(output.reject({row.number, row.byte, row.reason}));
      } else {
        funnel.add(row.decision, row.bytes_after);
        if (output.decide) YURAI_TRY(output.decide(row.decision_text));
        if (row.decision.kept()) YURAI_TRY(output.keep(row.kept_line));
      }
    }
    return {};
  };
  YURAI_TRY(run_in_order<Batch>(
      options.num_threads, [&](Batch& batch) { return reader.next(batch); },
      [&](Batch& batch, int thread) { decider.decide(batch, thread); }, write));
  return FilterRun{funnel.to_json(), decider.costs()};
}

}  // namespace yurai
