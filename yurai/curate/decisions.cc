#include "yurai/curate/decisions.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/line_reader.h"
#include "yurai/curate/url.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr size_t kExcerptChars = 40;
constexpr size_t kOpeningChars = 120;

constexpr std::array<std::pair<const char*, std::string DecisionRow::*>, 4> kStated = {
    {{"source", &DecisionRow::source},
     {"license", &DecisionRow::license},
     {"lang", &DecisionRow::lang},
     {"host", &DecisionRow::host}}};

std::vector<Excerpt> make_excerpts(std::string_view text, const std::vector<ByteSpan>& evidence) {
  std::vector<Excerpt> excerpts;
  for (const ByteSpan& span : evidence) {
    if (excerpts.size() == kMaxExcerpts) break;
    if (span.begin > span.end || span.end > text.size()) continue;
    const std::string_view match = text.substr(span.begin, span.end - span.begin);
    excerpts.push_back({std::string(last_chars(text.substr(0, span.begin), kExcerptChars)),
                        std::string(first_chars(match, kOpeningChars)),
                        std::string(first_chars(text.substr(span.end), kExcerptChars))});
  }
  if (excerpts.empty() && !text.empty()) {
    excerpts.push_back({.after = std::string(first_chars(text, kOpeningChars))});
  }
  return excerpts;
}

tl::unexpected<Error> bad_line(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("not a row of a decision ledger: {}", what));
}

std::string text_of(simdjson::dom::element row, const char* key) {
  std::string_view text;
  return row[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::optional<size_t> step_number(const std::vector<LedgerStep>& steps, std::string_view name) {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].name == name) return i;
  }
  return std::nullopt;
}

/// Calls `read(step, value)` for the members of row[key]; false for a step that is unknown or whose
/// value `read` refuses.
template <class Read>
bool for_steps(simdjson::dom::element row, const char* key, const std::vector<LedgerStep>& steps,
               const Read& read) {
  simdjson::dom::object members;
  if (row[key].get(members) != simdjson::SUCCESS) return row[key].error() != simdjson::SUCCESS;
  for (const auto& [name, value] : members) {
    const auto step = step_number(steps, name);
    if (!step || !read(*step, value)) return false;
  }
  return true;
}

bool read_value(simdjson::dom::element element, DecisionValue& value) {
  if (element.is_null()) return true;
  double number = 0;
  if (element.get(number) == simdjson::SUCCESS) {
    value.value = number;
    return true;
  }
  value.at_least = element["at_least"].get(number) == simdjson::SUCCESS;
  value.value = number;
  return value.at_least;
}

bool read_spans(simdjson::dom::element element, std::vector<ByteSpan>& spans) {
  simdjson::dom::array list;
  if (element.get(list) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element item : list) {
    ByteSpan span;
    if (item.at(0).get(span.begin) != simdjson::SUCCESS ||
        item.at(1).get(span.end) != simdjson::SUCCESS) {
      return false;
    }
    spans.push_back(span);
  }
  return true;
}

bool read_kinds(simdjson::dom::element element, const LedgerStep& step,
                std::vector<uint64_t>& by_kind) {
  simdjson::dom::object members;
  if (element.get(members) != simdjson::SUCCESS) return false;
  by_kind.resize(step.kinds.size());
  for (const auto& [name, value] : members) {
    const auto kind = std::find(step.kinds.begin(), step.kinds.end(), name);
    if (kind == step.kinds.end()) return false;
    if (value.get(by_kind[static_cast<size_t>(kind - step.kinds.begin())]) != simdjson::SUCCESS) {
      return false;
    }
  }
  return true;
}

Bounds read_bounds(const Json& step) {
  Bounds bounds;
  if (step.contains("min") && step["min"].is_number()) bounds.min = step["min"].get<double>();
  if (step.contains("max") && step["max"].is_number()) bounds.max = step["max"].get<double>();
  return bounds;
}

}  // namespace

uint64_t DecisionRow::bytes_after() const {
  uint64_t after = bytes;
  for (const auto& value : values) {
    if (value && value->bytes_after) after = *value->bytes_after;
  }
  return after;
}

Json to_json(const Excerpt& excerpt) {
  return {{"before", excerpt.before}, {"match", excerpt.match}, {"after", excerpt.after}};
}

std::vector<LedgerStep> ledger_steps(const Chain& chain) {
  std::vector<LedgerStep> steps;
  for (const ChainStep& step : chain.steps()) {
    steps.push_back({step.name, std::string(step.info->name), std::string(step.info->unit),
                     step.info->edits, step.bounds, step.filter->kinds()});
  }
  return steps;
}

DecisionRow make_decision_row(const Document& document, const Chain& chain,
                              const Decision& decision) {
  DecisionRow row;
  row.sha256 = sha256_hex(document.text);
  row.id = document.id.empty() ? id_of_text(row.sha256) : document.id;
  row.bytes = document.text.size();
  row.source = document.source;
  row.license = document.license;
  row.lang = document.lang;
  row.host = url_host(document.url);
  row.dropped_by = decision.dropped_by;
  for (const StepResult& step : decision.steps) {
    auto& value = row.values.emplace_back();
    if (!step.ran) continue;
    value = DecisionValue{step.value, step.at_least, step.bytes_after, step.evidence, step.by_kind};
  }
  if (row.dropped_by && !chain.steps()[*row.dropped_by].info->secret) {
    // From the text as the step saw it: its spans are into that, and what was masked stays so.
    row.excerpts = make_excerpts(decision.seen_text ? *decision.seen_text : document.text,
                                 decision.steps[*row.dropped_by].evidence);
  }
  return row;
}

std::string decision_line(const DecisionRow& row, const std::vector<LedgerStep>& steps) {
  Json json = {{"sha256", row.sha256},
               {"id", row.id},
               {"input", row.input},
               {"line", row.line},
               {"bytes", row.bytes}};
  for (const auto& [key, member] : kStated) {
    if (!(row.*member).empty()) json[key] = row.*member;
  }
  json["dropped_by"] = row.dropped_by ? Json(steps[*row.dropped_by].name) : Json(nullptr);
  Json values = Json::object();
  Json bytes_after = Json::object();
  Json evidence = Json::object();
  Json by_kind = Json::object();
  for (size_t i = 0; i < row.values.size(); ++i) {
    if (!row.values[i]) continue;
    const DecisionValue& found = *row.values[i];
    const std::string& name = steps[i].name;
    if (!found.value) {
      values[name] = nullptr;
    } else if (found.at_least) {
      values[name] = {{"at_least", *found.value}};
    } else {
      values[name] = *found.value;
    }
    if (found.bytes_after) bytes_after[name] = *found.bytes_after;
    for (size_t kind = 0; kind < found.by_kind.size(); ++kind) {
      if (found.by_kind[kind] > 0) by_kind[name][steps[i].kinds[kind]] = found.by_kind[kind];
    }
    if (found.evidence.empty()) continue;
    Json spans = Json::array();
    for (const ByteSpan& span : found.evidence) spans.push_back({span.begin, span.end});
    evidence[name] = std::move(spans);
  }
  json["values"] = std::move(values);
  if (!bytes_after.empty()) json["bytes_after"] = std::move(bytes_after);
  if (!by_kind.empty()) json["by_kind"] = std::move(by_kind);
  if (!evidence.empty()) json["evidence"] = std::move(evidence);
  if (!row.excerpts.empty()) {
    Json& excerpts = json["excerpts"] = Json::array();
    for (const Excerpt& excerpt : row.excerpts) excerpts.push_back(to_json(excerpt));
  }
  return dump_json(json);
}

Result<DecisionRow> parse_decision_line(std::string_view line,
                                        const std::vector<LedgerStep>& steps) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element row;
  if (const auto error = parser.parse(line.data(), line.size()).get(row)) {
    return bad_line(simdjson::error_message(error));
  }
  DecisionRow out;
  out.sha256 = text_of(row, "sha256");
  out.id = text_of(row, "id");
  if (out.sha256.size() != 64 || row["input"].get(out.input) != simdjson::SUCCESS ||
      row["line"].get(out.line) != simdjson::SUCCESS ||
      row["bytes"].get(out.bytes) != simdjson::SUCCESS) {
    return bad_line("sha256, input, line or bytes is missing");
  }
  for (const auto& [key, member] : kStated) out.*member = text_of(row, key);
  const std::string dropped_by = text_of(row, "dropped_by");
  if (!dropped_by.empty()) {
    out.dropped_by = step_number(steps, dropped_by);
    if (!out.dropped_by) return bad_line("dropped_by names no step of the chain");
  }
  out.values.resize(steps.size());
  if (!for_steps(row, "values", steps, [&](size_t step, simdjson::dom::element value) {
        return read_value(value, out.values[step].emplace());
      })) {
    return bad_line("a member of values is off");
  }
  if (out.dropped_by && !out.values[*out.dropped_by]) {
    return bad_line("the step that dropped it has no value");
  }
  if (!for_steps(row, "bytes_after", steps, [&](size_t step, simdjson::dom::element value) {
        return out.values[step] &&
               value.get(out.values[step]->bytes_after.emplace()) == simdjson::SUCCESS;
      })) {
    return bad_line("a member of bytes_after is off");
  }
  if (!for_steps(row, "evidence", steps, [&](size_t step, simdjson::dom::element value) {
        return out.values[step] && read_spans(value, out.values[step]->evidence);
      })) {
    return bad_line("a member of evidence is off");
  }
  if (!for_steps(row, "by_kind", steps, [&](size_t step, simdjson::dom::element value) {
        return out.values[step] && read_kinds(value, steps[step], out.values[step]->by_kind);
      })) {
    return bad_line("a member of by_kind is off");
  }
  simdjson::dom::array excerpts;
  if (row["excerpts"].get(excerpts) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : excerpts) {
      out.excerpts.push_back(
          {text_of(item, "before"), text_of(item, "match"), text_of(item, "after")});
    }
  }
  return out;
}

Result<DecisionLedger> DecisionLedger::open(const fs::path& dir) {
  DecisionLedger ledger;
  ledger.dir_ = dir;
  YURAI_ASSIGN(ledger.manifest_, read_manifest(dir, kDecisionsFormat, kDecisionsVersion));
  const auto read = [&](std::string_view name) -> Result<Json> {
    YURAI_ASSIGN(const std::string bytes, read_manifest_file(dir, ledger.manifest_, name));
    return parse_json(bytes, name);
  };
  YURAI_ASSIGN(const Json chain, read("ledger/chain.json"));
  YURAI_ASSIGN(ledger.summary_, read("ledger/summary.json"));
  for (const Json& step : chain) {
    LedgerStep out;
    YURAI_ASSIGN(out.name, json_string(step, "step"));
    YURAI_ASSIGN(out.filter, json_string(step, "filter"));
    YURAI_ASSIGN(out.unit, json_string(step, "unit"));
    out.edits = step.value("edits", false);
    out.bounds = read_bounds(step);
    for (const Json& kind : step.value("kinds", Json::array())) {
      if (kind.is_string()) out.kinds.push_back(kind.get<std::string>());
    }
    ledger.steps_.push_back(std::move(out));
  }
  return ledger;
}

Result<size_t> DecisionLedger::find_step(std::string_view name) const {
  std::string known;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].name == name) return i;
    known += (i > 0 ? ", " : "") + steps_[i].name;
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("the chain has no step '{}'; it has {}",
                                                       for_terminal(name), for_terminal(known)));
}

Result<void> for_each_decision(const fs::path& dir, const std::vector<ManifestFile>& files,
                               const std::vector<LedgerStep>& steps,
                               const std::function<bool(const DecisionRow&)>& visit,
                               const Progress& progress) {
  uint64_t total = 0;
  for (const ManifestFile& file : files) total += file.bytes;
  uint64_t before = 0;
  for (const ManifestFile& file : files) {
    if (!file.name.starts_with(kDecisionsStem)) continue;
    YURAI_ASSIGN(InputFile input, InputFile::open(dir / file.name, Compression::kZstd));
    LineReader lines(input);
    Line line;
    while (true) {
      YURAI_ASSIGN(const bool more, lines.next(line));
      if (!more) break;
      auto row = parse_decision_line(line.bytes, steps);
      if (!row) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("'{}', line {}: {}", for_terminal((dir / file.name).string()),
                                line.number, row.error().message));
      }
      if (!visit(*row)) return {};
      if (line.number % 1024 == 0) progress("read", before + input.stored_bytes_read(), total);
    }
    if (input.stored_sha256() != file.sha256) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("'{}' was changed after it was written (checksum mismatch)",
                              for_terminal((dir / file.name).string())));
    }
    before += file.bytes;
  }
  return {};
}

}  // namespace yurai
