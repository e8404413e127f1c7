#include "apps/yurai/cmd_index_prob.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "yurai/base/terminal.h"
#include "yurai/ngram/probability.h"

namespace yurai::cli {
namespace {

std::string number(std::optional<double> value) {
  return value ? fmt::format("{:.4g}", *value) : "-";
}

std::string for_person(const ConditionalProbabilities& all) {
  std::vector<std::vector<std::string>> rows = {
      {tr("string", "文字列"), tr("count", "回数"), tr("P(string | context)", "P(文字列 | 文脈)"),
       tr("95 % interval", "95 % 区間"), tr("P without context", "文脈なしの P")}};
  for (const StringProbability& one : all.strings) {
    rows.push_back({for_terminal(one.text), fmt::format("{} / {}", one.numerator, one.denominator),
                    number(one.probability),
                    fmt::format("{:.4g} – {:.4g}", one.interval.low, one.interval.high),
                    number(one.baseline)});
  }
  std::string text =
      fmt::format(fmt::runtime(tr("context \"{}\": {} occurrences\n", "文脈「{}」: {} 回\n")),
                  for_terminal(all.context), all.denominator);
  if (all.points == PointMode::kWord) {
    text += tr("only occurrences that begin at a word border are counted\n",
               "単語の境界で始まる箇所だけを数えています\n");
  }
  return text + table(rows, 1);
}

Result<void> prob(const std::string& dir, const std::string& context,
                  const std::vector<std::string>& strings, bool json) {
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(dir));
  YURAI_ASSIGN(const auto all, conditional_probabilities(index, context, strings));
  return json ? print_json(to_json(all)) : print(for_person(all));
}

}  // namespace

void add_index_prob_command(CLI::App& index) {
  struct Arguments {
    std::string dir;
    std::string context;
    std::vector<std::string> strings;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      index.add_subcommand("prob", tr("How likely each string is after a context, from counts",
                                      "文脈のあとに各文字列が来る確率を、回数から求める"));
  verb->add_option("DIR", arguments->dir, tr("folder of the index", "索引のフォルダー"))
      ->required();
  verb->add_option("--context", arguments->context, tr("the text before", "直前の文章"))
      ->type_name("CONTEXT")
      ->required();
  verb->add_option("STRING", arguments->strings, tr("what may follow", "続く文字列"))->required();
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] {
    run([&] {
      return prob(arguments->dir, arguments->context, arguments->strings, arguments->json);
    });
  });
}

}  // namespace yurai::cli
