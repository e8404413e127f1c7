#include "yurai/testbed/run_facts.h"

#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/terminal.h"
#include "yurai/model/model_facts.h"
#include "yurai/train/loss_curve.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

/// Those of the members that are there.
Json only(const Json& json, std::initializer_list<std::string_view> names) {
  Json out = Json::object();
  for (const std::string_view name : names) {
    if (const auto found = json.find(name); found != json.end()) out[std::string(name)] = *found;
  }
  return out;
}

Result<Json> model_json(const fs::path& run) {
  const auto checkpoint = newest_checkpoint(run);
  if (!checkpoint && checkpoint.error().code == ErrorCode::kNotFound) return Json(nullptr);
  if (!checkpoint) return fail(checkpoint.error());
  const fs::path path = *checkpoint / "config.json";
  YURAI_ASSIGN(const std::string text, read_file(path));
  YURAI_ASSIGN(const ModelConfig config, parse_model_config(text, for_terminal(path.string())));
  Json json = {{"id", checkpoint->filename().string()}};
  json.update(shape_json(config));
  return json;
}

Result<Json> metrics_json(const fs::path& run) {
  auto text = read_file(run / kMetricsName);
  if (!text && text.error().code == ErrorCode::kNotFound) return Json(Json::array());
  if (!text) return fail(std::move(text).error());
  YURAI_ASSIGN(const std::vector<StepMetrics> steps, parse_metrics(*text));
  const std::vector<double> means = running_mean(steps);
  Json out = Json::array();
  for (const size_t i : thinned(steps, kMaxShownMetrics)) {
    Json line = to_json(steps[i]);
    line["running_mean_nats"] = means[i];
    out.push_back(std::move(line));
  }
  return out;
}

/// Configurations and inputs of what stands behind a run may name files of this machine.
Json shown_lineage(const Json& lineage) {
  Json shown = Json::array();
  for (const Json& step : lineage) {
    shown.push_back(only(step, {"format", "format_version", "tool_version", "checksum", "made_from",
                                "num_inputs", "facts"}));
  }
  return shown;
}

Result<Json> ledger_json(const Ledger& ledger) {
  YURAI_ASSIGN(const std::string chain_head, ledger.chain_head());
  return Json{
      {"steps", ledger.steps()},
      {"tokens_per_epoch", ledger.order() != nullptr ? Json(ledger.tokens_per_epoch()) : Json()},
      {"chain_head", chain_head}};
}

Result<Json> facts_of(const fs::path& dir, const Json& begun, const Ledger* ledger) {
  YURAI_ASSIGN(Json model, model_json(dir));
  YURAI_ASSIGN(Json metrics, metrics_json(dir));
  Json steps = nullptr;
  if (ledger != nullptr) {
    YURAI_ASSIGN(steps, ledger_json(*ledger));
  }
  return Json{{"run", only(begun, {"format", "format_version", "tool_version", "configuration",
                                   "corpus_sha256", "tokenizer_sha256", "tokens", "documents",
                                   "validation_documents"})},
              {"model", std::move(model)},
              {"lineage", shown_lineage(begun.value("lineage", Json::array()))},
              {"ledger", std::move(steps)},
              {"metrics", std::move(metrics)}};
}

/// Of another trainer's run its ledger is all there is.
Result<Json> facts_of(const Ledger& ledger) {
  YURAI_ASSIGN(Json steps, ledger_json(ledger));
  const Manifest& manifest = ledger.manifest();
  const std::string& tokenizer = ledger.head().tokenizer_sha256;
  return Json{{"run",
               {{"format", manifest.format},
                {"format_version", manifest.format_version},
                {"tool_version", manifest.tool_version},
                {"configuration", manifest.configuration},
                {"corpus_sha256", ledger.head().corpus_sha256},
                {"tokenizer_sha256", tokenizer.empty() ? Json() : Json(tokenizer)},
                {"tokens", nullptr},
                {"documents", ledger.num_documents()},
                {"validation_documents", nullptr}}},
              {"model", nullptr},
              {"lineage", shown_lineage(manifest.lineage)},
              {"ledger", std::move(steps)},
              {"metrics", Json::array()}};
}

}  // namespace

Result<Json> facts_json(const TrainedRun& run) {
  if (!run.inputs()) return facts_of(run.ledger());
  return facts_of(run.dir(), run.inputs()->run, &run.ledger());
}

Result<Json> facts_json(const fs::path& run) {
  YURAI_ASSIGN(const Json begun, read_run(run));
  std::error_code ignored;
  if (!fs::exists(run / kRunLedger, ignored)) return facts_of(run, begun, nullptr);
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(run / kRunLedger));
  return facts_of(run, begun, &ledger);
}

}  // namespace yurai
