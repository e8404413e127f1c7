#include <fmt/format.h>

#include <string>

#include "yurai/base/terminal.h"
#include "yurai/card/card.h"
#include "yurai/card/license_expression.h"
#include "yurai/card/limits.h"
#include "yurai/card/lineage_text.h"
#include "yurai/card/members.h"

namespace yurai {
namespace {

constexpr const char* kCreation = "_:creation";
constexpr const char* kNoAssertion = "https://spdx.org/rdf/3.0.1/terms/Licensing/NoAssertion";

class Writer {
 public:
  explicit Writer(const Json& card)
      : card_(card), base_("urn:yurai:" + text_of(object_of(card, "data"), "manifest_checksum")) {}

  Json write() {
    creation();
    const std::string dataset = id("dataset");
    add("dataset_DatasetPackage", "dataset", text_of(card_, "name"), dataset_members());
    licenses(dataset);
    files(dataset);
    lineage(dataset);
    Json elements = Json::array();
    for (const Json& element : graph_) {
      if (element.contains("spdxId")) elements.push_back(element["spdxId"]);
    }
    add("SpdxDocument", "document", text_of(card_, "name"),
        {{"dataLicense", id("data-license")},
         {"element", std::move(elements)},
         {"profileConformance", {"core", "software", "dataset", "simpleLicensing"}},
         {"rootElement", {dataset}}});
    return {{"@context", "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"},
            {"@graph", std::move(graph_)}};
  }

 private:
  std::string id(const std::string& name) const { return base_ + "#" + name; }

  void add(const char* type, const std::string& id_name, const std::string& name, Json members) {
    Json element = {{"type", type}, {"spdxId", id(id_name)}, {"creationInfo", kCreation}};
    if (!name.empty()) element["name"] = name;
    element.update(members);
    graph_.push_back(std::move(element));
  }

  void relate(const std::string& from, const char* type, Json to) {
    add("Relationship", fmt::format("relationship-{}", ++num_relationships_), "",
        {{"from", from}, {"relationshipType", type}, {"to", std::move(to)}});
  }

  void creation() {
    const std::string tool = "yurai " + text_of(card_, "tool_version");
    graph_.push_back({{"type", "CreationInfo"},
                      {"@id", kCreation},
                      {"specVersion", "3.0.1"},
                      {"created", text_of(card_, "created")},
                      {"createdBy", {id("program")}},
                      {"createdUsing", {id("tool")}}});
    add("SoftwareAgent", "program", tool, Json::object());
    add("Tool", "tool", tool, Json::object());
    add("simplelicensing_LicenseExpression", "data-license", "",
        {{"simplelicensing_licenseExpression", "CC0-1.0"}});
    const std::string creator = text_of(card_, "creator");
    if (!creator.empty()) add("Agent", "creator", creator, Json::object());
  }

  static Json sha256(const std::string& hex) {
    return Json::array({{{"type", "Hash"}, {"algorithm", "sha256"}, {"hashValue", hex}}});
  }

  Json dataset_members() const {
    const Json& totals = object_of(card_, "totals");
    const Json& data = object_of(card_, "data");
    Json members = Json::object();
    const std::string description = text_of(card_, "description");
    if (!description.empty()) members["description"] = description;
    std::string limits;
    for (const Json& limit : list_of(card_, "limits")) {
      limits += (limits.empty() ? "" : " ") + limit_text(limit).english;
    }
    if (!limits.empty()) members["comment"] = limits;
    members["verifiedUsing"] = sha256(text_of(data, "manifest_sha256"));
    members["software_primaryPurpose"] = "data";
    members["software_packageVersion"] = text_of(data, "manifest_checksum").substr(0, 12);
    if (!text_of(card_, "url").empty())
      members["software_downloadLocation"] = text_of(card_, "url");
    if (!text_of(card_, "creator").empty()) members["originatedBy"] = {id("creator")};
    members["dataset_datasetType"] = {"text"};
    members["dataset_datasetSize"] = count_of(totals, "bytes");
    Json steps = Json::array();
    for (const Json& step : list_of(card_, "lineage")) steps.push_back(lineage_line(step));
    members["dataset_dataPreprocessing"] = std::move(steps);
    members["dataset_datasetNoise"] = fmt::format(
        "{} input records could not be read; {} documents have the id of an earlier "
        "document",
        count_of(totals, "rejected"), count_of(totals, "repeated_ids"));
    members["dataset_hasSensitivePersonalInformation"] = "noAssertion";
    Json masked = Json::array();
    for (const Json& step : list_of(card_, "personal_information")) {
      const uint64_t documents = count_of(step, "masked_documents");
      if (documents == 0) continue;
      masked.push_back(
          fmt::format("step {}: spans found by rules replaced by their kind in {} "
                      "documents",
                      for_terminal(text_of(step, "step")), documents));
    }
    if (!masked.empty()) members["dataset_anonymizationMethodUsed"] = std::move(masked);
    return members;
  }

  void licenses(const std::string& dataset) {
    const Json& stated = object_of(card_, "licenses");
    const bool all_stated = count_of(object_of(stated, "missing"), "documents") == 0 &&
                            count_of(object_of(stated, "other"), "documents") == 0;
    const CombinedLicense combined = combined_license(stated);
    std::string declared = kNoAssertion;
    if (all_stated && !combined.expression.empty()) {
      Json texts = Json::array();
      for (const CombinedLicense::Reference& reference : combined.references) {
        const std::string name = reference.reference;
        add("simplelicensing_SimpleLicensingText", name, reference.name,
            {{"simplelicensing_licenseText",
              "The documents name this licence; its text is not in the data: " + reference.name}});
        texts.push_back({{"type", "DictionaryEntry"}, {"key", name}, {"value", id(name)}});
      }
      Json members = {{"simplelicensing_licenseExpression", combined.expression}};
      if (!texts.empty()) members["simplelicensing_customIdToUri"] = std::move(texts);
      add("simplelicensing_LicenseExpression", "declared-license", "", std::move(members));
      declared = id("declared-license");
    }
    relate(dataset, "hasDeclaredLicense", {declared});
    relate(dataset, "hasConcludedLicense", {kNoAssertion});
  }

  void files(const std::string& dataset) {
    Json all = Json::array();
    for (const Json& file : list_of(card_, "files")) {
      const std::string name = fmt::format("file-{}", all.size() + 1);
      add("software_File", name, text_of(file, "name"),
          {{"verifiedUsing", sha256(text_of(file, "sha256"))},
           {"software_primaryPurpose", "data"}});
      all.push_back(id(name));
    }
    if (!all.empty()) relate(dataset, "contains", std::move(all));
  }

  /// The artefacts before this one: a dataset each, a label model as an AI package.
  void lineage(const std::string& dataset) {
    const Json& steps = list_of(card_, "lineage");
    Json ancestors = Json::array();
    Json models = Json::array();
    for (size_t i = 0; i + 1 < steps.size(); ++i) {
      const std::string checksum = text_of(steps[i], "checksum");
      const bool model = text_of(steps[i], "format") == "yurai-label-model";
      const std::string name = fmt::format("step-{}", i + 1);
      Json members = {{"summary", lineage_line(steps[i])}, {"verifiedUsing", sha256(checksum)}};
      members["software_primaryPurpose"] = model ? "model" : "data";
      if (!model) members["dataset_datasetType"] = {"text"};
      add(model ? "ai_AIPackage" : "dataset_DatasetPackage", name,
          text_of(steps[i], "format") + "-" + checksum.substr(0, 12), std::move(members));
      (model ? models : ancestors).push_back(id(name));
    }
    if (!ancestors.empty()) relate(dataset, "descendantOf", std::move(ancestors));
    if (!models.empty()) relate(dataset, "dependsOn", std::move(models));
  }

  const Json& card_;
  std::string base_;
  Json graph_ = Json::array();
  size_t num_relationships_ = 0;
};

}  // namespace

Result<Json> card_spdx(const Json& card) {
  const std::string created = text_of(card, "created");
  if (created.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "SPDX wants the time at which the card was made, and the data does not tell it; "
                "give it as 2026-01-31T00:00:00Z (--created)");
  }
  YURAI_TRY(check_card_time(created));
  return Writer(card).write();
}

}  // namespace yurai
