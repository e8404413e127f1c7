#include "apps/yurai/cmd_corpus_takedown.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/yurai/cli.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/takedown.h"

namespace yurai::cli {
namespace {

struct Options {
  std::string dir;
  std::string hashes;
  Takedown takedown;
  bool json = false;
};

Result<void> print_summary(const Options& options, const TakedownSummary& summary) {
  YURAI_TRY(print(
      fmt::format(fmt::runtime(tr("{}: {} documents taken down, {} left ({} bytes)\n",
                                  "{}: 文書 {} 件を取り下げました。残りは {} 件（{} バイト）\n")),
                  for_terminal(options.dir), summary.taken_down, summary.corpus.documents,
                  summary.corpus.bytes)));
  for (const std::string& name : summary.not_found) {
    YURAI_TRY(
        print(fmt::format(fmt::runtime(tr("names no document: {}\n", "該当する文書なし: {}\n")),
                          for_terminal(name))));
  }
  return print(tr("Indexes of this corpus must be built again: yurai index build --force\n",
                  "このコーパスの索引は作り直してください: yurai index build --force\n"));
}

Result<void> takedown(const Options& options) {
  Takedown wanted = options.takedown;
  if (options.hashes.empty() && wanted.ids.empty() && wanted.sources.empty() &&
      wanted.licenses.empty()) {
    return wrong_command(tr("nothing to take down: name --hashes, --id, --source or --license",
                            "取り下げる文書の指定がない: --hashes・--id・--source・--license "
                            "のどれかを使う"));
  }
  if (!options.hashes.empty()) {
    YURAI_ASSIGN(wanted.hashes, read_hashes(options.hashes));
  }
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
  Takedown& takedown_options = options->takedown;
  CLI::App* verb = corpus.add_subcommand(
      "takedown", tr("Take documents out of a corpus for good, and log who, when and why",
                     "文書をコーパスから取り下げ、誰が・いつ・なぜかを記録する"));
  verb->add_option("DIR", options->dir, tr("Corpus folder", "コーパスのフォルダー"))->required();
  verb->add_option(
      "--hashes", options->hashes,
      tr("File with the SHA-256 of a text a line", "本文の SHA-256 を 1 行に 1 つ書いたファイル"));
  verb->add_option("--id", takedown_options.ids,
                   tr("Id of documents; may be repeated", "文書の id（繰り返し可）"))
      ->allow_extra_args(false);
  verb->add_option("--source", takedown_options.sources,
                   tr("Source of documents; may be repeated", "出典（繰り返し可）"))
      ->allow_extra_args(false);
  verb->add_option("--license", takedown_options.licenses,
                   tr("Licence of documents as stored; may be repeated",
                      "保存されたライセンス名（繰り返し可）"))
      ->allow_extra_args(false);
  verb->add_option("--who", takedown_options.who,
                   tr("Who decided, for the log", "決めた人（記録用）"))
      ->required();
  verb->add_option("--when", takedown_options.when, tr("When, for the log", "日時（記録用）"))
      ->required();
  verb->add_option("--why", takedown_options.why, tr("Why, for the log", "理由（記録用）"))
      ->required();
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return takedown(*options); }); });
}

}  // namespace yurai::cli
