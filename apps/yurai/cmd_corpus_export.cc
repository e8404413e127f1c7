#include "apps/yurai/cmd_corpus_export.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus_export.h"

namespace yurai::cli {
namespace {

struct Options {
  std::string dir;
  std::string file;
  CorpusExportOptions write;
  bool json = false;
};

Result<void> export_documents(const Options& options) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(options.dir));
  ProgressBar bar("");
  const auto written = export_corpus(corpus, options.file, options.write, bar.callback());
  bar.finish();
  YURAI_TRY(written);
  const CorpusIdentity identity = corpus.identity();
  if (options.json) {
    return print_json({{"file", options.file},
                       {"documents", identity.documents},
                       {"corpus_sha256", identity.corpus_sha256}});
  }
  return print(fmt::format(fmt::runtime(tr("{}: {} documents\n", "{}: 文書 {} 件\n")),
                           for_terminal(options.file), identity.documents));
}

}  // namespace

void add_corpus_export_command(CLI::App& corpus) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = corpus.add_subcommand(
      "export", tr("All documents as one file: JSON lines or Parquet",
                   "すべての文書を 1 つのファイル（JSON Lines か Parquet）に書き出す"));
  verb->add_option("DIR", options->dir, tr("The corpus", "コーパス"))->required();
  verb->add_option("FILE", options->file, ".jsonl, .jsonl.gz, .jsonl.zst, .parquet")
      ->required()
      ->check(checked_by(check_export_name));
  verb->add_flag("--force", options->write.force,
                 tr("Replace FILE if it exists", "FILE があれば置き換える"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return export_documents(*options); }); });
}

}  // namespace yurai::cli
