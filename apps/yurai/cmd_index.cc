#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_index_duplicates.h"
#include "apps/yurai/cmd_index_prob.h"
#include "apps/yurai/cmd_index_query.h"
#include "apps/yurai/cmd_index_search.h"
#include "apps/yurai/cmd_index_update.h"
#include "apps/yurai/index_companions.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/folded_text.h"
#include "yurai/index/index_builder.h"
#include "yurai/index/index_update.h"

namespace yurai::cli {
namespace {

/// `find` sorts at most so many occurrences by their place in the corpus.
constexpr uint64_t kMaxSorted = 100000;

struct BuildOptions {
  std::string dir;
  std::string corpus;
  std::string points = "char";
  int num_threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 256u));
  std::string memory = "4G";
  bool no_search = false;
  bool fold = false;
  bool force = false;
  bool json = false;
};

Result<void> print_build(const BuildOptions& options) {
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(options.dir));
  uint64_t index_bytes = 0, folded_bytes = 0;
  for (const ManifestFile& file : index.manifest().files) {
    index_bytes += file.bytes;
    if (file.name.starts_with(std::string(kFoldedName) + "/")) folded_bytes += file.bytes;
  }
  const CorpusIdentity identity = index.corpus().identity();
  if (options.json) {
    Json json = {{"documents", identity.documents}, {"bytes", identity.bytes},
                 {"points", name(index.points())},  {"num_points", index.num_points()},
                 {"index_bytes", index_bytes},      {"corpus_sha256", identity.corpus_sha256}};
    if (options.fold) json["folded_bytes"] = folded_bytes;
    return print_json(json);
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {} documents, {} bytes of text, {} points ({}), {} bytes of index\n",
                      "{}: 文書 {} 件、本文 {} バイト、索引点 {} 個（{}）、索引 {} バイト\n")),
      for_terminal(options.dir), grouped(identity.documents), grouped(identity.bytes),
      grouped(index.num_points()), name(index.points()), grouped(index_bytes))));
  if (!options.fold) return {};
  return print(fmt::format(fmt::runtime(tr("the folded twin takes {} bytes of these\n",
                                           "うち畳み込み版の索引が {} バイト\n")),
                           grouped(folded_bytes)));
}

Result<void> build(const BuildOptions& options) {
  // Each further arena reserves 64 MB of addresses, which a limit on them counts.
  ::mallopt(M_ARENA_MAX, 1);
  IndexBuildOptions build_options;
  build_options.points = options.points == "word" ? PointMode::kWord : PointMode::kChar;
  build_options.num_threads = options.num_threads;
  build_options.fold = options.fold;
  YURAI_ASSIGN(build_options.memory_bytes, parse_bytes(options.memory));
  YURAI_TRY(check_apart(options.dir, options.corpus));
  // An index that is replaced may hold what a killed add or takedown left: this removes it. What
  // speaks against it, speaks against the staging folder too, or is replaced.
  if (options.force) [[maybe_unused]]
    const auto cleared = IndexUpdate::begin(options.dir);
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(options.dir, {.force = options.force}));
  ProgressBar bar;
  YURAI_TRY(build_index(options.corpus, build_options, stage, bar.callback()));
  YURAI_TRY(add_companions(build_options, !options.no_search, stage, bar.callback()));
  YURAI_TRY(stage.commit());
  bar.finish();
  return print_build(options);
}

struct CountOptions {
  std::string dir;
  std::vector<std::string> texts;
  bool cold = false;
  bool json = false;
};

/// The texts of the command line, or with a lone "-" those of stdin, one JSON string a line.
Result<std::vector<std::string>> texts_to_count(const std::vector<std::string>& arguments) {
  std::vector<std::string> texts;
  if (arguments != std::vector<std::string>{"-"}) {
    for (const std::string& text : arguments) {
      YURAI_TRY(check_utf8(text, fmt::format("text {}", texts.size() + 1)));
      texts.push_back(text);
    }
    return texts;
  }
  uint64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = fmt::format("standard input, line {}", number);
    YURAI_ASSIGN(const Json json, parse_json(line, where));
    if (!json.is_string()) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: a JSON string is needed", where));
    }
    texts.push_back(json.get<std::string>());
  }
  return texts;
}

Result<void> count(const CountOptions& options) {
  const auto mode = options.cold ? ReadableFile::Mode::kDirect : ReadableFile::Mode::kCached;
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(options.dir, mode));
  YURAI_ASSIGN(const auto texts, texts_to_count(options.texts));
  std::vector<uint64_t> counts;
  std::vector<uint64_t> reads;
  for (const std::string& text : texts) {
    IndexSession session(index);
    YURAI_ASSIGN(const uint64_t found, session.count(text));
    counts.push_back(found);
    reads.push_back(session.num_reads());
  }
  if (options.json) {
    Json json = {{"counts", counts}, {"points", name(index.points())}};
    if (options.cold) json["reads"] = reads;
    return print_json(json);
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string cost =
        options.cold ? fmt::format(fmt::runtime(tr("\t{} reads", "\t読み取り {} 回")), reads[i])
                     : std::string();
    YURAI_TRY(print(fmt::format("{}\t{}{}\n", counts[i], for_terminal(texts[i]), cost)));
  }
  return {};
}

struct FindOptions {
  std::string dir;
  std::string text;
  uint64_t limit = 10;
  bool json = false;
};

Result<void> print_occurrence(const Occurrence& found) {
  const std::string_view mark = colour() ? "\x1b[1m" : "[";
  const std::string_view end_of_mark = colour() ? "\x1b[0m" : "]";
  const std::string origin = origin_text(found.document);
  return print(fmt::format("{}:{}-{}{}\n    {}{}{}{}{}\n", for_terminal(found.document.id),
                           found.byte_begin, found.byte_end, origin, for_terminal(found.before),
                           mark, for_terminal(found.match), end_of_mark,
                           for_terminal(found.after)));
}

Result<void> find(const FindOptions& options) {
  YURAI_TRY(check_utf8(options.text, "text"));
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(options.dir));
  IndexSession session(index);
  YURAI_ASSIGN(const RankRange range, session.find(options.text));
  YURAI_ASSIGN(const uint64_t num_found, session.count(options.text));
  YURAI_ASSIGN(auto positions, session.positions(range, 0, std::max(kMaxSorted, options.limit)));
  std::sort(positions.begin(), positions.end());
  positions.resize(std::min<uint64_t>(positions.size(), options.limit));

  Json documents = Json::array();
  if (!options.json) {
    YURAI_TRY(print(fmt::format(fmt::runtime(tr("{} occurrences\n", "{} 箇所\n")), num_found)));
  }
  for (const uint64_t position : positions) {
    YURAI_ASSIGN(const Occurrence found, session.occurrence(position, options.text.size()));
    if (options.json) {
      documents.push_back(to_json(found));
    } else {
      YURAI_TRY(print_occurrence(found));
    }
  }
  if (!options.json) return {};
  return print_json({{"count", num_found}, {"documents", std::move(documents)}});
}

struct NextOptions {
  std::string dir;
  std::string context;
  uint64_t max_symbols = UINT64_MAX;
  bool json = false;
};

Result<void> next(const NextOptions& options) {
  YURAI_TRY(check_utf8(options.context, "context"));
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(options.dir));
  IndexSession session(index);
  YURAI_ASSIGN(const uint64_t context_count, session.count(options.context));
  YURAI_ASSIGN(std::vector<NextSymbol> symbols, session.next(options.context));
  symbols.resize(std::min<uint64_t>(symbols.size(), options.max_symbols));
  if (options.json) return print_json(next_json(options.context, context_count, symbols));
  for (const NextSymbol& symbol : symbols) {
    const std::string text = symbol.text.empty() ? tr("(end of document)", "（文書の終わり）")
                                                 : for_terminal(symbol.text);
    const double probability =
        static_cast<double>(symbol.count) / static_cast<double>(context_count);
    YURAI_TRY(print(fmt::format("{}\t{:.6f}\t{}\n", symbol.count, probability, text)));
  }
  return {};
}

std::string json_help() { return tr("print one line of JSON", "JSON を一行で出力する"); }
std::string dir_help() { return tr("index folder", "索引のフォルダー"); }

void add_build(CLI::App& index) {
  auto options = std::make_shared<BuildOptions>();
  CLI::App* verb = index.add_subcommand(
      "build", tr("index a corpus: sort its text, then measure what matches by chance",
                  "コーパスの索引を作る（本文を整列し、偶然の一致を測る）"));
  verb->add_option("DIR", options->dir, tr("index folder to make", "作る索引のフォルダー"))
      ->required();
  verb->add_option("--corpus", options->corpus, tr("corpus folder", "コーパスのフォルダー"))
      ->required();
  verb->add_option("--points", options->points,
                   tr("where a match may begin: at every character, or only at word borders "
                      "(smaller, Japanese unaffected)",
                      "一致が始まりうる位置: すべての文字 (char)、または単語の境界 (word)"))
      ->check(CLI::IsMember({"char", "word"}))
      ->capture_default_str();
  verb->add_option("--threads", options->num_threads,
                   tr("threads; the result is the same for any number", "スレッド数（結果は同じ）"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  verb->add_option("--memory", options->memory,
                   tr("hard bound on memory, such as 4G", "メモリの上限（例: 4G）"))
      ->check(checked_by(parse_bytes))
      ->capture_default_str();
  verb->add_flag("--no-search", options->no_search,
                 tr("without document search (index search, trace --related)",
                    "文書検索（index search, trace --related）を作らない"));
  verb->add_flag("--fold", options->fold,
                 tr("with a folded twin, for trace --fold: width, case, spacing, punctuation and "
                    "old kanji made one (about twice the room)",
                    "trace --fold のため、字幅・大小文字・空白・句読点・旧字体の違いを除いた"
                    "畳み込み版の索引も作る（大きさは約 2 倍）"));
  verb->add_flag("--force", options->force,
                 tr("replace the index that is there", "すでにある索引を置き換える"));
  verb->add_flag("--json", options->json, json_help());
  verb->callback([options] { run([&] { return build(*options); }); });
}

void add_count(CLI::App& index) {
  auto options = std::make_shared<CountOptions>();
  CLI::App* verb = index.add_subcommand(
      "count", tr("count occurrences, overlapping ones too", "出現回数を数える"));
  verb->add_option("DIR", options->dir, dir_help())->required();
  verb->add_option("TEXT", options->texts,
                   tr("texts; a lone - reads one JSON string a line from standard input",
                      "数える文字列。- だけなら標準入力から一行に一つの JSON 文字列を読む"))
      ->required();
  verb->add_flag("--cold", options->cold,
                 tr("read from the disk, past all caches, and tell the number of reads",
                    "キャッシュを通さず読み、読み取り回数を示す"));
  verb->add_flag("--json", options->json, json_help());
  verb->callback([options] { run([&] { return count(*options); }); });
}

void add_find(CLI::App& index) {
  auto options = std::make_shared<FindOptions>();
  CLI::App* verb = index.add_subcommand(
      "find", tr("show where a text occurs, with its documents", "出現箇所と文書を示す"));
  verb->add_option("DIR", options->dir, dir_help())->required();
  verb->add_option("TEXT", options->text, tr("text", "文字列"))->required();
  verb->add_option("--limit", options->limit, tr("occurrences shown", "表示する箇所の数"))
      ->check(checked_by(parse_count))
      ->capture_default_str();
  verb->add_flag("--json", options->json, json_help());
  verb->callback([options] { run([&] { return find(*options); }); });
}

void add_next(CLI::App& index) {
  auto options = std::make_shared<NextOptions>();
  CLI::App* verb = index.add_subcommand(
      "next", tr("show which characters follow a context, with exact probabilities",
                 "文脈に続く文字とその正確な確率を示す"));
  verb->add_option("DIR", options->dir, dir_help())->required();
  verb->add_option("CONTEXT", options->context, tr("context", "文脈"))->required();
  verb->add_option("--max-symbols", options->max_symbols,
                   tr("most frequent characters shown (default: all)",
                      "頻度の高い順に表示する文字の数（既定: すべて）"))
      ->check(checked_by(parse_count));
  verb->add_flag("--json", options->json, json_help());
  verb->callback([options] { run([&] { return next(*options); }); });
}

}  // namespace

void add_index_commands(CLI::App& app) {
  CLI::App* index = app.add_subcommand(
      "index", tr("exact counts, places and next characters of any text in a corpus",
                  "コーパス中の任意の文字列の回数・位置・次の文字を正確に求める"));
  index->require_subcommand(1);
  add_build(*index);
  add_count(*index);
  add_find(*index);
  add_next(*index);
  add_index_prob_command(*index);
  add_index_search_command(*index);
  add_index_query_command(*index);
  add_index_update_commands(*index);
  add_index_duplicates_command(*index);
}

}  // namespace yurai::cli
