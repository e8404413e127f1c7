#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_corpus_card.h"
#include "apps/yurai/cmd_corpus_dedup.h"
#include "apps/yurai/cmd_corpus_export.h"
#include "apps/yurai/cmd_corpus_filter.h"
#include "apps/yurai/cmd_corpus_label.h"
#include "apps/yurai/cmd_corpus_sample.h"
#include "apps/yurai/cmd_corpus_takedown.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/license.h"
#include "yurai/corpus/stats.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

std::string unknown() { return tr("(not stated)", "（記載なし）"); }
std::string shown(const std::string& field) {
  return field.empty() ? unknown() : for_terminal(field);
}
// ---- build ----

struct BuildOptions {
  std::string out;
  std::vector<std::string> inputs;
  std::string map;
  CorpusBuildOptions build;
  bool force = false;
  bool json = false;
};

/// What a person should know beside the result, on stderr.
void say_left_out(const InputList& inputs, const CorpusSummary& summary, const std::string& out) {
  if (!inputs.skipped.empty()) {
    say(fmt::format(fmt::runtime(tr("{} files of another kind in the folders were left out: {}{}",
                                    "フォルダー内の対象外のファイル {} 個を除いた: {}{}")),
                    inputs.skipped.size(), inputs.skipped.front(),
                    inputs.skipped.size() > 1 ? tr(", …", "、…") : ""));
  }
  if (summary.rejected > 0) {
    say(fmt::format(fmt::runtime(tr("{} records could not be read: see {}/rejects.jsonl",
                                    "{} 件のレコードは読めなかった: {}/rejects.jsonl を参照")),
                    grouped(summary.rejected), for_terminal(out)));
  }
  if (summary.documents == 0 && summary.rejected == 0) {
    say(tr("the corpus is empty: the inputs hold no row",
           "コーパスは空です。入力に行がありません"));
  } else if (summary.documents == 0) {
    say(
        tr("the corpus is empty; where the fields have other names, give them with --map, such as "
           "--map text=content",
           "コーパスは空です。項目名が違うときは --map text=content のように指定してください"));
  }
}

Result<void> build(const BuildOptions& options) {
  const std::vector<fs::path> paths(options.inputs.begin(), options.inputs.end());
  YURAI_TRY(typed(check_target(options.out, paths)));
  YURAI_ASSIGN(const InputList inputs, list_inputs(paths));
  YURAI_ASSIGN(StagingDirectory stage,
               typed(StagingDirectory::create(options.out, {.force = options.force})));
  ProgressBar bar;
  Result<CorpusSummary> built = build_corpus(inputs, options.build, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const CorpusSummary summary, std::move(built));
  YURAI_TRY(stage.commit());
  say_left_out(inputs, summary, options.out);
  if (options.json) return print_json(to_json(summary));
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {} documents, {} bytes of text, {} rejected, {} repeat an id\n"
                      "corpus_sha256 {}\n",
                      "{}: 文書 {} 件、本文 {} バイト、却下 {} 件、ID の重複 {} 件\n"
                      "corpus_sha256 {}\n")),
      for_terminal(options.out), grouped(summary.documents), grouped(summary.bytes),
      grouped(summary.rejected), grouped(summary.duplicate_ids), summary.corpus_sha256)));
  if (summary.documents == 0) return {};
  return print(fmt::format(fmt::runtime(tr("Next: yurai index build INDEX --corpus {}\n",
                                           "次は: yurai index build INDEX --corpus {}\n")),
                           for_terminal(options.out)));
}

void add_build(CLI::App& corpus) {
  auto options = std::make_shared<BuildOptions>();
  CLI::App* verb = corpus.add_subcommand(
      "build", tr("A corpus from JSON lines, plain text and web archives, as files or folders",
                  "JSON Lines・テキスト・WARC のファイルやフォルダーからコーパスを作る"));
  verb->add_option("OUT", options->out,
                   tr("Folder of the new corpus", "新しいコーパスのフォルダー"))
      ->required();
  verb->add_option(
          "INPUT", options->inputs,
          tr("Files (.jsonl, .ndjson, .txt, .md, .warc; also .gz, .zst; .parquet) or folders of "
             "them",
             "ファイル（.jsonl .ndjson .txt .md .warc、.gz .zst も可。.parquet）またはフォルダー"))
      ->required();
  verb->add_option("--map", options->map,
                   tr("Names of fields in the input, such as text=content,id=doc_id",
                      "入力での項目名（例: text=content,id=doc_id）"))
      ->each([options](const std::string& text) {
        auto map = parse_field_map(text);
        if (!map) throw CLI::ValidationError("--map", for_terminal(map.error().message));
        options->build.map = std::move(*map);
      });
  Document& defaults = options->build.defaults;
  verb->add_option("--source", defaults.source,
                   tr("Source of documents that name none", "出典のない文書の出典"));
  verb->add_option("--license", defaults.license,
                   tr("Licence of documents that name none", "ライセンスのない文書のライセンス"));
  verb->add_option("--lang", defaults.lang,
                   tr("Language of documents that name none", "言語のない文書の言語"));
  verb->add_flag(
      "--strict", options->build.strict,
      tr("Stop at the first record that cannot be read", "読めないレコードがあればそこで止まる"));
  verb->add_flag("--force", options->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return build(*options); }); });
}

// ---- stats ----

Result<void> print_breakdown(const std::string& heading, const StatsBreakdown& breakdown,
                             bool licenses) {
  constexpr size_t kShownGroups = 30;
  YURAI_TRY(print(fmt::format("\n{} {:>12} {:>16}\n", pad(heading, 40),
                              pad_left(tr("documents", "文書"), 12),
                              pad_left(tr("bytes", "バイト"), 16))));
  StatsGroup rest = breakdown.other;
  for (size_t i = 0; i < breakdown.groups.size(); ++i) {
    const StatsGroup& group = breakdown.groups[i];
    if (i >= kShownGroups) {
      rest.documents += group.documents;
      rest.bytes += group.bytes;
      continue;
    }
    const bool not_spdx = licenses && !group.name.empty() && !normalize_license(group.name).spdx;
    YURAI_TRY(print(fmt::format("{} {:>12} {:>16}{}\n", pad(shown(group.name), 40),
                                grouped(group.documents), grouped(group.bytes),
                                not_spdx ? "  " + license_ref(group.name) : "")));
  }
  if (rest.documents == 0) return {};
  return print(fmt::format("{} {:>12} {:>16}\n", pad(tr("(others)", "（その他）"), 40),
                           grouped(rest.documents), grouped(rest.bytes)));
}

Result<void> print_stats(const CorpusStats& stats) {
  const auto line = [](const std::string& label, const std::string& value) {
    return print(fmt::format("{} {}\n", pad(label, 20), value));
  };
  YURAI_TRY(line(tr("documents", "文書"), grouped(stats.documents)));
  YURAI_TRY(line(tr("bytes of text", "本文のバイト数"), grouped(stats.bytes)));
  YURAI_TRY(line(tr("characters", "文字数"), grouped(stats.characters)));
  YURAI_TRY(line(tr("repeated ids", "重複した ID"), grouped(stats.duplicate_ids)));
  YURAI_TRY(line(tr("without licence", "ライセンスなし"), grouped(stats.missing_license)));
  YURAI_TRY(line("corpus_sha256", stats.corpus_sha256));
  YURAI_TRY(print_breakdown(tr("source", "出典"), stats.sources, false));
  YURAI_TRY(print_breakdown(tr("licence", "ライセンス"), stats.licenses, true));
  YURAI_TRY(print_breakdown(tr("language", "言語"), stats.languages, false));
  YURAI_TRY(print(fmt::format("\n{} {}\n", pad(tr("bytes a document", "文書のバイト数"), 40),
                              pad_left(tr("documents", "文書"), 12))));
  for (const SizeBucket& bucket : stats.size_histogram) {
    const std::string range =
        fmt::format("{} – {}", grouped(bucket.bytes_from), grouped(bucket.bytes_to - 1));
    YURAI_TRY(print(fmt::format("{} {:>12}\n", pad(range, 40), grouped(bucket.documents))));
  }
  return {};
}

void add_stats(CLI::App& corpus) {
  auto dir = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = corpus.add_subcommand("stats", tr("Sources, licences, languages and sizes",
                                                     "出典・ライセンス・言語・大きさの内訳"));
  verb->add_option("DIR", *dir, tr("The corpus", "コーパス"))->required();
  verb->add_flag("--json", *json, tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([dir, json] {
    run([&]() -> Result<void> {
      YURAI_ASSIGN(const Corpus opened, Corpus::open(*dir));
      YURAI_ASSIGN(const CorpusStats stats, corpus_stats(opened));
      return *json ? print_json(to_json(stats)) : print_stats(stats);
    });
  });
}

// ---- show and list ----

Result<void> print_document(const Corpus& corpus, uint64_t number, const Document& document) {
  const auto line = [](const std::string& label, const std::string& value) -> Result<void> {
    return value.empty() ? Result<void>() : print(fmt::format("{} {}\n", pad(label, 12), value));
  };
  YURAI_ASSIGN(const bool repeats_id, corpus.repeats_id(number));
  YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(number));
  YURAI_TRY(
      line(tr("id", "ID"),
           for_terminal(document.id) +
               (repeats_id ? tr("  (an earlier document has it too)", "（前の文書と同じ）") : "")));
  YURAI_TRY(line(tr("number", "番号"), fmt::format("{}", number)));
  YURAI_TRY(line(tr("title", "題名"), for_terminal(document.title)));
  YURAI_TRY(line(tr("source", "出典"), for_terminal(document.source)));
  YURAI_TRY(line(tr("licence", "ライセンス"), shown(document.license)));
  YURAI_TRY(line(tr("author", "著者"), for_terminal(document.author)));
  YURAI_TRY(line(tr("url", "URL"), for_terminal(document.url)));
  YURAI_TRY(line(tr("date", "日付"), for_terminal(document.date)));
  YURAI_TRY(line(tr("language", "言語"), for_terminal(document.lang)));
  YURAI_TRY(line(tr("bytes", "バイト"), grouped(document.text.size())));
  YURAI_TRY(line("sha256", sha256));
  return print("\n" + for_terminal(document.text, true) + "\n");
}

struct ShowOptions {
  std::string dir;
  std::string id;
  uint64_t number = 0;
  bool json = false;
};

Result<void> show(const ShowOptions& options, bool by_number) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(options.dir));
  std::vector<uint64_t> numbers = {options.number};
  if (!by_number) {
    YURAI_ASSIGN(numbers, corpus.find_id(options.id));
    if (numbers.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("corpus '{}' has no document with the id '{}'; 'yurai corpus list' "
                              "shows the ids",
                              for_terminal(options.dir), for_terminal(options.id)));
    }
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    YURAI_ASSIGN(const Document document, corpus.document(numbers[i]));
    if (options.json) {
      YURAI_ASSIGN(const Json json, document_json(corpus, numbers[i], document, true));
      YURAI_TRY(print_json(json));
      continue;
    }
    if (i > 0) YURAI_TRY(print("\n"));
    YURAI_TRY(print_document(corpus, numbers[i], document));
  }
  return {};
}

void add_show(CLI::App& corpus) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* verb = corpus.add_subcommand(
      "show", tr("All documents with an id, whole", "ある ID の文書をすべて、全文表示する"));
  verb->add_option("DIR", options->dir, tr("The corpus", "コーパス"))->required();
  CLI::Option* id = verb->add_option("ID", options->id, tr("The id", "文書の ID"));
  CLI::Option* number = verb->add_option("--number", options->number,
                                         tr("The document of this number, counted from 0",
                                            "この番号（0 から）の文書"))
                            ->check(checked_by(parse_count));
  id->excludes(number);
  verb->add_flag("--json", options->json,
                 tr("Print a line of JSON a document", "文書ごとに 1 行の JSON で出力する"));
  verb->callback([options, id, number] {
    if (id->count() + number->count() == 0) throw CLI::RequiredError("ID or --number");
    run([&] { return show(*options, number->count() > 0); });
  });
}

struct ListOptions {
  std::string dir;
  std::string source;
  std::string license;
  std::string lang;
  uint64_t limit = 0;
  bool json = false;
};

/// Which documents to list: only what was asked for is compared; an empty value means "not stated".
struct Wanted {
  bool source = false;
  bool license = false;
  bool lang = false;
};

Result<void> list(const ListOptions& options, const Wanted& wanted) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(options.dir));
  const std::string license = normalize_license(options.license).name;
  uint64_t listed = 0;
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document document, corpus.row(number));
    if ((wanted.source && document.source != options.source) ||
        (wanted.license && document.license != license) ||
        (wanted.lang && document.lang != options.lang)) {
      continue;
    }
    if (options.json) {
      YURAI_ASSIGN(const Json json, document_json(corpus, number, document, false));
      YURAI_TRY(print_json(json));
    } else {
      const Corpus::TextRange range = corpus.text_range(number);
      YURAI_ASSIGN(const bool repeats_id, corpus.repeats_id(number));
      YURAI_TRY(print(fmt::format(
          "{:>8} {:>11} {} {} {} {}{}\n", number, grouped(range.end - range.begin),
          pad(document.lang.empty() ? "-" : for_terminal(document.lang), 5),
          pad(shown(document.license), 20), for_terminal(document.id), for_terminal(document.title),
          repeats_id ? tr("  (repeated id)", "（ID 重複）") : "")));
    }
    if (++listed == options.limit) break;
  }
  return {};
}

void add_list(CLI::App& corpus) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* verb =
      corpus.add_subcommand("list", tr("The documents, a line each", "文書の一覧（1 行 1 件）"));
  verb->add_option("DIR", options->dir, tr("The corpus", "コーパス"))->required();
  CLI::Option* source =
      verb->add_option("--source", options->source, tr("Only of this source", "この出典だけ"));
  CLI::Option* license = verb->add_option("--license", options->license,
                                          tr("Only under this licence", "このライセンスだけ"));
  CLI::Option* lang =
      verb->add_option("--lang", options->lang, tr("Only in this language", "この言語だけ"));
  verb->add_option("--limit", options->limit,
                   tr("At most so many (0: all)", "最大件数（0: すべて）"))
      ->check(checked_by(parse_count));
  verb->add_flag("--json", options->json,
                 tr("Print a line of JSON a document", "文書ごとに 1 行の JSON で出力する"));
  verb->callback([=] {
    const Wanted wanted{source->count() > 0, license->count() > 0, lang->count() > 0};
    run([&] { return list(*options, wanted); });
  });
}

}  // namespace

void add_corpus_commands(CLI::App& app) {
  CLI::App* corpus =
      app.add_subcommand("corpus", tr("Build and look at corpora: documents with their origin",
                                      "コーパス（出所つきの文書の集まり）を作る・見る"));
  corpus->require_subcommand(1);
  add_build(*corpus);
  add_corpus_sample_command(*corpus);
  add_corpus_filter_commands(*corpus);
  add_corpus_dedup_command(*corpus);
  add_corpus_takedown_command(*corpus);
  add_corpus_card_command(*corpus);
  add_stats(*corpus);
  add_show(*corpus);
  add_list(*corpus);
  add_corpus_export_command(*corpus);
  add_corpus_label_commands(*corpus);
}

}  // namespace yurai::cli
