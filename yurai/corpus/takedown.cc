#include "yurai/corpus/takedown.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRejectsName = "rejects.jsonl";
constexpr std::string_view kInputsName = "inputs.jsonl";

/// The names of one list, and whether a document had them.
using Names = std::map<std::string, bool, std::less<>>;

Names names_of(const std::vector<std::string>& list) {
  Names names;
  for (const std::string& name : list) names.emplace(name, false);
  return names;
}

bool named(Names& names, std::string_view name) {
  const auto found = names.find(name);
  if (found == names.end()) return false;
  found->second = true;
  return true;
}

/// A file of the corpus that it may not have; empty then.
Result<std::string> read_if_there(const Corpus& corpus, std::string_view name) {
  const auto& files = corpus.manifest().files;
  const bool there = std::any_of(files.begin(), files.end(),
                                 [&](const ManifestFile& file) { return file.name == name; });
  if (!there) return std::string();
  return read_manifest_file(corpus.dir(), corpus.manifest(), name);
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

std::string log_line(const Document& document, const std::string& sha256,
                     const Takedown& takedown) {
  return dump_json({{"sha256", sha256},
                    {"id", document.id},
                    {"source", document.source},
                    {"license", document.license},
                    {"who", takedown.who},
                    {"when", takedown.when},
                    {"why", takedown.why}}) +
         "\n";
}

}  // namespace

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
    std::transform(line.begin(), line.end(), line.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c); });
    hashes.push_back(std::move(line));
  }
  return hashes;
}

Result<TakedownSummary> take_down(const Corpus& corpus, const Takedown& takedown,
                                  StagingDirectory& stage, const Progress& progress) {
  Names hashes = names_of(takedown.hashes);
  Names ids = names_of(takedown.ids);
  Names sources = names_of(takedown.sources);
  Names licenses = names_of(takedown.licenses);
  if (hashes.empty() && ids.empty() && sources.empty() && licenses.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "nothing to take down: name hashes, ids, sources or licences");
  }
  TakedownSummary summary;
  YURAI_ASSIGN(std::string log, read_if_there(corpus, kTakedownLogName));
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(Document document, corpus.document(number));
    YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(number));
    // Every list is asked: each name is told to be found or not.
    const bool goes = static_cast<int>(named(hashes, sha256)) + named(ids, document.id) +
                          named(sources, document.source) + named(licenses, document.license) >
                      0;
    if (goes) {
      ++summary.taken_down;
      log += log_line(document, sha256, takedown);
    } else {
      YURAI_TRY(writer.add(std::move(document)));
    }
    progress("take down", corpus.text_range(number).end, corpus.text().size_bytes());
  }
  for (const Names* names : {&hashes, &ids, &sources, &licenses}) {
    for (const auto& [name, found] : *names) {
      if (!found) summary.not_found.push_back(name);
    }
  }
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
  manifest.configuration = corpus.manifest().configuration;
  manifest.lineage = corpus.manifest().lineage;
  YURAI_ASSIGN(summary.corpus, writer.finish(std::move(manifest)));
  YURAI_ASSIGN(Manifest written, read_manifest(stage.path()));
  const Json& facts = corpus.manifest().facts;
  written.facts["licenses_mapped"] = facts.value("licenses_mapped", Json::array());
  written.facts["taken_down"] = static_cast<uint64_t>(std::count(log.begin(), log.end(), '\n'));
  YURAI_TRY(write_manifest(std::move(written), stage));
  return summary;
}

}  // namespace yurai
