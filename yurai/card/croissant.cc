#include <string>

#include "yurai/card/card.h"
#include "yurai/card/license_expression.h"
#include "yurai/card/lineage_text.h"
#include "yurai/card/members.h"
#include "yurai/record/document.h"

namespace yurai {
namespace {

constexpr const char* kRecordSet = "documents";

/// The context of the Croissant 1.1 specification, with PROV for the lineage.
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
  for (const char* term :
       {"arrayShape",    "citeAs",       "column",   "containedIn", "extract",     "field",
        "fileObject",    "fileProperty", "fileSet",  "format",      "includes",    "isArray",
        "isLiveDataset", "jsonPath",     "key",      "md5",         "parentField", "path",
        "recordSet",     "references",   "regex",    "repeated",    "replace",     "samplingRate",
        "separator",     "source",       "subField", "transform"}) {
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

Json distribution(const Json& card, bool& has_parts) {
  Json list = Json::array();
  for (const Json& file : list_of(card, "files")) {
    const std::string name = text_of(file, "name");
    has_parts = has_parts || is_part(name);
    list.push_back({{"@type", "cr:FileObject"},
                    {"@id", name},
                    {"name", name},
                    {"contentUrl", name},
                    {"contentSize", std::to_string(count_of(file, "bytes")) + " B"},
                    {"encodingFormat", encoding_of(name)},
                    {"sha256", text_of(file, "sha256")}});
  }
  return list;
}

/// The documents' fields; where the folder holds JSON lines, where they stand in them.
Json record_set(const Json& card, bool has_parts) {
  Json fields = Json::array();
  const Json& map = object_of(object_of(card, "data"), "map");
  for (const std::string_view known : kDocumentFields) {
    const std::string name(known);
    if (count_of(object_of(card, "fields"), name.c_str()) == 0) continue;
    const std::string theirs = text_of(map, name.c_str());
    Json field = {{"@type", "cr:Field"},
                  {"@id", std::string(kRecordSet) + "/" + name},
                  {"name", name},
                  {"dataType", "sc:Text"}};
    if (has_parts) {
      field["source"] = {{"fileSet", {{"@id", "parts"}}},
                         {"extract", {{"column", theirs.empty() ? name : theirs}}}};
    }
    fields.push_back(std::move(field));
  }
  return {{"@type", "cr:RecordSet"},
          {"@id", kRecordSet},
          {"name", kRecordSet},
          {"description", "A record a document. A field that a document does not state is absent."},
          {"field", std::move(fields)}};
}

}  // namespace

Json card_croissant(const Json& card) {
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
  // Whether a person or an organisation, the card does not know.
  if (!creator.empty()) json["creator"] = {{"@type", "sc:Thing"}, {"name", creator}};
  json["version"] = "0.0.0+" + text_of(object_of(card, "data"), "manifest_sha256").substr(0, 12);
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
  Json files = distribution(card, has_parts);
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
  if (card.contains("fields")) json["recordSet"] = Json::array({record_set(card, has_parts)});
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

}  // namespace yurai
