#include "yurai/card/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/card/document_facts.h"
#include "yurai/card/limits.h"
#include "yurai/card/members.h"
#include "yurai/card/proportion.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/corpus/license.h"
#include "yurai/corpus/stats.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/dedup.h"
#include "yurai/curate/label_model.h"
#include "yurai/curate/label_set.h"
#include "yurai/record/manifest.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxGroups = 1'000;
constexpr size_t kMaxReasons = 100;
constexpr uint64_t kMaxRejectsBytes = 64ull << 20;

tl::unexpected<Error> no_data(const fs::path& dir, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is {}; a card is made of the folder of 'yurai corpus build', "
                          "'filter', 'dedup' or 'label import'",
                          for_terminal(dir.string()), what));
}

/// "sources" and so on of a corpus's stats.json: the documents that don't say apart, and the small
/// groups of a long list together.
Json groups_of(const Json& stored, bool licenses) {
  Json groups = Json::array();
  Json missing = {{"documents", 0}, {"bytes", 0}};
  uint64_t names = 0;
  uint64_t other_documents = count_of(object_of(stored, "other"), "documents");
  uint64_t other_bytes = count_of(object_of(stored, "other"), "bytes");
  for (const Json& group : list_of(stored, "groups")) {
    const std::string name = text_of(group, "name");
    const uint64_t documents = count_of(group, "documents");
    const uint64_t bytes = count_of(group, "bytes");
    if (name.empty()) {
      missing = {{"documents", documents}, {"bytes", bytes}};
      continue;
    }
    ++names;
    if (groups.size() == kMaxGroups) {
      other_documents += documents;
      other_bytes += bytes;
      continue;
    }
    Json item = {{"name", name}, {"documents", documents}, {"bytes", bytes}};
    if (licenses) {
      const bool spdx = normalize_license(name).spdx;
      item["spdx"] = spdx;
      item["license_ref"] = spdx ? Json(nullptr) : Json(license_ref(name));
    }
    groups.push_back(std::move(item));
  }
  return {{"names", names},
          {"groups", std::move(groups)},
          {"missing", std::move(missing)},
          {"other", {{"documents", other_documents}, {"bytes", other_bytes}}}};
}

/// Counts the tokens of texts, where there is a tokenizer. Marks that it would add to each text are
/// none of the text's, and no text is a special token.
class TokenCounter {
 public:
  explicit TokenCounter(const Tokenizer* tokenizer) : tokenizer_(tokenizer) {}

  Result<void> add(const Document& document) {
    if (tokenizer_ == nullptr) return {};
    const auto tokens = tokenizer_->encode(document.text, {.match_special = false});
    if (!tokens) {
      return fail(tokens.error().code,
                  fmt::format("the tokens of document '{}' cannot be counted: {}",
                              for_terminal(document.id), tokens.error().message));
    }
    tokens_ += tokens->size();
    return {};
  }
  void put_into(Json& totals) const {
    if (tokenizer_ != nullptr) totals["tokens"] = tokens_;
  }

 private:
  const Tokenizer* tokenizer_;
  uint64_t tokens_ = 0;
};

Json tokenizer_json(const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) return nullptr;
  return {{"kind", tokenizer->facts().kind},
          {"sha256", tokenizer->facts().sha256},
          {"vocabulary_size", tokenizer->vocabulary_size()}};
}

/// What the rows themselves say.
struct Contents {
  Json totals = Json::object();
  Json stored = Json::object();  ///< as a corpus's stats.json
  Json facts = Json::object();   ///< DocumentFacts
};

Result<Contents> read_corpus(const fs::path& dir, const CardOptions& options,
                             const Progress& progress) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(dir));
  YURAI_ASSIGN(const std::string bytes, read_manifest_file(dir, corpus.manifest(), "stats.json"));
  Contents contents;
  YURAI_ASSIGN(contents.stored, parse_json(bytes, "stats.json"));
  DocumentFacts facts;
  TokenCounter tokens(options.tokenizer);
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    facts.add(document);
    YURAI_TRY(tokens.add(document));
    if (number % 1024 == 0) progress("count", number, corpus.num_documents());
  }
  const Json& stated = corpus.manifest().facts;
  contents.totals = {{"documents", facts.documents()},
                     {"bytes", facts.bytes()},
                     {"characters", count_of(stated, "characters")},
                     {"words", facts.words()},
                     {"rejected", count_of(stated, "rejected")},
                     {"repeated_ids", count_of(stated, "duplicate_ids")}};
  tokens.put_into(contents.totals);
  contents.facts = facts.finish(options.top_percent);
  return contents;
}

FieldMap map_of(const Manifest& manifest) {
  FieldMap map = default_field_map();
  for (size_t i = 0; i < map.size(); ++i) {
    const std::string theirs =
        text_of(object_of(manifest.configuration, "map"), std::string(kDocumentFields[i]).c_str());
    if (!theirs.empty()) map[i] = theirs;
  }
  return map;
}

Result<void> check_part(const InputEntry& part, const Manifest& manifest, DocumentReader& reader) {
  YURAI_ASSIGN(const std::string sha256, reader.stored_sha256());
  const bool listed =
      std::any_of(manifest.files.begin(), manifest.files.end(), [&](const ManifestFile& file) {
        return file.name == part.path.filename().string() && file.sha256 == sha256;
      });
  if (listed) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}' is not as manifest.json says (checksum mismatch); make it again",
                          for_terminal(part.path.string())));
}

Result<Contents> read_parts(const fs::path& dir, const Manifest& manifest,
                            const CardOptions& options, const Progress& progress) {
  YURAI_ASSIGN(const InputList list, list_inputs({dir}));
  DocumentFacts facts;
  StatsCollector stats;
  TokenCounter tokens(options.tokenizer);
  uint64_t before = 0;
  for (const InputEntry& part : list.files) {
    YURAI_ASSIGN(const auto reader, DocumentReader::open(part, {.map = map_of(manifest)}));
    InputRecord record;
    while (true) {
      YURAI_ASSIGN(const bool more, reader->next(record));
      if (!more) break;
      if (record.kind != InputRecord::Kind::kDocument) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("'{}', {} {}: {}", for_terminal(part.path.string()), reader->unit(),
                                record.number, record.reason));
      }
      record.document.license = normalize_license(record.document.license).name;
      stats.add(record.document);
      facts.add(record.document);
      YURAI_TRY(tokens.add(record.document));
      progress("count", before + reader->stored_bytes_read(), list.bytes);
    }
    YURAI_TRY(check_part(part, manifest, *reader));
    before += part.bytes;
  }
  Contents contents;
  contents.totals = {{"documents", stats.documents()},
                     {"bytes", stats.bytes()},
                     {"characters", stats.characters()},
                     {"words", facts.words()},
                     {"rejected", count_of(manifest.facts, "rejected")}};
  tokens.put_into(contents.totals);
  contents.stored = stats.stored();
  contents.facts = facts.finish(options.top_percent);
  return contents;
}

Contents read_labels(const Manifest& manifest) {
  Contents contents;
  contents.totals = {{"documents", count_of(manifest.facts, "documents")},
                     {"labels", count_of(manifest.facts, "labels")},
                     {"rejected", count_of(manifest.facts, "rejected")}};
  return contents;
}

/// A reason without where in its record it is: "not UTF-8 at byte 12" → "not UTF-8 at byte …".
std::string reason_alone(std::string reason) {
  constexpr std::string_view kPlace = "at byte ";
  for (size_t at = reason.find(kPlace); at != std::string::npos; at = reason.find(kPlace, at)) {
    at += kPlace.size();
    const size_t end = std::min(reason.find_first_not_of("0123456789", at), reason.size());
    if (end > at) reason.replace(at, end - at, "…");
  }
  return reason;
}

/// {"records","reasons":[{"reason","records"}]}: why input records of the last step are no
/// documents.
Result<Json> read_rejects(const fs::path& dir, const Manifest& manifest) {
  Json json = {
      {"records", count_of(manifest.facts, "rejected") + count_of(manifest.facts, "left_out")},
      {"reasons", nullptr}};
  const auto bytes = manifest_file_bytes(manifest, "rejects.jsonl");
  if (!bytes || *bytes > kMaxRejectsBytes) return json;
  YURAI_ASSIGN(const std::string lines, read_manifest_file(dir, manifest, "rejects.jsonl"));
  std::map<std::string, uint64_t> counts;
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    YURAI_ASSIGN(const Json row,
                 parse_json(std::string_view(lines).substr(begin, end - begin), "rejects.jsonl"));
    ++counts[reason_alone(text_of(row, "reason"))];
    begin = end + 1;
  }
  std::vector<std::pair<std::string, uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (sorted.size() > kMaxReasons) sorted.resize(kMaxReasons);
  json["reasons"] = Json::array();
  for (const auto& [reason, records] : sorted) {
    json["reasons"].push_back({{"reason", reason}, {"records", records}});
  }
  return json;
}

/// What the filters of one kind in the lineage measured: [{"chain","step","documents",…}].
Json personal_information(const Json& lineage) {
  Json list = Json::array();
  for (const Json& artefact : lineage) {
    if (text_of(artefact, "format") != kDecisionsFormat) continue;
    for (const Json& step : list_of(object_of(artefact, "facts"), "steps")) {
      if (text_of(step, "filter") != "pii") continue;
      const auto share = [&](const Json& of, const char* key) {
        return to_json(proportion(count_of(of, key), count_of(step, "ran")));
      };
      Json kinds = Json::array();
      for (const Json& kind : list_of(step, "by_kind")) {
        kinds.push_back({{"kind", text_of(kind, "kind")},
                         {"documents", share(kind, "documents")},
                         {"spans", count_of(kind, "count")}});
      }
      list.push_back({{"made_by", text_of(artefact, "checksum")},
                      {"step", text_of(step, "step")},
                      {"documents", share(step, "above_zero")},
                      {"spans", member_of(step, "sum")},
                      {"masked_documents", count_of(step, "edited")},
                      {"kinds", std::move(kinds)}});
    }
  }
  return list;
}

/// The first artefact of that format among those that `artefact` was made from; {} without one.
Json made_from(const Json& lineage, const Json& artefact, std::string_view format) {
  for (const Json& earlier : list_of(artefact, "made_from")) {
    for (const Json& other : lineage) {
      if (text_of(other, "format") == format && member_of(other, "checksum") == earlier) {
        return other;
      }
    }
  }
  return Json::object();
}

/// A label model, and the labels that it learnt from; null where the lineage has none.
Json model_json(const Json& lineage, const Json& model) {
  if (model.empty()) return nullptr;
  const Json& facts = object_of(model, "facts");
  const Json labels = made_from(lineage, model, kLabelsFormat);
  return {{"checksum", text_of(model, "checksum")},
          {"labels", labels.empty() ? Json(nullptr)
                                    : Json({{"checksum", text_of(labels, "checksum")},
                                            {"files", list_of(labels, "inputs")}})},
          {"label", member_of(object_of(model, "configuration"), "positive")},
          {"documents", member_of(facts, "documents")},
          {"positive", member_of(facts, "positive")},
          {"threshold", member_of(facts, "threshold")},
          {"unseen", member_of(facts, "unseen")}};
}

Json toxicity(const Json& lineage) {
  Json list = Json::array();
  for (const Json& artefact : lineage) {
    if (text_of(artefact, "format") != kDecisionsFormat) continue;
    for (const Json& step : list_of(object_of(artefact, "facts"), "steps")) {
      if (text_of(step, "filter") != "toxicity") continue;
      list.push_back(
          {{"made_by", text_of(artefact, "checksum")},
           {"step", text_of(step, "step")},
           {"threshold", member_of(step, "upper_bound")},
           {"dropped", to_json(proportion(count_of(step, "dropped"), count_of(step, "ran")))},
           {"model", model_json(lineage, made_from(lineage, artefact, kLabelModelFormat))}});
    }
  }
  return list;
}

Json files_json(const Manifest& manifest) {
  Json list = Json::array();
  for (const ManifestFile& file : manifest.files) {
    list.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return list;
}

}  // namespace

Result<void> check_card_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  bool is_time = text.size() == kShape.size();
  for (size_t i = 0; is_time && i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    is_time = kShape[i] == 'd' ? digit : text[i] == kShape[i];
  }
  const auto number = [&](size_t at, size_t digits) {
    int value = 0;
    for (size_t i = at; i < at + digits; ++i) value = 10 * value + (text[i] - '0');
    return value;
  };
  if (is_time) {
    const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                          std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    is_time = day.ok() && number(11, 2) < 24 && number(14, 2) < 60 && number(17, 2) <= 60;
  }
  if (is_time) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("'{}' is no time (UTC) such as 2026-01-31T00:00:00Z", for_terminal(text)));
}

Result<Json> make_card(const fs::path& dir, const CardOptions& options, const Progress& progress) {
  if (!options.created.empty()) YURAI_TRY(check_card_time(options.created));
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir));
  Contents contents;
  if (manifest.format == kCorpusFormat) {
    YURAI_ASSIGN(contents, read_corpus(dir, options, progress));
  } else if (manifest.format == kDecisionsFormat || manifest.format == kDedupFormat) {
    YURAI_ASSIGN(contents, read_parts(dir, manifest, options, progress));
  } else if (manifest.format == kLabelsFormat && options.tokenizer != nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' holds labels; tokens are counted of documents (leave out "
                            "--tokenizer)",
                            for_terminal(dir.string())));
  } else if (manifest.format == kLabelsFormat) {
    contents = read_labels(manifest);
  } else {
    return no_data(dir, fmt::format("a {}", for_terminal(manifest.format)));
  }
  YURAI_ASSIGN(const Json rejects, read_rejects(dir, manifest));
  Json lineage = Json::array();
  add_to_lineage(lineage, manifest);
  const std::string checksum = manifest_checksum(manifest);
  YURAI_ASSIGN(const std::string manifest_bytes, read_file(dir / kManifestName));
  const std::string default_name =
      fmt::format("{}-{}", manifest.format, std::string_view(checksum).substr(0, 12));
  Json card = {{"format", kCardFormat},
               {"format_version", kCardVersion},
               {"tool_version", kToolVersion},
               {"name", options.name.empty() ? default_name : options.name},
               {"description", or_null(options.description)},
               {"creator", or_null(options.creator)},
               {"creator_type", or_null(options.creator_type)},
               {"cite_as", or_null(options.cite_as)},
               {"url", or_null(options.url)},
               {"created", or_null(options.created)},
               {"data",
                {{"format", manifest.format},
                 {"manifest_checksum", checksum},
                 {"manifest_sha256", sha256_hex(manifest_bytes)},
                 {"corpus_sha256", member_of(manifest.facts, "corpus_sha256")},
                 {"map", object_of(manifest.configuration, "map")}}},
               {"totals", std::move(contents.totals)},
               {"tokenizer", tokenizer_json(options.tokenizer)}};
  if (manifest.format != kLabelsFormat) {
    card["licenses"] = groups_of(object_of(contents.stored, "licenses"), true);
    card["sources"] = groups_of(object_of(contents.stored, "sources"), false);
    card["languages"] = groups_of(object_of(contents.stored, "languages"), false);
    card["fields"] = contents.facts["fields"];
    card["lengths"] = contents.facts["lengths"];
    card["size_histogram"] = list_of(contents.stored, "size_histogram");
    card["dates"] = contents.facts["dates"];
    card["domains"] = contents.facts["domains"];
  }
  card["rejects"] = rejects;
  card["personal_information"] = personal_information(lineage);
  card["toxicity"] = toxicity(lineage);
  card["lineage"] = std::move(lineage);
  card["limits"] = card_limits(card);
  card["files"] = files_json(manifest);
  return card;
}

}  // namespace yurai
