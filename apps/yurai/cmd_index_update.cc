#include "apps/yurai/cmd_index_update.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "apps/yurai/cli.h"
#include "apps/yurai/index_companions.h"
#include "apps/yurai/takedown_options.h"
#include "yurai/base/hash.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/index/index_update.h"
#include "yurai/search/document_search.h"
#include "yurai/search/search_builder.h"

namespace yurai::cli {
namespace {

struct Options {
  std::string dir;
  int num_threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 256u));
  std::string memory = "4G";
  bool json = false;
  std::string corpus;  ///< add
  bool again = false;  ///< add
  TakedownOptions takedown{};
};

Result<IndexBuildOptions> build_options(const Options& options) {
  // Each further arena reserves 64 MB of addresses, which a limit on them counts.
  ::mallopt(M_ARENA_MAX, 1);
  IndexBuildOptions result;
  result.num_threads = options.num_threads;
  YURAI_ASSIGN(result.memory_bytes, parse_bytes(options.memory));
  return result;
}

/// Whether the index has a document search.
Result<bool> has_search(const CorpusIndex& index) {
  YURAI_ASSIGN(const auto search, DocumentSearch::open(index.search_folders()));
  return search.has_value();
}

Result<Json> state_of(const std::string& dir) {
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(dir));
  YURAI_ASSIGN(const std::string sha256, index_sha256(dir, index.manifest()));
  const CorpusIdentity identity = index.corpus().identity();
  return Json{{"segments", index.num_segments()}, {"documents", identity.documents},
              {"bytes", identity.bytes},          {"points", name(index.points())},
              {"num_points", index.num_points()}, {"index_sha256", sha256}};
}

Result<void> print_state(const Options& options) {
  YURAI_ASSIGN(const Json state, state_of(options.dir));
  if (options.json) return print_json(state);
  return print(fmt::format(
      fmt::runtime(tr("{}: {} segments, {} documents, {} bytes of text, {} points\n",
                      "{}: セグメント {} 個、文書 {} 件、本文 {} バイト、索引点 {} 個\n")),
      for_terminal(options.dir), grouped(state["segments"].get<uint64_t>()),
      grouped(state["documents"].get<uint64_t>()), grouped(state["bytes"].get<uint64_t>()),
      grouped(state["num_points"].get<uint64_t>())));
}

/// A corpus that is there already would count twice.
Result<void> check_new(const CorpusIndex& index, const std::string& corpus_dir) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(corpus_dir));
  const std::string sha256 = corpus.identity().corpus_sha256;
  const auto parts = index.segment_corpora();
  YURAI_ASSIGN(const std::string manifest, read_file(corpus.dir() / kManifestName));
  YURAI_ASSIGN(const auto merged, inputs_of_merged(index));
  const bool is_there =
      std::any_of(parts.begin(), parts.end(),
                  [&](const auto& part) { return part->identity().corpus_sha256 == sha256; }) ||
      std::any_of(merged.begin(), merged.end(),
                  [&](const ManifestFile& input) { return input.sha256 == sha256_hex(manifest); });
  if (!is_there || corpus.num_documents() == 0) return {};
  return fail(
      ErrorCode::kAlreadyExists,
      fmt::format(fmt::runtime(tr("the index holds the corpus '{}' already: added once more, "
                                  "each of its documents would count twice",
                                  "索引にはコーパス '{}' "
                                  "がすでにある。もう一度加えると、各文書を二重に数える")),
                  for_terminal(corpus_dir)));
}

/// What was taken down does not come back unseen.
Result<void> check_not_taken_down(const IndexUpdate& update, const std::string& corpus_dir) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(corpus_dir));
  YURAI_ASSIGN(const std::vector<std::string> ids, update.taken_down_before(corpus));
  if (ids.empty()) return {};
  return fail(
      ErrorCode::kAlreadyExists,
      fmt::format(
          fmt::runtime(tr("{} documents of '{}' were taken down from this index before, the first "
                          "is '{}'; take them out with 'yurai corpus takedown', or add --again to "
                          "have them back",
                          "'{1}' の文書 {0} 件は、以前この索引から取り下げられたものです（最初は "
                          "'{2}'）。'yurai corpus takedown' で除くか、戻してよければ --again "
                          "を付けてください")),
          ids.size(), for_terminal(corpus_dir), for_terminal(ids.front())));
}

Result<void> add(const Options& options) {
  YURAI_ASSIGN(const IndexBuildOptions build, build_options(options));
  YURAI_TRY(check_apart(options.dir, options.corpus));
  ProgressBar bar;
  {
    YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(options.dir));
    YURAI_TRY(check_new(update.index(), options.corpus));
    if (!options.again) YURAI_TRY(check_not_taken_down(update, options.corpus));
    YURAI_ASSIGN(const bool with_search, has_search(update.index()));
    YURAI_TRY(update.add(options.corpus, build, bar.callback()));
    if (with_search) {
      SearchBuildOptions search;
      search.memory_bytes = std::min(search.memory_bytes, build.memory_bytes / 8);
      search.num_threads = build.num_threads;
      YURAI_TRY(
          build_document_search(update.added(), search, update.search_stage(), bar.callback()));
    }
    YURAI_TRY(update.commit());
  }
  bar.finish();
  return print_state(options);
}

Result<void> merge(const Options& options) {
  YURAI_ASSIGN(const IndexBuildOptions build, build_options(options));
  ProgressBar bar;
  {
    YURAI_ASSIGN(const IndexUpdate update, IndexUpdate::begin(options.dir));
    const CorpusIndex& index = update.index();
    if (index.num_segments() == 1 && index.taken_down().empty()) {
      say(tr("one segment already: nothing to merge", "すでに一つのセグメントです"));
      return print_state(options);
    }
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(options.dir, {.force = true}));
    YURAI_ASSIGN(const bool with_search, has_search(index));
    YURAI_TRY(merge_index(index, build, stage, bar.callback()));
    YURAI_TRY(add_companions(build, with_search, stage, bar.callback()));
    YURAI_TRY(stage.commit());
  }
  bar.finish();
  return print_state(options);
}

Result<void> takedown(const Options& options) {
  YURAI_ASSIGN(const IndexBuildOptions build, build_options(options));
  YURAI_ASSIGN(const Takedown wanted, takedown_of(options.takedown));
  ProgressBar bar;
  IndexUpdate::Summary summary;
  {
    YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(options.dir));
    YURAI_ASSIGN(summary, update.take_down(wanted, build, bar.callback()));
    YURAI_TRY(update.commit());
  }
  bar.finish();
  if (options.json) {
    YURAI_ASSIGN(const Json state, state_of(options.dir));
    return print_json(
        {{"taken_down", summary.taken_down}, {"not_found", summary.not_found}, {"index", state}});
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {} documents taken down, {} left ({} bytes)\n",
                      "{}: 文書 {} 件を取り下げました。残りは {} 件（{} バイト）\n")),
      for_terminal(options.dir), summary.taken_down, summary.documents, summary.bytes)));
  YURAI_TRY(print_not_found(summary.not_found));
  return print(
      tr("Their texts stay in the files until: yurai index merge; then, not before: yurai corpus "
         "takedown\n",
         "本文は次をこの順に行うまでファイルに残ります: yurai index merge; yurai corpus "
         "takedown\n"));
}

void add_common(CLI::App& verb, Options& options) {
  verb.add_option("DIR", options.dir, tr("index folder", "索引のフォルダー"))->required();
  verb.add_option("--threads", options.num_threads,
                  tr("threads; the result is the same for any number", "スレッド数（結果は同じ）"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  verb.add_option("--memory", options.memory,
                  tr("hard bound on memory, such as 4G", "メモリの上限（例: 4G）"))
      ->check(checked_by(parse_bytes))
      ->capture_default_str();
  verb.add_flag("--json", options.json, tr("print one line of JSON", "一行の JSON を出力する"));
}

}  // namespace

void add_index_update_commands(CLI::App& index) {
  auto adding = std::make_shared<Options>();
  CLI::App* add_verb =
      index.add_subcommand("add", tr("Add a corpus to an index as one more segment",
                                     "コーパスを新しいセグメントとして索引に加える"));
  add_common(*add_verb, *adding);
  add_verb->add_option("--corpus", adding->corpus, tr("corpus folder", "コーパスのフォルダー"))
      ->required();
  add_verb->add_flag(
      "--again", adding->again,
      tr("also documents that were taken down before", "以前に取り下げた文書も加える"));
  add_verb->callback([adding] { run([&] { return add(*adding); }); });

  auto merging = std::make_shared<Options>();
  CLI::App* merge_verb = index.add_subcommand(
      "merge", tr("Make one segment of all, without what was taken down, and calibrate anew",
                  "全セグメントを一つにまとめ、取り下げた文書を除き、較正をやり直す"));
  add_common(*merge_verb, *merging);
  merge_verb->callback([merging] { run([&] { return merge(*merging); }); });

  auto taking = std::make_shared<Options>();
  CLI::App* verb = index.add_subcommand(
      "takedown", tr("Leave documents out of every answer at once, and log who, when and why",
                     "文書をただちにすべての答えから除き、誰が・いつ・なぜかを記録する"));
  add_common(*verb, *taking);
  add_takedown_options(*verb, taking->takedown);
  verb->callback([taking] { run([&] { return takedown(*taking); }); });
}

}  // namespace yurai::cli
