#include "apps/yurai/cmd_corpus_card.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/card/card.h"
#include "yurai/tokenizer/tokenizer.h"

namespace yurai::cli {
namespace {

struct Options {
  std::string dir;
  std::string format = "md";
  std::string lang;
  std::string tokenizer;
  std::string base;
  CardOptions card;
  bool json = false;
};

Result<void> card(const Options& options) {
  if (!options.base.empty() && options.format != "croissant") {
    return wrong_command(tr("--base is for --format croissant", "--base は --format croissant 用"));
  }
  CardOptions wanted = options.card;
  std::unique_ptr<Tokenizer> tokenizer;
  if (!options.tokenizer.empty()) {
    YURAI_ASSIGN(tokenizer, Tokenizer::open(options.tokenizer));
    wanted.tokenizer = tokenizer.get();
  }
  ProgressBar bar("");
  Result<Json> made = make_card(options.dir, wanted, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Json card, std::move(made));
  const std::string lang = options.lang.empty() ? tr("en", "ja") : options.lang;
  const CardLanguage language = lang == "ja" ? CardLanguage::kJapanese : CardLanguage::kEnglish;
  if (options.json || options.format == "json") return print_json(card);
  if (options.format == "croissant") {
    const Json croissant = card_croissant(card, options.base);
    const std::vector<std::string> lacks = croissant_lacks(croissant);
    if (!lacks.empty()) {
      say(fmt::format(
          fmt::runtime(tr("Croissant requires {} too, which the data does not tell: give them with "
                          "--description, --url, --creator and --created (license: in the data)",
                          "Croissant の必須項目 {} はデータからは分からない。--description・--url・"
                          "--creator・--created で補う（license はデータに書く）")),
          fmt::join(lacks, ", ")));
    }
    return print(croissant.dump(2) + "\n");
  }
  if (options.format == "eu") return print(card_eu_summary(card, language));
  if (options.format == "spdx") {
    YURAI_ASSIGN(const Json spdx, typed(card_spdx(card)));
    return print(spdx.dump(2) + "\n");
  }
  return print(card_markdown(card, language));
}

}  // namespace

void add_corpus_card_command(CLI::App& corpus) {
  auto options = std::make_shared<Options>();
  CardOptions& given = options->card;
  CLI::App* verb = corpus.add_subcommand(
      "card", tr("A data card: what the documents are and what was done to them",
                 "データカード: 文書の内訳と、これまでの処理"));
  verb->add_option("DIR", options->dir,
                   tr("A corpus, or the folder of filter, dedup or label import",
                      "コーパス、または filter・dedup・label import の結果"))
      ->required();
  verb->add_option("--format", options->format,
                   tr("md, json, croissant (1.1), spdx (3.0.1 dataset profile) or eu (draft of the "
                      "public summary of training content)",
                      "md・json・croissant（1.1）・spdx（3.0.1 dataset）・eu（公開要約の草案）"))
      ->check(CLI::IsMember({"md", "json", "croissant", "spdx", "eu"}))
      ->capture_default_str();
  verb->add_option("--lang", options->lang,
                   tr("Language of md and eu: ja or en; default: that of the messages",
                      "md と eu の言語: ja か en（既定は表示言語）"))
      ->check(CLI::IsMember({"ja", "en"}));
  verb->add_option("--name", given.name, tr("Name of the dataset", "データセットの名前"));
  verb->add_option("--description", given.description, tr("What it is", "説明"));
  verb->add_option("--creator", given.creator, tr("Who made it", "作成者"));
  verb->add_option("--creator-type", given.creator_type,
                   tr("croissant: organization (default) or person",
                      "croissant: organization（既定）か person"))
      ->check(CLI::IsMember({"organization", "person"}));
  verb->add_option("--cite-as", given.cite_as,
                   tr("croissant: how to cite it", "croissant: 引用のしかた"));
  verb->add_option("--url", given.url, tr("Where it is", "所在の URL"));
  verb->add_option("--created", given.created,
                   tr("When it was made, such as 2026-01-31T00:00:00Z; spdx wants it",
                      "作成日時（例: 2026-01-31T00:00:00Z）。spdx では必須"))
      ->check(checked_by(check_card_time));
  verb->add_option("--base", options->base,
                   tr("croissant: where the files lie, as a URL or a path relative to the card "
                      "(default: beside the card)",
                      "croissant: ファイルの場所（URL、またはカードからの相対パス。既定はカードと"
                      "同じフォルダー）"));
  verb->add_option("--top", given.top_percent,
                   tr("Percent of the domains that are listed", "示すドメインの上位の割合（%）"))
      ->check(CLI::Range(0.0, 100.0))
      ->check(no_nan)
      ->capture_default_str();
  verb->add_option(
      "--tokenizer", options->tokenizer,
      tr("Count tokens too, with this tokenizer (tokenizer.json, .model or folder)",
         "このトークナイザーでトークン数も数える（tokenizer.json・.model・フォルダー）"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON: the same as --format json",
                    "1 行の JSON で出力する（--format json と同じ）"));
  verb->callback([options] { run([&] { return card(*options); }); });
}

}  // namespace yurai::cli
