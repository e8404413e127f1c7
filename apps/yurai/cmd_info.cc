#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_info_run.h"
#include "apps/yurai/models.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/index_layout.h"
#include "yurai/index/index_update.h"
#include "yurai/ledger/ledger.h"
#include "yurai/model/model_import.h"
#include "yurai/record/artefact_folder.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCalibrationName = "calibration.json";
constexpr int kMaxLineage = 8;

/// An artefact and what it was made from.
struct Artefact {
  fs::path dir;
  Manifest manifest;
  Json calibration;  ///< of an index; else null
  std::string index_sha256{};
  Json ledger{};                    ///< of a ledger: its steps and their hash; else null
  std::vector<Artefact> further{};  ///< the corpora of an index's segments after the first
};

/// The corpora of the segments after the first, proven to be those that were indexed.
Result<void> read_segments(Artefact& artefact) {
  YURAI_ASSIGN(artefact.index_sha256, index_sha256(artefact.dir, artefact.manifest));
  YURAI_ASSIGN(const IndexLayout layout, read_layout(artefact.dir, artefact.manifest));
  for (size_t i = 1; i < layout.segments.size(); ++i) {
    Artefact corpus{(artefact.dir / layout.segments[i].corpus).lexically_normal(), {}, nullptr};
    YURAI_ASSIGN(corpus.manifest, read_manifest(corpus.dir));
    const auto hash = json_string(corpus.manifest.facts, "corpus_sha256");
    if (!hash || *hash != layout.segments[i].corpus_sha256) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("'{}' is not the corpus that '{}' was made from; put that back",
                      for_terminal(corpus.dir.string()), for_terminal(artefact.dir.string())));
    }
    artefact.further.push_back(std::move(corpus));
  }
  return {};
}

/// What of a ledger grows, so that its manifest cannot hold it.
Result<void> read_ledger(Artefact& artefact) {
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(artefact.dir));
  YURAI_ASSIGN(const std::string chain_head, ledger.chain_head());
  artefact.ledger = {{"steps", ledger.steps()}, {"chain_head", chain_head}};
  return {};
}

/// The artefact in `dir`, then the corpus that its manifest names, relative to it, and so on.
Result<std::vector<Artefact>> read_lineage(fs::path dir) {
  std::vector<Artefact> lineage;
  while (true) {
    Artefact artefact{dir, {}, nullptr};
    YURAI_ASSIGN(artefact.manifest, read_manifest(dir));
    const Manifest& manifest = artefact.manifest;
    const bool calibrated =
        std::any_of(manifest.files.begin(), manifest.files.end(),
                    [](const ManifestFile& file) { return file.name == kCalibrationName; });
    if (calibrated) {
      YURAI_ASSIGN(const std::string bytes, read_manifest_file(dir, manifest, kCalibrationName));
      YURAI_ASSIGN(artefact.calibration, parse_json(bytes, kCalibrationName));
    }
    if (manifest.format == kIndexFormat) YURAI_TRY(read_segments(artefact));
    if (manifest.format == kLedgerFormat) YURAI_TRY(read_ledger(artefact));
    const auto corpus = json_string(manifest.configuration, "corpus");
    const auto expected_hash = json_string(manifest.configuration, "corpus_sha256");
    lineage.push_back(std::move(artefact));
    if (!corpus || lineage.size() == kMaxLineage) return lineage;
    dir = (dir / *corpus).lexically_normal();
    auto next = read_manifest(dir);
    if (!next) return fail(std::move(next).error());
    const auto hash = json_string(next->facts, "corpus_sha256");
    if (expected_hash && (!hash || *hash != *expected_hash)) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("'{}' was made from a corpus with corpus_sha256 {}; '{}' has {}; "
                      "build it again",
                      for_terminal(lineage.back().dir.string()), for_terminal(*expected_hash),
                      for_terminal(dir.string()), hash ? for_terminal(*hash) : "none"));
    }
  }
}

/// Reads every byte of an artefact; of a corpus the documents too.
Result<void> verify(const Artefact& artefact) {
  ProgressBar bar;
  YURAI_TRY(verify_files(artefact.dir, artefact.manifest, bar.callback()));
  if (artefact.manifest.format == kModelFormat || artefact.manifest.format == kCheckpointFormat) {
    YURAI_TRY(check_nothing_added(artefact.dir, artefact.manifest));
  }
  for (const Artefact& corpus : artefact.further) YURAI_TRY(verify(corpus));
  if (artefact.manifest.format == kLedgerFormat) {
    YURAI_ASSIGN(const Ledger ledger, Ledger::open(artefact.dir));
    YURAI_TRY(ledger.verify(bar.callback()));
  }
  if (artefact.manifest.format != kCorpusFormat) return {};
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(artefact.dir));
  return corpus.verify(bar.callback());
}

Json artefact_json(const Artefact& artefact, bool verified) {
  Json json = {{"dir", artefact.dir.generic_string()}};
  json.update(to_json(artefact.manifest));
  if (!artefact.index_sha256.empty()) json["index_sha256"] = artefact.index_sha256;
  json["calibration"] = artefact.calibration;
  if (!artefact.ledger.is_null()) json["ledger"] = artefact.ledger;
  if (!artefact.further.empty()) {
    json["further_corpora"] = Json::array();
    for (const Artefact& corpus : artefact.further) {
      json["further_corpora"].push_back(artefact_json(corpus, verified));
    }
  }
  json["verified"] = verified;
  return json;
}

std::string shown(const Json& value) {
  return for_terminal(value.is_string() ? value.get<std::string>() : dump_json(value));
}

std::string label(std::string_view text) {
  const size_t width = display_width(text);
  return std::string(text) + std::string(width < 18 ? 18 - width : 1, ' ');
}

Result<void> print_members(const std::string& heading, const Json& members) {
  YURAI_TRY(print(heading + "\n"));
  for (const auto& [name, value] : flat_members(members)) {
    YURAI_TRY(print(fmt::format("  {}{}\n", label(for_terminal(name)), shown(value))));
  }
  return {};
}

Result<void> print_files(const std::string& heading, const std::vector<ManifestFile>& files) {
  constexpr size_t kShownFiles = 20;
  YURAI_TRY(print(heading + "\n"));
  for (size_t i = 0; i < std::min(files.size(), kShownFiles); ++i) {
    YURAI_TRY(print(fmt::format("  {:>14}  {}  {}\n", files[i].bytes,
                                for_terminal(files[i].sha256).substr(0, 16),
                                for_terminal(files[i].name))));
  }
  if (files.size() <= kShownFiles) return {};
  return print(fmt::format(fmt::runtime(tr("  … and {} more (--json lists all)\n",
                                           "  … ほか {} 個（--json ですべて表示）\n")),
                           files.size() - kShownFiles));
}

Result<void> print_calibration(const Json& calibration) {
  YURAI_TRY(
      print(tr("calibration (score → spans at least this strong per 10,000 characters of "
               "unrelated text)\n",
               "較正（スコア → 無関係な文章 1 万字あたりに見つかる、同じかより強い一致の数）\n")));
  for (const Json& curve : calibration.value("classes", Json::array())) {
    YURAI_TRY(print(
        fmt::format(fmt::runtime(tr("  {}: {} passages, {} characters, {} sources ({})\n",
                                    "  {}: 文章 {} 件、{} 字、出典 {} 種（{}）\n")),
                    shown(curve.value("class", Json())), shown(curve.value("passages", Json())),
                    shown(curve.value("characters", Json())), shown(curve.value("sources", Json())),
                    shown(curve.value("method", Json())))));
    for (const Json& point : curve.value("curve", Json::array())) {
      YURAI_TRY(print(fmt::format("    {:>8} → {}\n", shown(point.value("score", Json())),
                                  shown(point.value("chance_per_10k", Json())))));
    }
  }
  return {};
}

Result<void> print_artefact(const Artefact& artefact, bool verified) {
  const Manifest& manifest = artefact.manifest;
  YURAI_TRY(print(fmt::format("{}: {} {}, yurai {}\n", for_terminal(artefact.dir.string()),
                              for_terminal(manifest.format), manifest.format_version,
                              for_terminal(manifest.tool_version))));
  Json facts = manifest.facts;
  if (!artefact.index_sha256.empty()) facts["index_sha256"] = artefact.index_sha256;
  if (!artefact.ledger.is_null()) facts.update(artefact.ledger);
  YURAI_TRY(print_members(tr("facts", "内容"), facts));
  YURAI_TRY(print_members(tr("configuration", "設定"), manifest.configuration));
  YURAI_TRY(print_files(
      tr("made from (bytes, SHA-256, name)", "もとのファイル（バイト数・SHA-256・名前）"),
      manifest.inputs));
  YURAI_TRY(print_files(tr("files (bytes, SHA-256, name)", "ファイル（バイト数・SHA-256・名前）"),
                        manifest.files));
  if (!artefact.calibration.is_null()) YURAI_TRY(print_calibration(artefact.calibration));
  if (!artefact.calibration.is_null() && manifest.format_version == kSegmentedIndexVersion) {
    YURAI_TRY(
        print(tr("  drawn from the first segment, all of it; 'yurai index merge' draws anew\n",
                 "  最初のセグメント全体から求めたもの。「yurai index merge」で求め直す\n")));
  }
  return print(verified ? tr("verified: every byte is as it was written\n",
                             "検証済み: 全バイトが書かれたときのまま\n")
                        : tr("sizes are right; --verify reads and proves every byte\n",
                             "大きさは一致（--verify で全バイトを読んで検証）\n"));
}

Result<void> info(const std::string& dir, bool wants_verify, bool json) {
  if (!run_of_model(dir).empty()) return run_info(dir, wants_verify, json);
  YURAI_ASSIGN(const std::vector<Artefact> lineage, read_lineage(dir));
  if (wants_verify) {
    for (const Artefact& artefact : lineage) YURAI_TRY(verify(artefact));
  }
  if (json) {
    Json result = nullptr;
    for (auto artefact = lineage.rbegin(); artefact != lineage.rend(); ++artefact) {
      Json outer = artefact_json(*artefact, wants_verify);
      outer["corpus"] = std::move(result);
      result = std::move(outer);
    }
    return print_json(result);
  }
  for (size_t i = 0; i < lineage.size(); ++i) {
    if (i > 0) YURAI_TRY(print(tr("\nmade from:\n", "\nもとのコーパス:\n")));
    YURAI_TRY(print_artefact(lineage[i], wants_verify));
    for (const Artefact& corpus : lineage[i].further) {
      YURAI_TRY(print(tr("\nits further corpus:\n", "\n追加されたコーパス:\n")));
      YURAI_TRY(print_artefact(corpus, wants_verify));
    }
  }
  return {};
}

}  // namespace

void add_info_command(CLI::App& app) {
  struct Options {
    std::string dir;
    bool verify = false;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "info",
      tr("What a corpus, an index, a model, a training run or a ledger is, what it was made from, "
         "and whether it is whole",
         "コーパス・索引・モデル・学習結果・学習台帳の素性と、壊れていないことを示す"));
  verb->add_option("DIR", options->dir,
                   tr("A corpus, an index, a model, a run or a ledger",
                      "コーパス・索引・モデル・学習結果・学習台帳"))
      ->required();
  verb->add_flag("--verify", options->verify,
                 tr("Read everything and compare it with the stored hashes",
                    "すべてを読み、記録されたハッシュと照合する"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback(
      [options] { run([&] { return info(options->dir, options->verify, options->json); }); });
}

}  // namespace yurai::cli
