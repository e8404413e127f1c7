#include <string>
#include <vector>

#include "yurai/card/card.h"
#include "yurai/card/license_expression.h"
#include "yurai/card/lineage_text.h"
#include "yurai/card/members.h"
#include "yurai/record/document.h"

namespace yurai {
namespace {

constexpr const char* kRecordSet = "documents";

/// The context of the Croissant 1.1 specification (appendix 1) and the terms that its validator
/// wants beside it, with PROV for the lineage. Schema.org's names begin with https, as the
/// validator has them.
Json context() {
  const auto in = [](const char* term) { return std::string("cr:") + term; };
  Json context = {{"@language", "en"},
                  {"@vocab", "https://schema.org/"},
                  {"sc", "https://schema.org/"},
                  {"cr", "http://mlcommons.org/croissant/"},
                  {"rai", "http://mlcommons.org/croissant/RAI/"},
                  {"dct", "http://purl.org/dc/terms/"},
                  {"prov", "http://www.w3.org/ns/prov#"},
                  {"conformsTo", "dct:conformsTo"},
                  {"data", {{"@id", "cr:data"}, {"@type", "@json"}}},
                  {"dataType", {{"@id", "cr:dataType"}, {"@type", "@vocab"}}},
                  {"examples", {{"@id", "cr:examples"}, {"@type", "@json"}}}};
  for (const char* term : {"annotation",    "arrayShape",   "citeAs",
                           "column",        "containedIn",  "equivalentProperty",
                           "excludes",      "extract",      "field",
                           "fileObject",    "fileProperty", "fileSet",
                           "format",        "includes",     "isArray",
                           "isLiveDataset", "jsonPath",     "key",
                           "md5",           "parentField",  "path",
                           "readLines",     "recordSet",    "references",
                           "regex",         "repeated",     "replace",
                           "samplingRate",  "sdVersion",    "separator",
                           "source",        "subField",     "transform",
                           "unArchive",     "value"}) {
    context[term] = in(term);
  }
  return context;
}

std::string encoding_of(const std::string& name) {
  const auto ends = [&](const char* suffix) { return name.ends_with(suffix); };
  if (ends(".jsonl")) return "application/jsonlines";
  if (ends(".jsonl.zst")) return "application/zstd";
  if (ends(".json")) return "application/json";
  if (ends(".html")) return "text/html";
  return "application/octet-stream";
}

bool is_part(const std::string& name) { return name.starts_with("part-"); }

Json distribution(const Json& card, const std::string& base, bool& has_parts) {
  Json list = Json::array();
  for (const Json& file : list_of(card, "files")) {
    const std::string name = text_of(file, "name");
    has_parts = has_parts || is_part(name);
    list.push_back({{"@type", "cr:FileObject"},
                    {"@id", name},
                    {"name", name},
                    {"contentUrl", base + name},
                    {"contentSize", std::to_string(count_of(file, "bytes")) + " B"},
                    {"encodingFormat", encoding_of(name)},
                    {"sha256", text_of(file, "sha256")}});
  }
  return list;
}

/// The documents' fields and where they stand in the parts, which are JSON lines.
Json record_set(const Json& card) {
  Json fields = Json::array();
  const Json& map = object_of(object_of(card, "data"), "map");
  for (const std::string_view known : kDocumentFields) {
    const std::string name(known);
    if (count_of(object_of(card, "fields"), name.c_str()) == 0) continue;
    const std::string theirs = text_of(map, name.c_str());
    fields.push_back({{"@type", "cr:Field"},
                      {"@id", std::string(kRecordSet) + "/" + name},
                      {"name", name},
                      {"dataType", "sc:Text"},
                      {"source",
                       {{"fileSet", {{"@id", "parts"}}},
                        {"extract", {{"column", theirs.empty() ? name : theirs}}}}}});
  }
  return {{"@type", "cr:RecordSet"},
          {"@id", kRecordSet},
          {"name", kRecordSet},
          {"description", "A record a document. A field that a document does not state is absent."},
          {"field", std::move(fields)}};
}

}  // namespace

Json card_croissant(const Json& card, std::string_view base) {
  std::string slashed(base);
  if (!slashed.empty() && !slashed.ends_with('/')) slashed += '/';
  Json json = {{"@context", context()},
               {"@type", "sc:Dataset"},
               {"conformsTo", "http://mlcommons.org/croissant/1.1"},
               {"name", text_of(card, "name")}};
  const auto add = [&](const char* key, const char* from) {
    const std::string value = text_of(card, from);
    if (!value.empty()) json[key] = value;
  };
  add("description", "description");
  add("url", "url");
  add("datePublished", "created");
  const std::string creator = text_of(card, "creator");
  if (!creator.empty()) {
    const bool person = text_of(card, "creator_type") == "person";
    json["creator"] = {{"@type", person ? "sc:Person" : "sc:Organization"}, {"name", creator}};
  }
  add("citeAs", "cite_as");
  json["version"] = "0.0.0+" + text_of(object_of(card, "data"), "manifest_checksum").substr(0, 12);
  Json licenses = Json::array();
  for (const Json& group : list_of(object_of(card, "licenses"), "groups")) {
    for (std::string& one : license_urls(text_of(group, "name"))) {
      if (std::find(licenses.begin(), licenses.end(), one) == licenses.end()) {
        licenses.push_back(std::move(one));
      }
    }
  }
  if (!licenses.empty()) json["license"] = std::move(licenses);
  Json languages = Json::array();
  for (const Json& group : list_of(object_of(card, "languages"), "groups")) {
    languages.push_back(text_of(group, "name"));
  }
  if (!languages.empty()) json["inLanguage"] = std::move(languages);
  bool has_parts = false;
  Json files = distribution(card, slashed, has_parts);
  if (has_parts) {
    Json parts = {{"@type", "cr:FileSet"}, {"@id", "parts"}, {"name", "parts"}};
    Json contained = Json::array();
    std::string encoding;
    for (const Json& file : files) {
      if (!is_part(text_of(file, "name"))) continue;
      contained.push_back({{"@id", text_of(file, "@id")}});
      encoding = text_of(file, "encodingFormat");
    }
    parts["containedIn"] = std::move(contained);
    parts["encodingFormat"] = encoding;
    parts["includes"] = "part-*";
    files.push_back(std::move(parts));
  }
  json["distribution"] = std::move(files);
  // A field must say where it stands in a file: those of a corpus are in no format that is known.
  if (has_parts && card.contains("fields")) json["recordSet"] = Json::array({record_set(card)});
  const Json& tokens = member_of(object_of(card, "totals"), "tokens");
  if (!tokens.is_null()) {
    const Json& tokenizer = object_of(card, "tokenizer");
    json["variableMeasured"] = {
        {"@type", "sc:PropertyValue"},
        {"name", "tokens"},
        {"value", tokens},
        {"measurementTechnique", text_of(tokenizer, "kind") + " tokenizer, SHA-256 of its file " +
                                     text_of(tokenizer, "sha256")}};
  }
  Json steps = Json::array();
  for (const Json& step : list_of(card, "lineage")) steps.push_back(lineage_line(step));
  json["rai:dataPreprocessingProtocol"] = std::move(steps);
  Json derived = Json::array();
  const Json& lineage = list_of(card, "lineage");
  for (size_t i = 0; i + 1 < lineage.size(); ++i) {
    derived.push_back({{"@id", "urn:yurai:" + text_of(lineage[i], "checksum")}});
  }
  if (!derived.empty()) json["prov:wasDerivedFrom"] = std::move(derived);
  return json;
}

std::vector<std::string> croissant_lacks(const Json& croissant) {
  std::vector<std::string> lacks;
  for (const char* name : {"description", "license", "url", "creator", "datePublished"}) {
    if (!croissant.contains(name)) lacks.emplace_back(name);
  }
  return lacks;
}

}  // namespace yurai
