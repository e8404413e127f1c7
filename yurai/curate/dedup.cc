#include "yurai/curate/dedup.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "yurai/base/hash.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/lineage.h"
#include "yurai/corpus/reject.h"
#include "yurai/curate/dedup_stages.h"
#include "yurai/curate/ordered_pipeline.h"
#include "yurai/curate/repeated_passages.h"

namespace yurai {
namespace {

constexpr size_t kMaxListedConflicts = 100;

struct ResultBatch {
  RowBatch rows;
  std::vector<std::string> reasons;  ///< why a row is no document; empty where it is one
  std::vector<Document> documents;
};

/// Writes what one row becomes, row after row.
class ResultWriter {
 public:
  ResultWriter(const DedupJob& job, std::span<const Removal> removals, const RowFactsReader& reader,
               StagingDirectory& stage, RepeatedPassages* passages, DedupSummary& summary)
      : job_(job),
        removals_(removals),
        reader_(reader),
        parts_(stage, job.options.parts),
        stage_(stage),
        passages_(passages),
        summary_(summary) {}

  Result<void> open() {
    YURAI_ASSIGN(ledger_, stage_.create_file("removals.jsonl"));
    YURAI_ASSIGN(rejects_, stage_.create_file("rejects.jsonl"));
    return {};
  }

  Result<void> add(const ResultBatch& batch) {
    for (size_t i = 0; i < batch.rows.rows.size(); ++i) {
      const RawRow& row = batch.rows.rows[i];
      if (!batch.reasons[i].empty()) {
        YURAI_TRY(reject(row, batch.reasons[i]));
        continue;
      }
      ++summary_.rows;
      summary_.bytes += batch.documents[i].text.size();
      const bool goes = next_ < removals_.size() && removals_[next_].row == row.key;
      if (passages_ != nullptr) YURAI_TRY(passages_->add(batch.documents[i], !goes));
      if (goes) {
        YURAI_TRY(remove(removals_[next_++]));
        continue;
      }
      ++summary_.kept;
      summary_.kept_bytes += batch.documents[i].text.size();
      YURAI_ASSIGN(const std::string line, row_line_of(job_.inputs.files[batch.rows.file], row));
      YURAI_TRY(parts_.append(line));
    }
    return {};
  }

  Result<void> close() {
    if (next_ != removals_.size()) {
      return fail(ErrorCode::kCorrupt,
                  "the inputs changed while they were read; run it again when they are still");
    }
    YURAI_TRY(parts_.close());
    YURAI_TRY(ledger_->close());
    return rejects_->close();
  }

  /// The pairs of licences that conflict, the most frequent first.
  Json conflicts() const {
    std::vector<std::pair<uint64_t, std::pair<std::string, std::string>>> list;
    for (const auto& [licenses, count] : conflicts_) list.push_back({count, licenses});
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    Json json = Json::array();
    for (size_t i = 0; i < std::min(list.size(), kMaxListedConflicts); ++i) {
      json.push_back({{"kept", list[i].second.first},
                      {"removed", list[i].second.second},
                      {"rows", list[i].first}});
    }
    return json;
  }

 private:
  Result<void> reject(const RawRow& row, const std::string& reason) {
    ++summary_.rejected;
    return rejects_->append(reject_line({.file = job_.inputs.files[row_file(row.key)].name,
                                         .number = row_line(row.key),
                                         .byte = row.byte,
                                         .reason = reason}));
  }

  Result<void> remove(const Removal& removal) {
    YURAI_ASSIGN(const RowFacts row, reader_.find(removal.row));
    YURAI_ASSIGN(const RowFacts kept, reader_.find(removal.kept));
    ++(removal.exact ? summary_.removed_exact : summary_.removed_near);
    const bool conflict =
        !row.license.empty() && !kept.license.empty() && row.license != kept.license;
    if (conflict) {
      ++summary_.license_conflicts;
      ++conflicts_[{kept.license, row.license}];
    }
    return ledger_->append(dump_json({{"id", row.id},
                                      {"file", job_.inputs.files[row_file(row.key)].name},
                                      {"line", row_line(row.key)},
                                      {"kept_id", kept.id},
                                      {"kept_file", job_.inputs.files[row_file(kept.key)].name},
                                      {"kept_line", row_line(kept.key)},
                                      {"method", removal.exact ? "exact" : "minhash"},
                                      {"jaccard", removal.jaccard},
                                      {"license", or_null(row.license)},
                                      {"kept_license", or_null(kept.license)},
                                      {"license_conflict", conflict}}) +
                           "\n");
  }

  const DedupJob& job_;
  std::span<const Removal> removals_;
  const RowFactsReader& reader_;
  PartWriter parts_;
  StagingDirectory& stage_;
  RepeatedPassages* passages_;
  DedupSummary& summary_;
  std::unique_ptr<WritableFile> ledger_;
  std::unique_ptr<WritableFile> rejects_;
  std::map<std::pair<std::string, std::string>, uint64_t> conflicts_;
  size_t next_ = 0;  ///< of the removals
};

Json configuration(const DedupOptions& options, const RepeatedPassages* passages) {
  const MinHashParameters& parameters = options.parameters;
  Json methods = Json::array();
  if (options.exact) methods.push_back("exact");
  if (options.minhash) methods.push_back("minhash");
  if (passages != nullptr) methods.push_back("substring");
  Json map = Json::object();
  for (size_t i = 0; i < options.map.size(); ++i) {
    if (options.map[i] != kDocumentFields[i]) map[std::string(kDocumentFields[i])] = options.map[i];
  }
  Json json = {{"methods", std::move(methods)},
               {"map", std::move(map)},
               {"part_bytes", options.parts.part_bytes},
               {"compress", options.parts.zstd ? "zst" : "none"},
               {"kept_rule", "stated licence, then earliest"}};
  if (options.minhash) {
    json["minhash"] = {{"preset", parameters.name},
                       {"unit", parameters.unit == ShingleUnit::kChar ? "char" : "word"},
                       {"shingle_size", parameters.shingle_size},
                       {"num_bands", parameters.num_bands},
                       {"hashes_per_band", parameters.hashes_per_band},
                       {"threshold", parameters.threshold}};
  }
  if (passages != nullptr) {
    json["substring"] = {{"index_corpus_sha256", passages->corpus_sha256()},
                         {"min_passage_chars", options.min_passage_chars}};
  }
  return json;
}

}  // namespace

Json to_json(const DedupSummary& summary) {
  return {{"rows", summary.rows},
          {"kept", summary.kept},
          {"removed_exact", summary.removed_exact},
          {"removed_near", summary.removed_near},
          {"rejected", summary.rejected},
          {"bytes", summary.bytes},
          {"kept_bytes", summary.kept_bytes},
          {"candidate_pairs", summary.candidate_pairs},
          {"similar_pairs", summary.similar_pairs},
          {"license_conflicts", summary.license_conflicts},
          {"passages", summary.passages},
          {"passage_bytes", summary.passage_bytes}};
}

Result<DedupSummary> write_result(const DedupJob& job, std::span<const Removal> removals,
                                  const RowFactsReader& reader, StagingDirectory& stage,
                                  DedupSummary summary) {
  std::optional<RepeatedPassages> passages;
  if (job.options.index) {
    YURAI_ASSIGN(passages, RepeatedPassages::open(*job.options.index));
  }
  RepeatedPassages* finder = passages ? &*passages : nullptr;
  ResultWriter writer(job, removals, reader, stage, finder, summary);
  YURAI_TRY(writer.open());
  InputRows rows(job.inputs, {});
  const auto read = [&](ResultBatch& batch) { return rows.next(batch.rows); };
  const auto parse = [&](ResultBatch& batch, int) -> Result<void> {
    for (const RawRow& row : batch.rows.rows) {
      auto document = parse_row(job.inputs.files[batch.rows.file], row, job.options.map);
      batch.reasons.push_back(document ? std::string() : document.error().message);
      batch.documents.push_back(document ? std::move(*document) : Document{});
    }
    return {};
  };
  const auto write = [&](ResultBatch& batch) -> Result<void> {
    YURAI_TRY(writer.add(batch));
    job.progress("write", rows.stored_bytes_read(), job.inputs.bytes);
    return {};
  };
  YURAI_TRY(run_in_order<ResultBatch>(job.options.num_threads, read, parse, write));
  YURAI_TRY(writer.close());
  if (finder != nullptr) {
    YURAI_ASSIGN(const PassageSummary found,
                 finder->write(stage,
                               {.min_chars = job.options.min_passage_chars,
                                .num_threads = job.options.num_threads,
                                .memory_bytes = job.options.memory_bytes},
                               job.scratch, job.progress));
    summary.passages = found.passages;
    summary.passage_bytes = found.bytes;
  }
  Manifest manifest;
  manifest.format = kDedupFormat;
  manifest.format_version = kDedupVersion;
  manifest.inputs = rows.files();
  manifest.configuration = configuration(job.options, finder);
  manifest.facts = to_json(summary);
  manifest.facts["conflicting_licenses"] = writer.conflicts();
  YURAI_ASSIGN(manifest.lineage, lineage_of(job.inputs, manifest.inputs));
  YURAI_TRY(bound_inputs(manifest, stage));
  std::error_code status;
  std::filesystem::remove_all(job.scratch, status);
  YURAI_TRY(write_manifest(std::move(manifest), stage));
  return summary;
}

Result<DedupSummary> dedup(const InputList& inputs, const DedupOptions& given,
                           StagingDirectory* stage, const std::filesystem::path& scratch,
                           Workers& workers, const Progress& progress) {
  DedupOptions options = given;
  options.num_shards = std::clamp(options.num_shards, static_cast<uint32_t>(workers.size()),
                                  std::max(kMaxShards, static_cast<uint32_t>(workers.size())));
  const DedupJob job{inputs, options, scratch, workers, progress, stage};
  YURAI_ASSIGN(DedupCandidates candidates, find_candidates(job));
  YURAI_TRY(workers.agree(write_facts(job, candidates.rows)));
  candidates.rows = {};
  auto reader = RowFactsReader::open(scratch, workers.size(),
                                     [&job](uint64_t key) { return job.owner(key); });
  YURAI_TRY(workers.agree(reader ? Result<void>() : Result<void>(fail(reader.error()))));
  YURAI_ASSIGN(SimilarPairs similar, find_similar(job, std::move(candidates), *reader));

  Result<DedupSummary> summary = DedupSummary{};
  if (workers.rank() == 0) {
    summary->candidate_pairs = similar.num_candidates;
    summary->similar_pairs = similar.pairs.size();
    const auto removals = choose_removals(job, similar.pairs, *reader);
    summary = removals ? write_result(job, *removals, *reader, *stage, *summary)
                       : Result<DedupSummary>(fail(removals.error()));
  }
  YURAI_TRY(workers.agree(summary ? Result<void>() : Result<void>(fail(summary.error()))));
  return summary;
}

}  // namespace yurai
