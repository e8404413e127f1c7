#include <fmt/format.h>

#include "apps/yurai/cli.h"
#include "apps/yurai/tokenizer_training.h"
#include "yurai/base/file.h"

namespace yurai::cli {

Result<void> run_tokenizer_training(const TokenizerTrainArguments& arguments) {
  YURAI_TRY(check_train_options(arguments.train));
  std::vector<Corpus> corpora;
  for (const std::string& dir : arguments.corpora) {
    YURAI_ASSIGN(Corpus corpus, Corpus::open(dir));
    corpora.push_back(std::move(corpus));
  }
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(arguments.out, {.force = arguments.force}));
  ProgressBar bar;
  auto trained = train_tokenizer(corpora, arguments.train, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(trained));
  YURAI_TRY(stage.commit());
  if (arguments.json) return print_json(manifest.facts);
  const auto fact = [&](const char* name) { return grouped(manifest.facts[name].get<uint64_t>()); };
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {} tokens, learnt from {} documents ({} bytes)\n",
                      "{}: 語彙 {} トークン。文書 {} 件（{} バイト）から学習した\n")),
      for_terminal(arguments.out), fact("vocabulary_size"), fact("documents"), fact("bytes"))));
  return print(fmt::format(fmt::runtime(tr("Next: yurai tokenizer encode {} TEXT\n",
                                           "次は: yurai tokenizer encode {} TEXT\n")),
                           for_terminal(arguments.out)));
}

}  // namespace yurai::cli
