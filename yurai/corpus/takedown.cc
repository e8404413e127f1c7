#include "yurai/corpus/takedown.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRejectsName = "rejects.jsonl";

/// A file of the corpus that it may not have; empty then.
Result<std::string> read_if_there(const Corpus& corpus, std::string_view name) {
  const auto& files = corpus.manifest().files;
  const bool there = std::any_of(files.begin(), files.end(),
                                 [&](const ManifestFile& file) { return file.name == name; });
  if (!there) return std::string();
  return read_manifest_file(corpus.dir(), corpus.manifest(), name);
}

}  // namespace

Result<TakedownNames> TakedownNames::make(const Takedown& takedown) {
  TakedownNames names;
  names.hashes_ = names_of(takedown.hashes);
  names.ids_ = names_of(takedown.ids);
  names.sources_ = names_of(takedown.sources);
  names.licenses_ = names_of(takedown.licenses);
  if (!names.hashes_.empty() || !names.ids_.empty() || !names.sources_.empty() ||
      !names.licenses_.empty()) {
    return names;
  }
  return fail(ErrorCode::kInvalidArgument,
              "nothing to take down: name hashes, ids, sources or licences");
}

TakedownNames::Names TakedownNames::names_of(const std::vector<std::string>& list) {
  Names names;
  for (const std::string& name : list) names.emplace(name, false);
  return names;
}

bool TakedownNames::match(const Document& document, std::string_view text_sha256) {
  const auto has = [](Names& names, std::string_view name) {
    const auto found = names.find(name);
    if (found == names.end()) return 0;
    found->second = true;
    return 1;
  };
  // Every list is asked: each name is told to be found or not.
  return has(hashes_, text_sha256) + has(ids_, document.id) + has(sources_, document.source) +
             has(licenses_, document.license) >
         0;
}

std::vector<std::string> TakedownNames::not_found() const {
  std::vector<std::string> missing;
  for (const Names* names : {&hashes_, &ids_, &sources_, &licenses_}) {
    for (const auto& [name, found] : *names) {
      if (!found) missing.push_back(name);
    }
  }
  return missing;
}

std::string takedown_log_line(const Document& document, const std::string& text_sha256,
                              const Takedown& takedown) {
  return dump_json({{"sha256", text_sha256},
                    {"id", document.id},
                    {"source", document.source},
                    {"license", document.license},
                    {"who", takedown.who},
                    {"when", takedown.when},
                    {"why", takedown.why}}) +
         "\n";
}

Result<std::set<std::string>> hashes_in_takedown_log(const std::string& log) {
  std::set<std::string> hashes;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    YURAI_ASSIGN(const Json json, parse_json(line, kTakedownLogName));
    YURAI_ASSIGN(std::string sha256, json_string(json, "sha256"));
    hashes.insert(std::move(sha256));
  }
  return hashes;
}

Result<std::string> read_takedown_log(const Corpus& corpus) {
  return read_if_there(corpus, kTakedownLogName);
}

Result<void> copy_rejects(const Corpus& corpus, CorpusWriter& writer) {
  YURAI_ASSIGN(const std::string bytes, read_if_there(corpus, kRejectsName));
  std::istringstream lines(bytes);
  for (std::string line; std::getline(lines, line);) {
    YURAI_ASSIGN(const Json json, parse_json(line, kRejectsName));
    Reject reject;
    YURAI_ASSIGN(reject.file, json_string(json, "file"));
    if (json.contains("record")) reject.unit = "record";
    YURAI_ASSIGN(reject.number, json_uint(json, reject.unit));
    YURAI_ASSIGN(reject.byte, json_uint(json, "byte"));
    YURAI_ASSIGN(reject.reason, json_string(json, "reason"));
    YURAI_TRY(writer.reject(reject));
  }
  return {};
}

Json to_json(const TakedownSummary& summary) {
  return {{"taken_down", summary.taken_down},
          {"not_found", summary.not_found},
          {"corpus", to_json(summary.corpus)}};
}

Result<std::vector<std::string>> read_hashes(const fs::path& path) {
  YURAI_ASSIGN(const std::string bytes, read_file(path));
  std::vector<std::string> hashes;
  std::istringstream lines(bytes);
  uint64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    const bool is_hash =
        line.size() == 64 && line.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!is_hash) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}', line {}: a SHA-256 of 64 hex digits is needed",
                              for_terminal(path.string()), number));
    }
    hashes.push_back(to_lower(line));
  }
  return hashes;
}

Result<TakedownSummary> take_down(const Corpus& corpus, const Takedown& takedown,
                                  StagingDirectory& stage, const Progress& progress) {
  YURAI_ASSIGN(TakedownNames names, TakedownNames::make(takedown));
  TakedownSummary summary;
  YURAI_ASSIGN(std::string log, read_takedown_log(corpus));
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(Document document, corpus.document(number));
    YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(number));
    if (names.match(document, sha256)) {
      ++summary.taken_down;
      log += takedown_log_line(document, sha256, takedown);
    } else {
      YURAI_TRY(writer.add(std::move(document)));
    }
    progress("take down", corpus.text_range(number).end, corpus.text().size_bytes());
  }
  summary.not_found = names.not_found();
  if (summary.taken_down == 0) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no document of '{}' is named; nothing was changed",
                            for_terminal(corpus.dir().string())));
  }
  YURAI_TRY(copy_rejects(corpus, writer));
  YURAI_TRY(stage.add_file(kTakedownLogName, log));
  YURAI_ASSIGN(const std::string inputs, read_if_there(corpus, kInputsName));
  if (!inputs.empty()) YURAI_TRY(stage.add_file(kInputsName, inputs));

  Manifest manifest;
  manifest.inputs = corpus.manifest().inputs;
  manifest.num_inputs = corpus.manifest().num_inputs;
  manifest.configuration = corpus.manifest().configuration;
  manifest.lineage = corpus.manifest().lineage;
  YURAI_ASSIGN(summary.corpus, writer.finish(std::move(manifest), progress));
  YURAI_ASSIGN(Manifest written, read_manifest(stage.path()));
  const Json& facts = corpus.manifest().facts;
  written.facts["licenses_mapped"] = facts.value("licenses_mapped", Json::array());
  written.facts["taken_down"] = static_cast<uint64_t>(std::count(log.begin(), log.end(), '\n'));
  YURAI_TRY(write_manifest(std::move(written), stage));
  return summary;
}

}  // namespace yurai
