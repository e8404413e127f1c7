#include "yurai/curate/label_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/reject.h"
#include "yurai/curate/label_csv.h"
#include "yurai/curate/label_import.h"

namespace yurai {
namespace {

constexpr std::array<std::string LabelRow::*, 4> kMembers = {
    &LabelRow::sha256, &LabelRow::annotator, &LabelRow::label, &LabelRow::text};

std::string json_line(const LabelRow& row) {
  Json json = {{"sha256", row.sha256},
               {"annotator", row.annotator.empty() ? Json(nullptr) : Json(row.annotator)},
               {"label", row.label}};
  if (!row.text.empty()) json["text"] = row.text;
  return dump_json(json) + "\n";
}

Result<LabelRow> parse_line(std::string_view line) {
  YURAI_ASSIGN(const Json json, parse_json(line, "labels.jsonl"));
  LabelRow row;
  for (size_t i = 0; i < kLabelFields.size(); ++i) {
    const auto found = json.is_object() ? json.find(kLabelFields[i]) : json.end();
    if (found == json.end() || found->is_null()) continue;
    if (!found->is_string())
      return fail(ErrorCode::kCorrupt, "labels.jsonl: not as it was written");
    row.*kMembers[i] = found->get<std::string>();
  }
  return row;
}

/// Sorts, drops what comes twice and counts.
std::vector<LabelRow> settle(std::vector<LabelRow> rows, LabelSummary& summary) {
  std::sort(rows.begin(), rows.end());
  // Of rows that say the same, one with the text (the last) stays.
  std::vector<LabelRow> kept;
  for (LabelRow& row : rows) {
    const bool again = !kept.empty() && kept.back().sha256 == row.sha256 &&
                       kept.back().annotator == row.annotator && kept.back().label == row.label;
    const bool conflict = !again && !kept.empty() && kept.back().sha256 == row.sha256 &&
                          kept.back().annotator == row.annotator && !row.annotator.empty();
    summary.duplicates += again;
    summary.conflicts += conflict;
    if (again) {
      kept.back() = std::move(row);
    } else {
      kept.push_back(std::move(row));
    }
  }
  return kept;
}

}  // namespace

Json to_json(const LabelSummary& summary) {
  return {{"labels", summary.labels},
          {"documents", summary.documents},
          {"duplicates", summary.duplicates},
          {"conflicts", summary.conflicts},
          {"without_text", summary.without_text},
          {"rejected", summary.rejected}};
}

Result<LabelSummary> import_labels(const std::vector<std::filesystem::path>& files,
                                   const LabelImportOptions& options, StagingDirectory& stage,
                                   const Progress& progress) {
  Manifest manifest;
  YURAI_ASSIGN(auto rejects, stage.create_file("rejects.jsonl"));
  LabelSummary summary;
  std::vector<LabelRow> rows;
  const LabelSink sink{
      [&](LabelRow row) { rows.push_back(std::move(row)); },
      [&](const std::string& file, uint64_t record, uint64_t byte, const std::string& reason) {
        ++summary.rejected;
        return rejects->append(reject_line({file, record, byte, reason, "record"}));
      }};
  for (const auto& path : files) {
    YURAI_ASSIGN(ManifestFile read, read_label_file(path, options, sink, progress));
    manifest.inputs.push_back(std::move(read));
  }
  YURAI_TRY(rejects->close());
  rows = settle(std::move(rows), summary);
  if (!options.corpus.empty()) {
    YURAI_ASSIGN(ManifestFile corpus, attach_texts(options.corpus, rows, progress));
    manifest.inputs.push_back(std::move(corpus));
  }
  // A text that one row knows is known to all rows of its document.
  std::unordered_map<std::string, std::string> texts;
  for (const LabelRow& row : rows) {
    if (!row.text.empty()) texts.emplace(row.sha256, row.text);
  }
  for (LabelRow& row : rows) {
    if (const auto found = texts.find(row.sha256); found != texts.end()) row.text = found->second;
  }

  YURAI_ASSIGN(auto out, stage.create_file("labels.jsonl"));
  std::map<std::string, uint64_t> counts;
  for (size_t i = 0; i < rows.size(); ++i) {
    YURAI_TRY(out->append(json_line(rows[i])));
    ++counts[rows[i].label];
    ++summary.labels;
    summary.documents += i == 0 || rows[i].sha256 != rows[i - 1].sha256;
    summary.without_text += rows[i].text.empty();
  }
  YURAI_TRY(out->close());
  manifest.format = kLabelsFormat;
  manifest.format_version = kLabelsVersion;
  Json map = Json::object();
  for (size_t i = 0; i < options.map.size(); ++i) {
    if (options.map[i] != kLabelFields[i]) map[std::string(kLabelFields[i])] = options.map[i];
  }
  manifest.configuration = {{"map", std::move(map)}, {"votes", options.votes}};
  manifest.facts = to_json(summary);
  for (const auto& [label, count] : counts) manifest.facts["rows_by_label"][label] = count;
  YURAI_TRY(write_manifest(std::move(manifest), stage));
  return summary;
}

Result<LabelSet> LabelSet::open(const std::filesystem::path& dir) {
  LabelSet labels;
  YURAI_ASSIGN(labels.manifest_, read_manifest(dir, kLabelsFormat, kLabelsVersion));
  YURAI_ASSIGN(const std::string lines, read_manifest_file(dir, labels.manifest_, "labels.jsonl"));
  for (const ManifestFile& file : labels.manifest_.files) {
    if (file.name == "labels.jsonl") labels.file_ = file;
  }
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    YURAI_ASSIGN(LabelRow row, parse_line(std::string_view(lines).substr(begin, end - begin)));
    labels.rows_.push_back(std::move(row));
    begin = end + 1;
  }
  return labels;
}

std::vector<LabeledText> LabelSet::texts() const {
  std::vector<LabeledText> out;
  for (const LabelRow& row : rows_) {
    if (out.empty() || out.back().sha256 != row.sha256) out.push_back({row.sha256, row.text, {}});
    ++out.back().labels[row.label];
  }
  return out;
}

std::map<std::string, uint64_t> LabelSet::label_counts() const {
  std::map<std::string, uint64_t> counts;
  for (const LabelRow& row : rows_) ++counts[row.label];
  return counts;
}

Result<void> check_label_file_name(const std::filesystem::path& file) {
  if (file.extension() == ".csv" || file.extension() == ".jsonl") return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}': labels are written to files that end in .jsonl or .csv",
                          for_terminal(file.string())));
}

Result<void> export_labels(const LabelSet& labels, const std::filesystem::path& file,
                           const NewFile::Options& options) {
  YURAI_TRY(check_label_file_name(file));
  YURAI_TRY(check_new_file(file, options.force));
  const std::string suffix = file.extension().string();
  std::string out;
  if (suffix == ".csv") {
    out = fmt::format("{}\r\n", fmt::join(kLabelFields, ","));
    for (const LabelRow& row : labels.rows()) {
      for (size_t i = 0; i < kMembers.size(); ++i) {
        out += (i > 0 ? "," : "") + csv_field(row.*kMembers[i]);
      }
      out += "\r\n";
    }
  } else {
    for (const LabelRow& row : labels.rows()) out += json_line(row);
  }
  YURAI_ASSIGN(NewFile written, NewFile::create(file, options));
  YURAI_TRY(written.append(out));
  return written.commit();
}

Result<std::vector<UnitLabels>> to_units(const LabelSet& labels,
                                         const std::vector<std::string>& order) {
  std::vector<UnitLabels> units;
  const std::string* last = nullptr;
  for (const LabelRow& row : labels.rows()) {
    const auto found = std::find(order.begin(), order.end(), row.label);
    if (found == order.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the label '{}' is not in the order that was given",
                              for_terminal(row.label)));
    }
    if (last == nullptr || *last != row.sha256) units.emplace_back();
    last = &row.sha256;
    units.back().push_back(static_cast<size_t>(found - order.begin()));
  }
  return units;
}

}  // namespace yurai
