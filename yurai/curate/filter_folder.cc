#include "yurai/curate/filter_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/filter_run.h"
#include "yurai/curate/report.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kResumeFormat = "yurai-filter-resume";
constexpr uint64_t kResumeVersion = 2;
constexpr const char* kRecords = "records";
constexpr const char* kDocuments = "documents";
constexpr const char* kKept = "kept";
constexpr const char* kRowsHash = "rows_xxh3";

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
                      {"value", or_null(found.value)},
                      {"at_least", found.at_least},
                      {"excerpts", std::move(excerpts)}});
    }
  }
  return list;
}

/// What tells two runs apart, as "with … , not …"; empty: they are the same.
std::string difference(const Manifest& then, const Manifest& now) {
  const auto say = [](std::string_view what, const Json& was, const Json& is) {
    return fmt::format("with {} {}, not {}", for_terminal(what), dump_json(was), dump_json(is));
  };
  if (then.tool_version != now.tool_version) {
    return say("version", then.tool_version, now.tool_version);
  }
  for (const auto& [key, is] : now.configuration.items()) {
    const Json was = then.configuration.value(key, Json());
    if (was == is) continue;
    if (key != "steps" || was.size() != is.size()) return say(key, was, is);
    for (size_t i = 0; i < is.size(); ++i) {
      if (was[i] != is[i]) return say("step", was[i], is[i]);
    }
  }
  const auto file_json = [](const ManifestFile& file) {
    Json json = {{"name", file.name}, {"bytes", file.bytes}};
    if (!file.sha256.empty()) json["sha256"] = file.sha256;
    return json;
  };
  for (size_t i = 0; i < std::max(then.inputs.size(), now.inputs.size()); ++i) {
    const Json was = i < then.inputs.size() ? file_json(then.inputs[i]) : Json();
    const Json is = i < now.inputs.size() ? file_json(now.inputs[i]) : Json();
    if (was != is) return say("input", was, is);
  }
  return "";
}

/// Leaves of a folder what the manifest lists, and the mark.
Result<void> remove_unlisted(const fs::path& dir, const Manifest& manifest) {
  std::vector<fs::path> unlisted;
  std::error_code status;
  fs::recursive_directory_iterator entry(dir, status);
  for (; !status && entry != fs::recursive_directory_iterator(); entry.increment(status)) {
    const std::string name = entry->path().lexically_relative(dir).generic_string();
    const bool listed = std::any_of(manifest.files.begin(), manifest.files.end(),
                                    [&](const ManifestFile& file) { return file.name == name; });
    if (listed || name == kStagingMark || fs::is_directory(entry->symlink_status(status))) continue;
    unlisted.push_back(entry->path());
  }
  for (const fs::path& path : unlisted) {
    if (!status) fs::remove(path, status);
  }
  return status ? Result<void>(fail(io_error("tidy", dir, status.value()))) : Result<void>();
}

std::vector<ManifestFile> parts_called(const std::vector<ManifestFile>& files,
                                       std::string_view stem) {
  std::vector<ManifestFile> parts;
  for (const ManifestFile& file : files) {
    if (file.name.starts_with(stem)) parts.push_back(file);
  }
  return parts;
}

tl::unexpected<Error> inputs_changed(const fs::path& stage, uint64_t records) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the first {} records of the input are not those that '{}' was begun "
                          "with; go on with the same, or begin anew with --force",
                          records, for_terminal(stage.string())));
}

}  // namespace

std::optional<FinishedParts> finished_parts(const StagingDirectory& stage) {
  const auto point = parse_manifest(stage.resume_point(), kStagingMark);
  if (!point) return std::nullopt;
  FinishedParts finished{.parts = parts_called(point->files, "part-").size()};
  finished.documents = json_uint(point->facts, kDocuments).value_or(0);
  finished.kept = json_uint(point->facts, kKept).value_or(0);
  return finished;
}

std::optional<FinishedParts> finished_parts_after(const Error& error,
                                                  const StagingDirectory& stage) {
  const bool again = error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kCorrupt;
  return again ? std::nullopt : finished_parts(stage);
}

Result<std::unique_ptr<FilterFolder>> FilterFolder::open(StagingDirectory& stage, Identity identity,
                                                         PartWriter::Options parts,
                                                         std::vector<LedgerStep> steps,
                                                         const Progress& progress) {
  std::unique_ptr<FilterFolder> folder(
      new FilterFolder(stage, std::move(identity), std::move(steps)));
  std::vector<ManifestFile> finished;
  if (!stage.resume_point().empty()) {
    YURAI_ASSIGN(finished, folder->resume(progress));
  }
  std::error_code status;
  fs::create_directory(stage.path() / "ledger", status);
  if (status) return fail(io_error("create", stage.path() / "ledger", status.value()));
  YURAI_ASSIGN(folder->rejects_, stage.create_file("rejects.jsonl"));
  PartWriter::Options ledger = {
      .part_bytes = parts.part_bytes, .zstd = true, .stem = std::string(kDecisionsStem)};
  folder->parts_ = std::make_unique<PartWriter>(stage, parts, parts_called(finished, parts.stem));
  folder->decisions_ =
      std::make_unique<PartWriter>(stage, ledger, parts_called(finished, ledger.stem));
  return folder;
}

/// Takes in what the resume point tells, after proving it; returns the finished files.
Result<std::vector<ManifestFile>> FilterFolder::resume(const Progress& progress) {
  const std::string name = for_terminal(stage_->path().string());
  const auto unusable = [&](const Error& error) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("what the interrupted run left in '{}' cannot be used ({}); begin anew "
                            "with --force",
                            name, error.message));
  };
  auto point = parse_manifest(stage_->resume_point(), kStagingMark);
  if (!point) return unusable(point.error());
  if (point->format != kResumeFormat || point->format_version != kResumeVersion) {
    return unusable({ErrorCode::kCorrupt, for_terminal(point->format)});
  }
  Manifest now;
  now.configuration = identity_.configuration;
  now.inputs = identity_.inputs;
  if (const std::string what = difference(*point, now); !what.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' was begun {}; go on with the same, or begin anew with --force",
                            name, what));
  }
  const auto records = json_uint(point->facts, kRecords);
  const auto hash = json_uint(point->facts, kRowsHash);
  if (!records || !hash) return unusable({ErrorCode::kCorrupt, "it does not say how far it came"});
  num_finished_ = *records;
  finished_hash_ = *hash;
  YURAI_TRY(remove_unlisted(stage_->path(), *point));
  if (auto sound = verify_files(stage_->path(), *point, progress); !sound) {
    return unusable(sound.error());
  }
  auto read = for_each_decision(
      stage_->path(), point->files, steps_,
      [&](const DecisionRow& row) {
        funnel_.add(row);
        examples_.add(row);
        return true;
      },
      progress);
  if (!read) return unusable(read.error());
  return std::move(point->files);
}

Result<void> FilterFolder::add(const FilterBatch& batch) {
  for (const FilterRow& row : batch) {
    if (row.error) return fail(*row.error);
    ++num_records_;
    if (row.kind == InputRecord::Kind::kDocument) {
      YURAI_TRY(add_document(row));
    } else {
      funnel_.add_reject(row.kind);
      YURAI_TRY(rejects_->append(reject_line(row.reject(identity_.inputs[row.input].name))));
    }
    if (num_records_ == num_finished_) YURAI_TRY(check_finished());
  }
  return {};
}

Result<void> FilterFolder::add_document(const FilterRow& row) {
  rows_hash_ =
      xxh3({reinterpret_cast<const char*>(&row.row_hash), sizeof row.row_hash}, rows_hash_);
  if (row.finished) return {};
  const size_t before = parts_->finished().size() + decisions_->finished().size();
  funnel_.add(row.decision);
  examples_.add(row.decision);
  YURAI_TRY(decisions_->append(row.decision_text));
  if (row.decision.kept()) YURAI_TRY(parts_->append(row.kept_line));
  if (parts_->finished().size() + decisions_->finished().size() == before) return {};
  YURAI_TRY(parts_->end_part());
  YURAI_TRY(decisions_->end_part());
  return save_resume_point();
}

Result<void> FilterFolder::check_finished() const {
  if (num_records_ >= num_finished_ && rows_hash_ == finished_hash_) return {};
  return inputs_changed(stage_->path(), num_finished_);
}

std::vector<ManifestFile> FilterFolder::finished_files() const {
  std::vector<ManifestFile> files = parts_->finished();
  files.insert(files.end(), decisions_->finished().begin(), decisions_->finished().end());
  return files;
}

Result<void> FilterFolder::save_resume_point() {
  YURAI_TRY(stage_->disk().sync_directory(stage_->path() / "ledger"));
  YURAI_TRY(stage_->disk().sync_directory(stage_->path()));
  Manifest point;
  point.format = kResumeFormat;
  point.format_version = kResumeVersion;
  point.inputs = identity_.inputs;
  point.configuration = identity_.configuration;
  point.facts = {{kRecords, num_records_},
                 {kDocuments, funnel_.documents()},
                 {kKept, funnel_.kept()},
                 {kRowsHash, rows_hash_}};
  point.files = finished_files();
  return stage_->save_resume_point(manifest_text(point));
}

Result<Json> FilterFolder::finish(const Chain& chain, Manifest manifest) {
  if (num_records_ < num_finished_) return inputs_changed(stage_->path(), num_finished_);
  YURAI_TRY(parts_->close());
  YURAI_TRY(decisions_->close());
  YURAI_TRY(rejects_->close());
  Json summary = funnel_.to_json();
  const Json examples = examples_json(examples_, steps_);
  std::string lines;
  for (const Json& example : examples) lines += dump_json(example) + "\n";
  YURAI_TRY(stage_->add_file("ledger/examples.jsonl", lines));
  YURAI_TRY(stage_->add_file("ledger/chain.json", chain.to_json().dump(2) + "\n"));
  YURAI_TRY(stage_->add_file("ledger/summary.json", summary.dump(1) + "\n"));
  YURAI_TRY(
      stage_->add_file("report.html", report_html(manifest.configuration, summary, examples)));
  YURAI_TRY(stage_->disk().sync_directory(stage_->path() / "ledger"));
  for (const char* fact :
       {"documents", "bytes", "kept", "kept_bytes", "kept_bytes_after", "rejected", "left_out"}) {
    manifest.facts[fact] = summary[fact];
  }
  manifest.facts["steps"] = summary["steps"];
  for (Json& step : manifest.facts["steps"]) step.erase("histogram");
  manifest.files = finished_files();
  YURAI_TRY(write_manifest(std::move(manifest), *stage_));
  return summary;
}

}  // namespace yurai
