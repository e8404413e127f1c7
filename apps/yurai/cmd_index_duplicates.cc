#include "apps/yurai/cmd_index_duplicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "apps/yurai/cli.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/index/duplicates.h"

namespace yurai::cli {
namespace {

struct Arguments {
  std::string dir;
  DuplicateOptions options;
  bool json = false;
};

Result<void> print_duplicate(const Duplicate& duplicate) {
  YURAI_TRY(print(fmt::format(fmt::runtime(tr("{} bytes, {} places\n", "{} バイト、{} 箇所\n")),
                              duplicate.size_bytes, duplicate.count)));
  for (const Occurrence& found : duplicate.documents) {
    const std::string origin = origin_text(found.document);
    YURAI_TRY(print(fmt::format("  {}:{}-{}{}\n", for_terminal(found.document.id), found.byte_begin,
                                found.byte_end, origin)));
  }
  if (duplicate.documents.empty()) return {};
  return print("    " + for_terminal(duplicate.documents.front().match) + "\n");
}

Result<void> duplicates(const Arguments& arguments) {
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(arguments.dir));
  ProgressBar bar("");
  YURAI_ASSIGN(const auto found, find_duplicates(index, arguments.options, bar.callback()));
  bar.finish();
  if (arguments.json) {
    Json list = Json::array();
    for (const Duplicate& duplicate : found) list.push_back(to_json(duplicate));
    return print_json({{"min_bytes", arguments.options.min_bytes},
                       {"points", name(index.points())},
                       {"duplicates", std::move(list)}});
  }
  if (found.empty()) {
    return print(tr("No passage of this size stands in two places.\n",
                    "この長さで二か所以上にある文章はありません。\n"));
  }
  for (const Duplicate& duplicate : found) YURAI_TRY(print_duplicate(duplicate));
  return {};
}

}  // namespace

void add_index_duplicates_command(CLI::App& index) {
  auto arguments = std::make_shared<Arguments>();
  DuplicateOptions& options = arguments->options;
  CLI::App* verb = index.add_subcommand(
      "duplicates", tr("The longest passages that stand in several places, with their documents",
                       "複数の箇所にある最も長い文章と、その文書を示す"));
  verb->add_option("DIR", arguments->dir, tr("folder of the index", "索引のフォルダー"))
      ->required();
  verb->add_option("--min-bytes", options.min_bytes, tr("least size", "最小のバイト数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  verb->add_option("--limit", options.limit, tr("passages shown", "表示する文章の数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb->add_option("--documents", options.max_documents,
                   tr("documents shown of each", "文章ごとに表示する文書の数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  options.num_threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 256u));
  verb->add_option("--threads", options.num_threads,
                   tr("threads; the result is the same for any number", "スレッド数（結果は同じ）"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, tr("print one line of JSON", "JSON を1行で出す"));
  verb->callback([arguments] { run([&] { return duplicates(*arguments); }); });
}

}  // namespace yurai::cli
