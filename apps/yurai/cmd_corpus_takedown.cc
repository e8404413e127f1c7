#include "apps/yurai/cmd_corpus_takedown.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/yurai/cli.h"
#include "apps/yurai/takedown_options.h"
#include "yurai/base/terminal.h"

namespace yurai::cli {
namespace {

struct Options {
  std::string dir;
  TakedownOptions takedown;
  bool json = false;
};

Result<void> print_summary(const Options& options, const TakedownSummary& summary) {
  YURAI_TRY(print(
      fmt::format(fmt::runtime(tr("{}: {} documents taken down, {} left ({} bytes)\n",
                                  "{}: 文書 {} 件を取り下げました。残りは {} 件（{} バイト）\n")),
                  for_terminal(options.dir), summary.taken_down, summary.corpus.documents,
                  summary.corpus.bytes)));
  YURAI_TRY(print_not_found(summary.not_found));
  return print(tr(
      "Indexes that read this corpus must be built again (yurai index build --force); one that was "
      "merged since has a corpus of its own\n",
      "このコーパスを読む索引は作り直してください (yurai index build --force)。"
      "その後に結合した索引は自分のコーパスを持っています\n"));
}

Result<void> takedown(const Options& options) {
  YURAI_ASSIGN(const Takedown wanted, takedown_of(options.takedown));
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(options.dir));
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(options.dir, {.force = true}));
  ProgressBar bar;
  YURAI_ASSIGN(const TakedownSummary summary, take_down(corpus, wanted, stage, bar.callback()));
  YURAI_TRY(stage.commit());
  bar.finish();
  return options.json ? print_json(to_json(summary)) : print_summary(options, summary);
}

}  // namespace

void add_corpus_takedown_command(CLI::App& corpus) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = corpus.add_subcommand(
      "takedown", tr("Take documents out of a corpus for good, and log who, when and why",
                     "文書をコーパスから取り下げ、誰が・いつ・なぜかを記録する"));
  verb->add_option("DIR", options->dir, tr("Corpus folder", "コーパスのフォルダー"))->required();
  add_takedown_options(*verb, options->takedown);
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return takedown(*options); }); });
}

}  // namespace yurai::cli
