#include "apps/yurai/cmd_index_search.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/yurai/cli.h"
#include "yurai/base/terminal.h"
#include "yurai/index/corpus_index.h"
#include "yurai/search/document_search.h"

namespace yurai::cli {
namespace {

constexpr size_t kPassageChars = 120;

struct Arguments {
  std::string dir;
  std::string query;
  uint64_t limit = 10;
  bool json = false;
};

std::string for_person(const PassageHit& hit, size_t rank) {
  const Document& document = hit.document;
  std::string line = fmt::format("{:>3}  {:7.3f}  ", rank, hit.hit.score);
  if (!document.title.empty()) line += for_terminal(document.title) + "  ";
  line += for_terminal(document.id);
  for (const std::string* field : {&document.source, &document.license, &document.date}) {
    if (!field->empty()) line += "  " + for_terminal(*field);
  }
  return line + "\n     " + for_terminal(hit.passage.text) + "\n";
}

Result<void> search(const Arguments& arguments) {
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(arguments.dir));
  YURAI_ASSIGN(const auto search, DocumentSearch::open(index.search_folders(), index.taken_down()));
  if (!search) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' was built without document search; build it again without "
                            "--no-search",
                            for_terminal(arguments.dir)));
  }
  YURAI_ASSIGN(const auto hits, search->search_passages(index.corpus(), arguments.query,
                                                        arguments.limit, kPassageChars));
  if (arguments.json) {
    Json documents = Json::array();
    for (const PassageHit& hit : hits) documents.push_back(to_json(hit));
    return print_json({{"query", arguments.query}, {"documents", std::move(documents)}});
  }
  if (hits.empty()) {
    return print(
        tr("No document holds any of these words.\n", "この言葉を含む文書はありません。\n"));
  }
  for (size_t i = 0; i < hits.size(); ++i) YURAI_TRY(print(for_person(hits[i], i + 1)));
  return {};
}

}  // namespace

void add_index_search_command(CLI::App& index) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = index.add_subcommand(
      "search", tr("Which documents a question or some words are about, best first (BM25)",
                   "質問や言葉に近い文書を、近い順に探す（BM25）"));
  verb->add_option("DIR", arguments->dir, tr("folder of the index", "索引のフォルダー"))
      ->required();
  verb->add_option("QUERY", arguments->query, tr("words or a sentence", "言葉または文"))
      ->required();
  verb->add_option("--limit", arguments->limit, tr("documents shown", "表示する文書の数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] { run([&] { return search(*arguments); }); });
}

}  // namespace yurai::cli
