#include "apps/yurai/cmd_info_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/record/manifest.h"
#include "yurai/testbed/run_facts.h"
#include "yurai/train/run_check.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr size_t kShownMetrics = 10;
constexpr size_t kShownCheckpoints = 5;

Result<Json> checkpoints_json(const std::string& dir) {
  YURAI_ASSIGN(const std::vector<CheckpointFolder> checkpoints, list_checkpoints(dir));
  Json list = Json::array();
  for (const CheckpointFolder& checkpoint : checkpoints) {
    YURAI_ASSIGN(const Manifest manifest,
                 read_manifest(checkpoint.dir, kCheckpointFormat, kCheckpointVersion));
    YURAI_ASSIGN(const std::string ledger_head, json_string(manifest.facts, "ledger_head"));
    list.push_back({{"id", checkpoint.dir.filename().string()},
                    {"steps", checkpoint.steps},
                    {"ledger_head", ledger_head},
                    {"checksum", manifest_checksum(manifest)}});
  }
  return list;
}

/// A member that is there, as people read it; else "–".
std::string shown(const Json& json, std::string_view key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return "–";
  if (found->is_number_unsigned()) return grouped(found->get<uint64_t>());
  if (found->is_number_float()) return fmt::format("{:.4f}", found->get<double>());
  return for_terminal(found->is_string() ? found->get<std::string>() : dump_json(*found));
}

std::string loss_text(const Json& metrics) {
  if (metrics.empty()) return "–";
  return fmt::format(
      fmt::runtime(tr("{} at first, {} now (running mean)", "最初 {}、現在 {}（移動平均）")),
      shown(metrics.front(), "loss_nats"), shown(metrics.back(), "running_mean_nats"));
}

/// Some of the steps, the last among them.
Rows metrics_rows(const Json& metrics) {
  Rows rows = {{tr("step", "ステップ"), tr("epoch", "エポック"), tr("tokens", "トークン"),
                tr("loss (nats)", "損失（nat）"), tr("running mean", "移動平均"),
                tr("validation", "検証")}};
  const size_t count = std::min(metrics.size(), kShownMetrics);
  for (size_t i = 1; i <= count; ++i) {
    const Json& line = metrics[i * metrics.size() / count - 1];
    rows.push_back({shown(line, "step"), shown(line, "epoch"), shown(line, "tokens"),
                    shown(line, "loss_nats"), shown(line, "running_mean_nats"),
                    shown(line, "validation_nats")});
  }
  return rows;
}

void add_checkpoints(const Json& checkpoints, Rows& rows) {
  const size_t first =
      checkpoints.size() > kShownCheckpoints ? checkpoints.size() - kShownCheckpoints : 0;
  std::string names = first > 0 ? "… " : "";
  for (size_t i = first; i < checkpoints.size(); ++i) names += shown(checkpoints[i], "id") + " ";
  rows.push_back({tr("checkpoints", "チェックポイント"),
                  fmt::format(fmt::runtime(tr("{}: {}", "{} 個: {}")), checkpoints.size(),
                              names.empty() ? "–" : names)});
}

Result<void> print_run(const std::string& dir, const Json& facts) {
  const Json& begun = facts["run"];
  const Json& model = facts["model"];
  const Json& ledger = facts["ledger"];
  YURAI_TRY(print(fmt::format("{}: {} {}, yurai {}\n", for_terminal(dir), shown(begun, "format"),
                              shown(begun, "format_version"), shown(begun, "tool_version"))));
  Rows rows;
  const Json& schedule = begun["configuration"].value("schedule", Json::object());
  rows.push_back(
      {tr("steps", "ステップ"),
       fmt::format(fmt::runtime(tr("{} of {}", "{} / {}")),
                   ledger.is_null() ? "0" : shown(ledger, "steps"), shown(schedule, "steps"))});
  rows.push_back({tr("loss (nats)", "損失（nat）"), loss_text(facts["metrics"])});
  if (!model.is_null()) {
    rows.push_back({tr("model", "モデル"), shown(model, "architecture")});
    rows.push_back(
        {tr("parameters", "パラメーター数"),
         fmt::format(fmt::runtime(tr("{}, of which a token uses {}", "{}（1 トークンあたり {}）")),
                     shown(model["parameters"], "total"), shown(model["parameters"], "active"))});
  }
  add_checkpoints(facts["checkpoints"], rows);
  rows.push_back({tr("documents", "文書"),
                  fmt::format(fmt::runtime(tr("{}, {} of them for validation; {} tokens",
                                              "{}（うち検証用 {}）、{} トークン")),
                              shown(begun, "documents"), shown(begun, "validation_documents"),
                              shown(begun, "tokens"))});
  rows.push_back(
      {tr("SHA-256 of the corpus", "コーパスの SHA-256"), shown(begun, "corpus_sha256")});
  rows.push_back({tr("SHA-256 of the tokenizer", "トークナイザーの SHA-256"),
                  shown(begun, "tokenizer_sha256")});
  if (!ledger.is_null()) {
    rows.push_back(
        {tr("chain head of the ledger", "台帳の連鎖ハッシュ"), shown(ledger, "chain_head")});
  }
  rows.push_back({tr("configuration", "設定"), ""});
  for (const auto& [name, value] : flat_members(begun["configuration"])) {
    rows.push_back({"  " + for_terminal(name),
                    for_terminal(value.is_string() ? value.get<std::string>() : dump_json(value))});
  }
  rows.push_back({tr("made from", "もとになったもの"), ""});
  for (const Json& step : facts["lineage"]) {
    rows.push_back({"  " + shown(step, "format"), shown(step, "checksum")});
  }
  YURAI_TRY(print(table(rows, 2)));
  if (facts["metrics"].empty()) return {};
  return print("\n" + table(metrics_rows(facts["metrics"]), 0));
}

}  // namespace

Result<void> run_info(const std::string& dir, bool wants_verify, bool json) {
  if (wants_verify) {
    ProgressBar bar;
    auto verified = verify_run(dir, bar.callback());
    bar.finish();
    YURAI_TRY(std::move(verified));
  }
  YURAI_ASSIGN(Json facts, facts_json(std::filesystem::path(dir)));
  YURAI_ASSIGN(facts["checkpoints"], checkpoints_json(dir));
  if (json) {
    Json all = {
        {"dir", dir}, {"format", kRunFormat}, {"format_version", facts["run"]["format_version"]}};
    all.update(facts);
    all["verified"] = wants_verify;
    return print_json(all);
  }
  YURAI_TRY(print_run(dir, facts));
  return print(wants_verify
                   ? tr("verified: configuration, tokens, ledger and checkpoints are as they "
                        "were written\n",
                        "検証済み: 設定・トークン・台帳・チェックポイントは書かれたときのまま\n")
                   : tr("--verify reads and proves configuration, tokens, ledger and "
                        "checkpoints\n",
                        "--verify で設定・トークン・台帳・チェックポイントを読んで検証\n"));
}

}  // namespace yurai::cli
