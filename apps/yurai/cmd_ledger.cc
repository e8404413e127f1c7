#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/ledger_import.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownRows = 100;

/// A run's folder holds its ledger in `ledger`; a ledger's own folder is taken as it is.
fs::path ledger_dir(const std::string& run) {
  const fs::path inside = fs::path(run) / "ledger";
  std::error_code ignored;
  return fs::exists(inside / kManifestName, ignored) ? inside : fs::path(run);
}

/// The ids of the documents of rows, each read once.
class DocumentIds {
 public:
  explicit DocumentIds(const Ledger& ledger) : ledger_(ledger) {}
  Result<std::string> of(uint64_t document) {
    const auto known = ids_.find(document);
    if (known != ids_.end()) return known->second;
    YURAI_ASSIGN(std::string id, ledger_.document_id(document));
    return ids_.emplace(document, std::move(id)).first->second;
  }

 private:
  const Ledger& ledger_;
  std::map<uint64_t, std::string> ids_;
};

Result<Json> rows_json(const Ledger& ledger, const std::vector<LedgerRow>& rows) {
  DocumentIds ids(ledger);
  Json list = Json::array();
  for (const LedgerRow& row : rows) {
    YURAI_ASSIGN(const std::string id, ids.of(row.document));
    list.push_back(to_json(row, ledger.head().stage, id));
  }
  return list;
}

Result<void> print_rows(const Ledger& ledger, const std::vector<LedgerRow>& rows) {
  DocumentIds ids(ledger);
  std::vector<std::vector<std::string>> lines = {{tr("document", "文書"), tr("step", "ステップ"),
                                                  tr("epoch", "エポック"), tr("sequence", "系列"),
                                                  tr("tokens", "トークン"), tr("bytes", "バイト"),
                                                  tr("loss (nats)", "損失（nat）")}};
  for (size_t i = 0; i < rows.size() && i < kShownRows; ++i) {
    const LedgerRow& row = rows[i];
    YURAI_ASSIGN(const std::string id, ids.of(row.document));
    lines.push_back(
        {for_terminal(id), std::to_string(row.step), std::to_string(row.epoch),
         std::to_string(row.sequence), row.tokens == 0 ? "–" : std::to_string(row.tokens),
         fmt::format("{}–{}", row.byte_begin, row.byte_end),
         std::isfinite(row.loss_nats_mean) ? fmt::format("{:.4f}", row.loss_nats_mean) : "–"});
  }
  YURAI_TRY(print(table(lines, 1)));
  if (rows.size() > kShownRows) {
    say(fmt::format(
        fmt::runtime(tr("… and {} more (--json lists all)", "… ほか {} 件（--json ですべて表示）")),
        grouped(rows.size() - kShownRows)));
  }
  if (!ledger.head().exact_bytes && !rows.empty()) {
    say(tr("Bytes are bounds: this import does not know which bytes of a document a row holds.",
           "バイトは範囲の上限。この取り込みでは、文書のどのバイトかまでは分からない。"));
  }
  return {};
}

// ---- step ----

Result<void> step(const std::string& run, uint64_t number, bool json) {
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(ledger_dir(run)));
  YURAI_ASSIGN(const std::vector<LedgerRow> rows, ledger.step(number));
  YURAI_ASSIGN(const std::string chain_head, ledger.chain_head(number + 1));
  if (json) {
    YURAI_ASSIGN(Json list, rows_json(ledger, rows));
    return print_json({{"stage", ledger.head().stage},
                       {"step", number},
                       {"chain_head", chain_head},
                       {"rows", std::move(list)}});
  }
  YURAI_TRY(print_rows(ledger, rows));
  say(fmt::format(fmt::runtime(tr("{}, step {} of {}: {} segments; chain {}",
                                  "{}、ステップ {}（全 {}）: 区間 {} 件、ハッシュ {}")),
                  for_terminal(ledger.head().stage), number, grouped(ledger.steps()),
                  grouped(rows.size()), chain_head.substr(0, 16)));
  return {};
}

void add_step(CLI::App& ledger) {
  struct Arguments {
    std::string run;
    uint64_t number = 0;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = ledger.add_subcommand(
      "step", tr("Which documents a training step read", "学習のあるステップが読んだ文書を示す"));
  verb->add_option("RUN", arguments->run,
                   tr("A run, or its ledger", "学習のフォルダー、またはその台帳"))
      ->required();
  verb->add_option_function<std::string>(
          "N", [arguments](const std::string& text) { arguments->number = *parse_count(text); },
          tr("The step, from 0", "ステップ番号（0 から）"))
      ->check(checked_by(parse_count))
      ->required();
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] {
    run([&] { return step(arguments->run, arguments->number, arguments->json); });
  });
}

// ---- document ----

struct DocumentArguments {
  std::string run;
  std::string id;
  uint64_t byte_begin = 0;
  uint64_t byte_end = UINT64_MAX;
  bool json = false;
};

Result<void> document(const DocumentArguments& arguments) {
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(ledger_dir(arguments.run)));
  const bool is_whole = arguments.byte_begin == 0 && arguments.byte_end == UINT64_MAX;
  auto found = is_whole ? ledger.document(arguments.id)
                        : ledger.exposures(arguments.id, arguments.byte_begin, arguments.byte_end);
  YURAI_ASSIGN(const std::vector<LedgerRow> rows, std::move(found));
  if (arguments.json) {
    YURAI_ASSIGN(Json list, rows_json(ledger, rows));
    return print_json({{"stage", ledger.head().stage},
                       {"document_id", arguments.id},
                       {"steps", ledger.steps()},
                       {"rows", std::move(list)}});
  }
  std::set<uint64_t> steps;
  for (const LedgerRow& row : rows) steps.insert(row.step);
  if (!rows.empty()) YURAI_TRY(print_rows(ledger, rows));
  say(fmt::format(
      fmt::runtime(tr("{}: read in {} of {} steps, in {} segments",
                      "{0}: 全 {2} ステップのうち {1} ステップで読まれた（区間 {3} 件）")),
      for_terminal(arguments.id), grouped(steps.size()), grouped(ledger.steps()),
      grouped(rows.size())));
  return {};
}

void add_document(CLI::App& ledger) {
  auto arguments = std::make_shared<DocumentArguments>();
  CLI::App* verb = ledger.add_subcommand(
      "document", tr("Which training steps read a document, or some bytes of it",
                     "ある文書（またはその一部）を読んだステップを示す"));
  verb->add_option("RUN", arguments->run,
                   tr("A run, or its ledger", "学習のフォルダー、またはその台帳"))
      ->required();
  verb->add_option("ID", arguments->id, tr("Id of the document", "文書の ID"))->required();
  verb->add_option_function<std::string>(
          "--byte-begin",
          [arguments](const std::string& text) { arguments->byte_begin = *parse_count(text); },
          tr("Only what overlaps the bytes of the text from here",
             "本文のこのバイト以降に重なるものだけ"))
      ->type_name("N")
      ->check(checked_by(parse_count));
  verb->add_option_function<std::string>(
          "--byte-end",
          [arguments](const std::string& text) { arguments->byte_end = *parse_count(text); },
          tr("… and before here", "本文のこのバイトより前に重なるものだけ"))
      ->type_name("N")
      ->check(checked_by(parse_count));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return document(*arguments); }); });
}

// ---- verify ----

Result<void> verify(const std::string& run, bool json) {
  YURAI_ASSIGN(const Ledger ledger, Ledger::open(ledger_dir(run)));
  ProgressBar bar("");
  auto verified = ledger.verify(bar.callback());
  bar.finish();
  YURAI_ASSIGN(const VerifyReport report, std::move(verified));
  if (json) {
    return print_json({{"steps", report.steps},
                       {"rows", report.rows},
                       {"tokens", report.tokens_known ? Json(report.tokens) : Json()},
                       {"chain_head", report.chain_head},
                       {"order_checked", report.order_checked},
                       {"torn_bytes", report.torn_bytes},
                       {"verified", true}});
  }
  YURAI_TRY(print(table({{tr("steps", "ステップ"), grouped(report.steps)},
                         {tr("segments", "区間"), grouped(report.rows)},
                         {tr("tokens", "トークン"),
                          report.tokens_known ? grouped(report.tokens) : tr("not known", "不明")},
                         {tr("chain head", "連鎖ハッシュ"), report.chain_head}},
                        2)));
  if (report.torn_bytes > 0) {
    say(fmt::format(
        fmt::runtime(tr("{} bytes after the last whole step: being written, or left by "
                        "a crash; a resumed run cuts them off",
                        "最後のステップの後に {} バイトの書きかけがある（書き込み中か中断の跡。"
                        "再開すると切り捨てられる）")),
        grouped(report.torn_bytes)));
  }
  return print(report.order_checked
                   ? tr("verified: the chain holds, every segment follows the order, bytes join\n",
                        "検証済み: ハッシュの連鎖、再計算した順序、バイトのつながりがすべて一致\n")
                   : tr("verified: the chain holds (there is no order to follow)\n",
                        "検証済み: ハッシュの連鎖が一致（照合する順序はない）\n"));
}

void add_verify(CLI::App& ledger) {
  struct Arguments {
    std::string run;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = ledger.add_subcommand(
      "verify", tr("Prove a ledger: hash chain, recomputed order, bytes that join",
                   "台帳を検証する（ハッシュの連鎖、再計算した順序、バイトのつながり）"));
  verb->add_option("RUN", arguments->run,
                   tr("A run, or its ledger", "学習のフォルダー、またはその台帳"))
      ->required();
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return verify(arguments->run, arguments->json); }); });
}

// ---- import ----

struct ImportArguments {
  std::string out;
  std::string documents;
  std::string jsonl;
  std::string megatron;
  std::string order;
  uint64_t sequences_per_step = 0;
  std::string stage = "pretrain";
  bool force = false;
  bool json = false;
};

Result<void> import_ledger(const ImportArguments& arguments) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(arguments.documents));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(arguments.out, {.force = arguments.force}));
  ProgressBar bar("");
  Result<Manifest> imported =
      arguments.megatron.empty()
          ? import_jsonl(corpus, arguments.jsonl, arguments.stage, stage, bar.callback())
          : import_megatron(
                corpus,
                {.index = arguments.megatron + ".idx",
                 .order_prefix = arguments.order.empty() ? arguments.megatron : arguments.order,
                 .sequences_per_step = arguments.sequences_per_step},
                arguments.stage, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(imported));
  YURAI_TRY(stage.commit());
  if (arguments.json) return print_json(manifest.facts);
  const auto fact = [&](const char* name) { return grouped(manifest.facts[name].get<uint64_t>()); };
  YURAI_TRY(print(fmt::format(fmt::runtime(tr("{}: {} steps with {} segments of {} documents\n",
                                              "{}: {} ステップ、区間 {} 件、文書 {} 件\n")),
                              for_terminal(arguments.out), fact("steps"), fact("rows"),
                              fact("documents"))));
  return print(fmt::format(fmt::runtime(tr("Next: yurai ledger document {} ID\n",
                                           "次は: yurai ledger document {} ID\n")),
                           for_terminal(arguments.out)));
}

void add_import(CLI::App& ledger) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* verb =
      ledger.add_subcommand("import", tr("A ledger of a model that another program trained",
                                         "他のプログラムが学習したモデルの台帳を作る"));
  verb->add_option("OUT", arguments->out, tr("Folder of the new ledger", "新しい台帳のフォルダー"))
      ->required();
  verb->add_option("--documents", arguments->documents,
                   tr("The corpus that was trained on", "学習に使ったコーパス"))
      ->type_name("CORPUS")
      ->required();
  auto* source = verb->add_option_group(tr("source", "取り込み元"));
  source
      ->add_option("--jsonl", arguments->jsonl,
                   tr("A line of JSON a segment: id, step (or iteration), …",
                      "1 行 1 区間の JSON（id、step または iteration など）"))
      ->type_name("FILE");
  CLI::Option* megatron =
      source
          ->add_option("--megatron", arguments->megatron,
                       tr("Index files of Megatron-LM or GPT-NeoX: PREFIX.idx and three .npy",
                          "Megatron-LM・GPT-NeoX の索引（PREFIX.idx と 3 つの .npy）"))
          ->type_name("PREFIX");
  source->require_option(1);
  verb->add_option("--order", arguments->order,
                   tr("Where the three .npy files lie, if not at PREFIX: before "
                      "-document_index.npy or _doc_idx.npy",
                      "3 つの .npy の接頭辞（-document_index.npy や _doc_idx.npy の前まで。既定: "
                      "PREFIX）"))
      ->type_name("PREFIX")
      ->needs(megatron);
  CLI::Option* batch = verb->add_option_function<std::string>(
                               "--sequences-per-step",
                               [arguments](const std::string& text) {
                                 arguments->sequences_per_step = *parse_count(text);
                               },
                               tr("Global batch size of the training, with --megatron",
                                  "1 ステップの系列数（グローバルバッチ）。--megatron に必要"))
                           ->type_name("N")
                           ->check(checked_by(parse_count))
                           ->needs(megatron);
  megatron->needs(batch);
  verb->add_option("--stage", arguments->stage, "pretrain, midtrain, long, sft, dpo, rl")
      ->capture_default_str();
  verb->add_flag("--force", arguments->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", arguments->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([arguments] { run([&] { return import_ledger(*arguments); }); });
}

}  // namespace

void add_ledger_commands(CLI::App& app) {
  CLI::App* ledger = app.add_subcommand(
      "ledger", tr("Which documents a training step read, and which steps read a document",
                   "学習のどのステップがどの文書を読んだか"));
  ledger->require_subcommand(1);
  add_step(*ledger);
  add_document(*ledger);
  add_verify(*ledger);
  add_import(*ledger);
}

}  // namespace yurai::cli
