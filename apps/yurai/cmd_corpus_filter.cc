#include "apps/yurai/cmd_corpus_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/cmd_corpus_ledger.h"
#include "apps/yurai/said_rejects.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/base/progress.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/filter_run.h"
#include "yurai/curate/unit_text.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

struct FilterOptionsGiven {
  std::string chain;
  std::vector<std::string> inputs;
  std::string out;
  std::string words;
  std::string map;
  std::string compress;
  std::string measure;
  std::string part_size = "1G";
  std::string decisions;
  std::string rejects;
  int threads = 0;
  bool force = false;
  bool resume = false;
  bool json = false;
  bool timing = false;
  FieldMap fields = default_field_map();
};

std::string megabytes_per_second(const StepCost& cost) {
  if (cost.nanoseconds == 0) return "–";
  return fmt::format("{:.0f}",
                     1e3 * static_cast<double>(cost.bytes) / static_cast<double>(cost.nanoseconds));
}

/// The funnel with the time that each filter took: on stderr, for it differs from run to run.
void say_costs(const FilterRun& run) {
  std::vector<std::vector<std::string>> rows = {{tr("step", "段階"), tr("documents", "文書"),
                                                 tr("bytes", "バイト"), tr("dropped", "除外"),
                                                 tr("seconds", "秒"), "MB/s"}};
  const Json& steps = run.summary["steps"];
  for (size_t i = 0; i < run.costs.size(); ++i) {
    const StepCost& cost = run.costs[i];
    rows.push_back({for_terminal(steps[i]["step"].get<std::string>()), grouped(cost.documents),
                    grouped(cost.bytes), grouped(steps[i]["dropped"].get<uint64_t>()),
                    fmt::format("{:.2f}", static_cast<double>(cost.nanoseconds) / 1e9),
                    megabytes_per_second(cost)});
  }
  std::string text = table(rows, 1);
  text.pop_back();
  say(text);
}

Result<FilterRunOptions> run_options(const FilterOptionsGiven& given) {
  FilterRunOptions options;
  options.read.map = given.fields;
  options.measure_all = given.measure == "all";
  options.parts.zstd = given.compress == "zst";
  YURAI_ASSIGN(options.parts.part_bytes, parse_part_size(given.part_size));
  options.num_threads = threads_to_use(given.threads);
  return options;
}

Result<void> print_summary(const FilterOptionsGiven& given, const FilterRun& run) {
  const Json& summary = run.summary;
  const auto count = [&](const Json& json, const char* key) {
    return grouped(json[key].get<uint64_t>());
  };
  std::vector<std::vector<std::string>> rows = {{tr("step", "段階"), tr("bounds", "範囲"),
                                                 tr("ran on", "測った文書"), tr("dropped", "除外"),
                                                 tr("edited", "編集"), tr("left", "残り")}};
  uint64_t left = summary["documents"].get<uint64_t>();
  const auto before = [&](const char* key, const std::string& what) {
    if (summary[key] == 0) return;
    rows.push_back({what, "", "", count(summary, key), "", grouped(left)});
  };
  before("left_out", tr("(holds no document)", "（文書でない）"));
  before("rejected", tr("(could not be read)", "（読めない）"));
  for (const Json& step : summary["steps"]) {
    left -= step["dropped"].get<uint64_t>();
    rows.push_back({for_terminal(step["step"].get<std::string>()),
                    bounds_text(step["lower_bound"], step["upper_bound"]), count(step, "ran"),
                    count(step, "dropped"), count(step, "edited"), grouped(left)});
  }
  YURAI_TRY(print(table(rows, 2)));
  YURAI_TRY(print(fmt::format(
      fmt::runtime(
          tr("\n{}: {} of {} documents stay, {} of {} bytes of text ({} after the edits)\n",
             "\n{}: 文書 {} / {} 件、本文 {} / {} バイトが残った（編集後 {} バイト）\n")),
      for_terminal(given.out), count(summary, "kept"), count(summary, "documents"),
      count(summary, "kept_bytes"), count(summary, "bytes"), count(summary, "kept_bytes_after"))));
  return print(fmt::format(
      fmt::runtime(tr("Next: {0}/report.html, or yurai corpus build CORPUS {0}{1}\n",
                      "次は: {0}/report.html、"
                      "または yurai corpus build CORPUS {0}{1}\n")),
      for_terminal(given.out), given.map.empty() ? "" : " --map " + for_terminal(given.map)));
}

/// A failure with what it left and how to go on.
Error with_way_on(Error error, const StagingDirectory& stage) {
  const auto finished = finished_parts_after(error, stage);
  if (!finished) return error;
  error.message += fmt::format(
      fmt::runtime(tr("; {} parts are finished and kept in '{}' ({} documents read, {} of them "
                      "stay); go on with: {}",
                      "; 完成した {} 個の分割ファイルは '{}' に残してある（文書 {} 件を処理済み、"
                      "うち {} 件を保持）。続きから実行するには: {}")),
      finished->parts, for_terminal(stage.path().string()), grouped(finished->documents),
      grouped(finished->kept), command_line());
  if (command_line().find(" --resume") == std::string::npos) error.message += " --resume";
  return error;
}

/// What --resume found, for a person.
void say_resumed(const StagingDirectory& stage) {
  const auto finished = finished_parts(stage);
  if (!finished) {
    say(tr("There is nothing to go on from: beginning at the first document",
           "途中の結果がないので、最初の文書から始める"));
    return;
  }
  say(fmt::format(fmt::runtime(tr("Going on after {} parts and {} documents, which are read again "
                                  "but not filtered again",
                                  "分割ファイル {} 個・文書 {} 件の続きから始める"
                                  "（そこまでは読み直すだけで、判定はやり直さない）")),
                  finished->parts, grouped(finished->documents)));
}

/// A run to which no row was readable has most likely been told of the wrong fields.
Result<void> check_readable(const FilterRun& run, const std::string& inputs,
                            const std::string& rejects) {
  const auto rejected = run.summary["rejected"].get<uint64_t>();
  if (rejected == 0 || run.summary["documents"] != 0) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format(
          fmt::runtime(tr("none of the {} rows of {} could be read{}; where the text or another "
                          "field has another name, give it with --map, such as --map text=content",
                          "{1} の {0} 件の行はどれも読めなかった{2}。本文などの項目名が違うときは "
                          "--map text=content のように指定する")),
          grouped(rejected), inputs,
          rejects.empty() ? ""
                          : fmt::format(fmt::runtime(tr(": '{}' says why", "（理由は '{}'）")),
                                        for_terminal(rejects))));
}

Result<void> filter_to_folder(const FilterOptionsGiven& given, const Chain& chain,
                              const FilterRunOptions& options) {
  const std::vector<fs::path> paths(given.inputs.begin(), given.inputs.end());
  YURAI_TRY(typed(check_target(given.out, paths)));
  YURAI_ASSIGN(const InputList inputs, list_inputs(paths));
  YURAI_ASSIGN(
      StagingDirectory stage,
      typed(StagingDirectory::create(given.out, {.force = given.force, .resume = given.resume})));
  if (given.resume) say_resumed(stage);
  ProgressBar bar;
  const std::string name = fs::path(given.chain).filename().string();
  Result<FilterRun> done = filter_files(chain, name, inputs, options, stage, bar.callback());
  bar.finish();
  const Result<void> whole = done ? stage.commit() : Result<void>(fail(done.error()));
  if (!whole) return fail(with_way_on(whole.error(), stage));
  const FilterRun run = std::move(*done);
  if (!inputs.skipped.empty()) {
    say(fmt::format(fmt::runtime(tr("{} files of another kind in the folders were left out",
                                    "フォルダー内の対象外のファイル {} 個を除いた")),
                    inputs.skipped.size()));
  }
  const auto rejected = run.summary["rejected"].get<uint64_t>();
  const auto left_out = run.summary["left_out"].get<uint64_t>();
  if (rejected > 0) {
    say(fmt::format(fmt::runtime(tr("{} rows could not be read: see {}/rejects.jsonl",
                                    "{} 件の行は読めなかった: {}/rejects.jsonl を参照")),
                    grouped(rejected), for_terminal(given.out)));
  }
  if (left_out > 0) {
    say(fmt::format(
        fmt::runtime(tr("{} records of archives hold no document: see {}/rejects.jsonl",
                        "アーカイブ中の {} レコードは文書ではない: {}/rejects.jsonl を参照")),
        grouped(left_out), for_terminal(given.out)));
  }
  if (given.timing) say_costs(run);
  YURAI_TRY(given.json ? print_json(run.summary) : print_summary(given, run));
  std::string names;
  for (const fs::path& path : paths) {
    names += (names.empty() ? "'" : ", '") + for_terminal(path.string()) + "'";
  }
  return check_readable(run, names, given.out + "/rejects.jsonl");
}

/// A file beside the standard output, where one is asked for.
Result<std::optional<NewFile>> extra_file(const std::string& path, bool force) {
  if (path.empty()) return std::nullopt;
  YURAI_ASSIGN(NewFile file, NewFile::create(path, {.force = force}));
  return std::optional<NewFile>(std::move(file));
}

/// Rows from standard input to standard output.
Result<void> filter_stdin(const FilterOptionsGiven& given, const Chain& chain,
                          const FilterRunOptions& options) {
  YURAI_ASSIGN(std::optional<NewFile> decisions, extra_file(given.decisions, given.force));
  YURAI_ASSIGN(std::optional<NewFile> rejects, extra_file(given.rejects, given.force));
  SaidRejects said;
  uint64_t listed = 0;
  StreamOutput output;
  output.keep = [](std::string_view line) -> Result<void> {
    YURAI_TRY(print(line));
    return print("\n");
  };
  if (decisions) {
    output.decide = [&](std::string_view line) -> Result<void> {
      YURAI_TRY(decisions->append(line));
      return decisions->append("\n");
    };
  }
  output.reject = [&](const Reject& reject) -> Result<void> {
    if (!rejects) {
      said.add(reject);
      return {};
    }
    ++listed;
    return rejects->append(reject_line(reject));
  };
  InputEntry input;
  input.path = kStandardInput;
  input.name = "stdin";
  YURAI_ASSIGN(const FilterRun run, filter_stream(chain, input, options, output));
  if (decisions) YURAI_TRY(decisions->commit());
  if (rejects) YURAI_TRY(rejects->commit());
  if (given.timing) say_costs(run);
  if (given.json) say(dump_json(run.summary));
  said.say_count(tr(", --rejects FILE lists them all", "。--rejects FILE ですべて書き出せる"));
  if (listed > 0) {
    say(fmt::format(fmt::runtime(tr("{} rows could not be read and were left out: see {}",
                                    "{} 件の行は読めなかったので除いた: {} を参照")),
                    grouped(listed), for_terminal(given.rejects)));
  }
  return check_readable(run, tr("standard input", "標準入力"), given.rejects);
}

/// Whether two names lead to the same file, there or to be made; a device takes both.
bool is_one_file(const std::string& one, const std::string& other) {
  if (one.empty() || other.empty()) return false;
  std::error_code status;
  if (fs::exists(one, status) && !fs::is_regular_file(one, status)) return false;
  if (fs::equivalent(one, other, status)) return true;
  return fs::weakly_canonical(fs::absolute(one, status), status) ==
         fs::weakly_canonical(fs::absolute(other, status), status);
}

Result<void> filter(const FilterOptionsGiven& given) {
  if (given.inputs.empty() != given.out.empty()) {
    return wrong_command(
        given.out.empty()
            ? tr("--out DIR is missing; without IN and --out the rows go from standard input to "
                 "standard output",
                 "--out DIR がない。IN と --out をどちらも省くと、標準入力から標準出力へ流れる")
            : tr("IN is missing: what is to be filtered?", "IN がない。何を選別するのかを示す"));
  }
  if (given.resume && given.out.empty()) {
    return wrong_command(tr("--resume goes on with a run that has an --out DIR",
                            "--resume は --out DIR のある実行の続きにだけ使える"));
  }
  if (!given.out.empty() && !(given.decisions.empty() && given.rejects.empty())) {
    return wrong_command(
        tr("--decisions and --rejects are for rows from standard input; with --out both are in "
           "OUT, as ledger/ and rejects.jsonl",
           "--decisions と --rejects は標準入力からの行に使う。--out があれば、どちらも OUT の中の "
           "ledger/ と rejects.jsonl に書く"));
  }
  if (is_one_file(given.decisions, given.rejects)) {
    return wrong_command(
        fmt::format(fmt::runtime(tr("--decisions and --rejects name one file, '{}'; name two",
                                    "--decisions と --rejects が同じファイル '{}' を指している。"
                                    "別々のファイルを指定する")),
                    for_terminal(given.decisions)));
  }
  YURAI_ASSIGN(const FilterRunOptions options, run_options(given));
  YURAI_ASSIGN(const Chain chain, Chain::load(given.chain, {.words = given.words}));
  return given.out.empty() ? filter_stdin(given, chain, options)
                           : filter_to_folder(given, chain, options);
}

void add_filter(CLI::App& corpus) {
  auto given = std::make_shared<FilterOptionsGiven>();
  CLI::App* verb = corpus.add_subcommand(
      "filter", tr("Keep the documents that pass a chain of filters, and say why the others go",
                   "フィルターの列を通る文書を残し、除いた理由を記録する"));
  std::string chains;
  for (const BuiltinChain& chain : builtin_chains()) {
    chains += (chains.empty() ? "" : ", ") + std::string(chain.name);
  }
  verb->add_option("CHAIN", given->chain,
                   tr("A TOML file, or one of ", "TOML ファイル、または ") + chains)
      ->required();
  verb->add_option("IN", given->inputs,
                   tr("Files or folders; without IN and --out: standard input to standard output",
                      "ファイルやフォルダー。IN と --out がなければ標準入力から標準出力へ"));
  verb->add_option("--out", given->out, tr("Folder of the result", "結果のフォルダー"));
  verb->add_option("--words", given->words, tr("Folder of word lists", "単語リストのフォルダー"));
  verb->add_option("--map", given->map,
                   tr("Names of fields in the input, such as text=content,id=doc_id",
                      "入力での項目名（例: text=content,id=doc_id）"))
      ->each([given](const std::string& text) {
        auto map = parse_field_map(text);
        if (!map) throw CLI::ValidationError("--map", for_terminal(map.error().message));
        given->fields = std::move(*map);
      });
  verb->add_option("--compress", given->compress,
                   tr("Compress the parts: zst", "分割ファイルの圧縮: zst"))
      ->check(CLI::IsMember({"zst", "none"}));
  verb->add_option("--measure", given->measure,
                   tr("all: run every filter on every document, so that whatif is exact",
                      "all: すべての文書で全フィルターを測る（whatif が厳密になる）"))
      ->check(CLI::IsMember({"all", "needed"}));
  verb->add_option("--threads", given->threads,
                   tr("Threads (default: one a processor)", "スレッド数（既定: CPU 数）"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 1024));
  verb->add_option("--part-size", given->part_size,
                   tr("A part ends with the row that reaches it", "分割ファイルの大きさ"))
      ->check(checked_by(parse_part_size))
      ->capture_default_str();
  verb->add_option("--decisions", given->decisions,
                   tr("File for the decisions of a run from standard input",
                      "標準入力のとき、判定の記録を書くファイル"));
  verb->add_option("--rejects", given->rejects,
                   tr("File for the rows of standard input that could not be read",
                      "標準入力のとき、読めなかった行を書くファイル"));
  verb->add_flag("--timing", given->timing,
                 tr("Say on stderr what each filter took", "各フィルターの時間を標準エラーに出す"));
  verb->add_flag("--force", given->force,
                 tr("Replace OUT (or the files of --decisions and --rejects) if it exists",
                    "OUT（または --decisions・--rejects のファイル）があれば置き換える"));
  verb->add_flag("--resume", given->resume,
                 tr("Go on where an interrupted run had its last finished part",
                    "中断した実行の、最後に完成した分割ファイルの続きから始める"));
  verb->add_flag("--json", given->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([given] { run([&] { return filter(*given); }); });
}

// ---- filters ----

Result<void> list_filters(bool json) {
  const bool japanese = tr("en", "ja") == "ja";
  if (json) {
    for (const FilterInfo* info : all_filters()) {
      YURAI_TRY(print_json(yurai::to_json(*info, japanese)));
    }
    return {};
  }
  for (const FilterInfo* info : all_filters()) {
    YURAI_TRY(print(fmt::format("{}\n    {}\n    {}: {}   {}: {}{}\n    {}: {}\n", info->name,
                                japanese ? info->japanese : info->english, tr("unit", "単位"),
                                unit_text(info->unit, japanese), tr("default", "既定の範囲"),
                                bounds_text(or_null(info->bounds.min), or_null(info->bounds.max)),
                                info->edits ? tr("   edits the text", "   本文を編集する") : "",
                                tr("source", "出典"), info->source)));
    for (const OptionInfo& option : info->options) {
      YURAI_TRY(print(fmt::format("    {} = {}: {}\n", option.name,
                                  option.fallback.empty() ? "…" : option.fallback,
                                  japanese ? option.japanese : option.english)));
    }
  }
  YURAI_TRY(print(tr("\nChains:\n", "\n組み込みチェーン:\n")));
  for (const BuiltinChain& chain : builtin_chains()) {
    YURAI_TRY(
        print(fmt::format("{}\n    {}\n", chain.name, japanese ? chain.japanese : chain.english)));
  }
  return {};
}

void add_filters(CLI::App& corpus) {
  auto json = std::make_shared<bool>(false);
  auto chain = std::make_shared<std::string>();
  CLI::App* verb = corpus.add_subcommand(
      "filters", tr("Every filter: what it measures, its unit, default and source",
                    "フィルターの一覧（測るもの・単位・既定値・出典）"));
  verb->add_option(
      "--chain", *chain,
      tr("Print the TOML of a built-in chain instead", "組み込みチェーンの TOML を出力する"));
  verb->add_flag("--json", *json,
                 tr("Print a line of JSON a filter", "フィルターごとに 1 行の JSON"));
  verb->callback([json, chain] {
    run([&]() -> Result<void> {
      if (chain->empty()) return list_filters(*json);
      for (const BuiltinChain& builtin : builtin_chains()) {
        if (builtin.name == *chain) return print(builtin.toml.substr(1));
      }
      return wrong_command(fmt::format(
          fmt::runtime(tr("there is no built-in chain '{}'; 'yurai corpus filters' lists them",
                          "組み込みチェーン '{}' はない。'yurai corpus filters' で一覧が出る")),
          for_terminal(*chain)));
    });
  });
}

}  // namespace

void add_corpus_filter_commands(CLI::App& corpus) {
  add_filter(corpus);
  add_filters(corpus);
  add_corpus_ledger_commands(corpus);
}

}  // namespace yurai::cli
