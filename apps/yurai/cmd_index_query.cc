#include "apps/yurai/cmd_index_query.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/yurai/cli.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/query/phrase_query.h"

namespace yurai::cli {
namespace {

constexpr size_t kMaxShownChars = 240;

struct Arguments {
  std::string dir;
  std::string query;
  QueryOptions options;
  bool json = false;
};

std::string shown(const std::string& text) {
  if (count_chars(text) <= kMaxShownChars) return for_terminal(text);
  return for_terminal(first_chars(text, kMaxShownChars / 2)) + " … " +
         for_terminal(last_chars(text, kMaxShownChars / 2));
}

std::string summary(const QueryAnswer& answer) {
  const std::string what =
      answer.within_chars
          ? fmt::format(fmt::runtime(tr("matches within {} characters", "箇所（{} 文字以内）")),
                        *answer.within_chars)
          : tr("documents that match", "件の文書");
  std::string text = for_terminal(answer.query) + "\n";
  if (answer.exact) {
    text += fmt::format("{:.0f} {}", answer.count, what);
    if (answer.within_chars && answer.documents) {
      text += fmt::format(fmt::runtime(tr(", in {} documents", "、文書 {} 件")), *answer.documents);
    }
    text += tr("; exact\n", "（正確な数）\n");
  } else {
    text +=
        fmt::format(fmt::runtime(tr("about {:.0f} {}; estimated, 95 % interval {:.0f} – {:.0f}\n",
                                    "およそ {:.0f} {}（推定。95 % 区間 {:.0f} – {:.0f}）\n")),
                    answer.count, what, answer.low, answer.high);
  }
  text += fmt::format(fmt::runtime(tr("{} of {} occurrences of the rarest clause checked\n",
                                      "最も少ない句の出現 {1} 回のうち {0} 回を調べました\n")),
                      answer.checked, answer.occurrences);
  if (answer.points == PointMode::kWord) {
    text += tr("only occurrences that begin at a word border are seen\n",
               "単語の境界で始まる箇所だけを数えています\n");
  }
  return text;
}

std::string for_person(const Occurrence& match) {
  const std::string_view mark = colour() ? "\x1b[1m" : "[";
  const std::string_view end_of_mark = colour() ? "\x1b[0m" : "]";
  const std::string origin = origin_text(match.document);
  return fmt::format("{}:{}-{}{}\n    {}{}{}{}{}\n", for_terminal(match.document.id),
                     match.byte_begin, match.byte_end, origin, for_terminal(match.before), mark,
                     shown(match.match), end_of_mark, for_terminal(match.after));
}

Result<void> query(const Arguments& arguments) {
  YURAI_ASSIGN(const PhraseQuery query, parse_phrase_query(arguments.query));
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(arguments.dir));
  YURAI_ASSIGN(const QueryAnswer answer, answer_query(index, query, arguments.options));
  if (arguments.json) return print_json(to_json(answer));
  YURAI_TRY(print(summary(answer)));
  for (const Occurrence& match : answer.matches) YURAI_TRY(print(for_person(match)));
  return {};
}

}  // namespace

void add_index_query_command(CLI::App& index) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = index.add_subcommand(
      "query", tr("Where phrases stand together: A AND (B OR C) NOT D WITHIN 200",
                  "語句の組み合わせを探す: A AND (B OR C) NOT D WITHIN 200"));
  verb->add_option("DIR", arguments->dir, tr("folder of the index", "索引のフォルダー"))
      ->required();
  verb->add_option(
          "QUERY", arguments->query,
          tr("phrases, AND, OR, NOT, brackets; at the end WITHIN a number of characters, or "
             "WITHIN DOCUMENT (the default)",
             "語句と AND・OR・NOT・括弧。最後に WITHIN 文字数、または WITHIN DOCUMENT（既定）"))
      ->required();
  verb->add_option(
          "--budget", arguments->options.budget,
          tr("occurrences of the rarest clause that are checked; of more, a sample is, and "
             "the count is an estimate",
             "調べる出現数の上限。超えると標本から推定する"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(uint64_t{2}, uint64_t{1} << 40))
      ->capture_default_str();
  verb->add_option("--limit", arguments->options.limit, tr("matches shown", "表示する箇所の数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] { run([&] { return query(*arguments); }); });
}

}  // namespace yurai::cli
