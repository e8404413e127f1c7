#include "apps/yurai/cmd_corpus_dedup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/yurai/cli.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/dedup.h"
#include "yurai/curate/repeated_passages.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> inputs;
  std::string out;
  std::vector<std::string> methods = {"exact", "minhash"};
  std::string preset = std::string(kLlmJp.name);
  double threshold = -1;  ///< below 0: the preset's
  std::string memory = "1G";
  std::string part_size = "256M";
  std::string compress = "none";
  std::string index;
  std::string map;
  DedupOptions dedup;
  bool force = false;
  bool resume = false;
  bool mpi = false;
  bool json = false;
};

Result<DedupOptions> dedup_options(const Options& options) {
  DedupOptions dedup = options.dedup;
  dedup.num_threads = threads_to_use(dedup.num_threads);
  const auto wants = [&](std::string_view method) {
    return std::find(options.methods.begin(), options.methods.end(), method) !=
           options.methods.end();
  };
  dedup.exact = wants("exact");
  dedup.minhash = wants("minhash");
  YURAI_ASSIGN(dedup.parameters, minhash_preset(options.preset));
  if (options.threshold >= 0) dedup.parameters.threshold = options.threshold;
  YURAI_ASSIGN(dedup.isa, choose_isa());
  YURAI_ASSIGN(dedup.memory_bytes, parse_bytes(options.memory));
  YURAI_ASSIGN(dedup.parts.part_bytes, parse_part_size(options.part_size));
  dedup.parts.zstd = options.compress == "zst";
  if (wants("substring")) {
    if (options.index.empty()) {
      return wrong_command(
          tr("--method substring reads an index: build a corpus and an index from the same inputs "
             "and name it with --index DIR",
             "--method substring には索引が要る。同じ入力からコーパスと索引を作り、--index DIR "
             "で指定する"));
    }
    dedup.index = options.index;
  } else if (!options.index.empty()) {
    return wrong_command(
        tr("--index is for --method substring; name that method too or leave --index out",
           "--index は --method substring のためのもの。方法にも substring を加えるか、--index "
           "を外す"));
  }
  return dedup;
}

Result<void> print_summary(const Options& options, const DedupSummary& summary) {
  const double share = summary.bytes > 0 ? 100.0 * static_cast<double>(summary.kept_bytes) /
                                               static_cast<double>(summary.bytes)
                                         : 0.0;
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: {} of {} rows kept ({:.1f} % of the text); removed: {} the same, {} "
                      "nearly the same; {} rejected\n",
                      "{}: {} 件を残した（全 {} 件、本文の {:.1f} %）。除いたもの: 同文 {} "
                      "件、ほぼ同文 {} 件。却下 {} 件\n")),
      for_terminal(options.out), summary.kept, summary.rows, share, summary.removed_exact,
      summary.removed_near, summary.rejected)));
  if (summary.license_conflicts > 0) {
    YURAI_TRY(print(fmt::format(
        fmt::runtime(tr("{} removed rows state another licence than the row kept for them: see "
                        "license_conflict in {}/removals.jsonl\n",
                        "残した行とライセンスの表記が違う行を {} 件除いた: {}/removals.jsonl の "
                        "license_conflict を参照\n")),
        summary.license_conflicts, for_terminal(options.out))));
  }
  if (options.index.empty()) return {};
  return print(fmt::format(
      fmt::runtime(tr("{} repeated passages, {} bytes of the kept rows: see {}/passages.jsonl\n",
                      "繰り返された箇所 {} 件、残した行のうち {} バイト: {}/passages.jsonl "
                      "を参照\n")),
      summary.passages, summary.passage_bytes, for_terminal(options.out)));
}

/// What --resume found, for a person.
void say_resumed(const StagingDirectory& stage) {
  const auto rows = finished_rows(stage);
  if (!rows) {
    say(tr("There is nothing to go on from: beginning at the first row",
           "途中の結果がないので、最初の行から始める"));
    return;
  }
  say(fmt::format(
      fmt::runtime(tr("Going on after the signatures of {} rows, which are read again but "
                      "not computed again",
                      "署名の済んだ {} 行の続きから始める（そこまでは読み直すだけで、"
                      "計算はやり直さない）")),
      *rows));
}

/// A failure with what it left and how to go on.
Error with_way_on(Error error, const StagingDirectory& stage) {
  const bool again = error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kCorrupt;
  const auto rows = finished_rows(stage);
  if (again || !rows) return error;
  error.message += fmt::format(
      fmt::runtime(tr("; the signatures of {} rows are kept in '{}'; go on with: {}{}",
                      "; {} 行分の署名は '{}' に残してある。続きから実行するには: {}{}")),
      *rows, for_terminal(stage.path().string()), command_line(),
      command_line().find(" --resume") == std::string::npos ? " --resume" : "");
  return error;
}

/// What only the first worker does: the folder, the progress, the result.
struct FirstWorker {
  std::optional<StagingDirectory> stage;
  InputList inputs;
};

Result<FirstWorker> prepare(const Options& options, const Workers& workers) {
  const std::vector<fs::path> paths(options.inputs.begin(), options.inputs.end());
  FirstWorker first;
  YURAI_ASSIGN(first.inputs, list_inputs(paths));
  for (const InputEntry& entry : first.inputs.files) {
    if (entry.kind != InputEntry::Kind::kWarc && entry.kind != InputEntry::Kind::kParquet) continue;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "'{}' holds no lines of JSON and is no text file; make rows of it with 'yurai corpus "
            "filter' first",
            for_terminal(entry.path.string())));
  }
  if (workers.rank() != 0) return first;
  YURAI_TRY(typed(check_target(options.out, paths)));
  YURAI_ASSIGN(StagingDirectory stage,
               typed(StagingDirectory::create(options.out,
                                              {.force = options.force, .resume = options.resume})));
  if (options.resume) say_resumed(stage);
  first.stage.emplace(std::move(stage));
  std::error_code status;
  fs::create_directories(first.stage->path() / "scratch", status);
  if (status)
    return fail(io_error("create folder", first.stage->path() / "scratch", status.value()));
  return first;
}

/// Where StagingDirectory puts what is not finished: the workers meet there.
fs::path scratch_of(const std::string& out) {
  fs::path target = fs::path(out).lexically_normal();
  if (target.filename().empty()) target = target.parent_path();
  return fs::path(target.string() + ".partial") / "scratch";
}

Result<void> run_dedup(const Options& options, std::unique_ptr<Workers>& workers) {
  YURAI_ASSIGN(const DedupOptions dedup_of, dedup_options(options));
  if (options.resume && options.mpi) {
    return wrong_command(tr("--resume is for one process; with --mpi the run begins anew",
                            "--resume は 1 プロセスのときだけ使える。--mpi では最初から始める"));
  }
  YURAI_ASSIGN(workers,
               options.mpi ? mpi_workers() : Result<std::unique_ptr<Workers>>(one_worker()));
  Result<FirstWorker> first = prepare(options, *workers);
  YURAI_TRY(workers->agree(first ? Result<void>() : Result<void>(fail(first.error()))));
  ProgressBar bar;
  StagingDirectory* stage = first->stage ? &*first->stage : nullptr;
  Result<DedupSummary> done =
      dedup(first->inputs, dedup_of, stage, scratch_of(options.out), *workers,
            stage != nullptr ? bar.callback() : Progress(no_progress));
  bar.finish();
  if (!done && stage != nullptr) return fail(with_way_on(std::move(done).error(), *stage));
  YURAI_ASSIGN(const DedupSummary summary, std::move(done));
  YURAI_TRY(workers->agree(stage != nullptr ? stage->commit() : Result<void>()));
  if (stage == nullptr) return {};
  if (summary.rows == 0 && summary.rejected > 0) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format(fmt::runtime(tr("none of the {0} rows could be read: '{1}/rejects.jsonl' "
                                    "says why; where the text or another field has another "
                                    "name, give it with --map, such as --map text=content",
                                    "{0} 件の行はどれも読めなかった（理由は '{1}/rejects.jsonl'）。"
                                    "本文などの項目名が違うときは --map text=content のように"
                                    "指定する")),
                    summary.rejected, for_terminal(options.out)));
  }
  if (!first->inputs.skipped.empty()) {
    say(fmt::format(fmt::runtime(tr("{} files of another kind in the folders were left out: {}{}",
                                    "フォルダー内の対象外のファイル {} 個を除いた: {}{}")),
                    first->inputs.skipped.size(), for_terminal(first->inputs.skipped.front()),
                    first->inputs.skipped.size() > 1 ? tr(", …", "、…") : ""));
  }
  return options.json ? print_json(to_json(summary)) : print_summary(options, summary);
}

/// Of several workers the first speaks for all, and its exit status is the job's: were another
/// one's not 0, mpirun would end the first before it has spoken.
Result<void> run_as_one(const Options& options) {
  std::unique_ptr<Workers> workers;
  Result<void> done = run_dedup(options, workers);
  const bool speaks = workers == nullptr || workers->rank() == 0;
  return done || speaks || done.error().code == ErrorCode::kUnavailable ? done : Result<void>();
}

}  // namespace

void add_corpus_dedup_command(CLI::App& corpus) {
  auto options = std::make_shared<Options>();
  options->dedup.num_threads = threads_to_use(0);
  CLI::App* verb = corpus.add_subcommand(
      "dedup", tr("Take out rows that repeat others, and name the row kept for each",
                  "同文・ほぼ同文の行を除き、それぞれ残した行を示す"));
  verb->add_option("INPUT", options->inputs,
                   tr("Files (.jsonl, .ndjson, .txt; also .gz, .zst) or folders of them",
                      "ファイル（.jsonl .ndjson .txt、.gz .zst も可）またはフォルダー"))
      ->required();
  verb->add_option("--out", options->out,
                   tr("Folder for the kept rows and the ledger", "残した行と記録を置くフォルダー"))
      ->required();
  verb->add_option("--method", options->methods,
                   tr("exact, minhash, substring, with commas between",
                      "exact・minhash・substring（コンマ区切り）"))
      ->delimiter(',')
      ->check(CLI::IsMember({"exact", "minhash", "substring"}))
      ->capture_default_str();
  verb->add_option("--preset", options->preset,
                   tr("Parameters of minhash: llm-jp (character 5-grams, 20 x 10) or datatrove "
                      "(word 5-grams, 14 x 8)",
                      "minhash の設定: llm-jp（文字 5-gram、20×10）または datatrove（単語 "
                      "5-gram、14×8）"))
      ->check(CLI::IsMember({"llm-jp", "datatrove"}))
      ->capture_default_str();
  verb->add_option("--threshold", options->threshold,
                   tr("Least Jaccard index of near twins (default: 0.741; datatrove 0.719)",
                      "ほぼ同文とみなす Jaccard 係数の下限（既定 0.741、datatrove は 0.719）"))
      ->check(CLI::Range(0.0, 1.0))
      ->check(no_nan);
  verb->add_option("--index", options->index,
                   tr("For substring: an index over the corpus of the same inputs",
                      "substring 用: 同じ入力から作ったコーパスの索引"));
  verb->add_option("--min-chars", options->dedup.min_passage_chars,
                   tr("For substring: shortest repeated passage in characters",
                      "substring 用: 繰り返しとみなす最短の文字数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1u, kMaxPassageChars))
      ->capture_default_str();
  verb->add_option("--map", options->map,
                   tr("Names of fields in the input, such as text=content,id=doc_id",
                      "入力での項目名（例: text=content,id=doc_id）"))
      ->each([options](const std::string& text) {
        auto map = parse_field_map(text);
        if (!map) throw CLI::ValidationError("--map", for_terminal(map.error().message));
        options->dedup.map = std::move(*map);
      });
  verb->add_option("--part-size", options->part_size,
                   tr("Size at which a part of the output ends", "出力を分ける大きさ"))
      ->check(checked_by(parse_part_size))
      ->capture_default_str();
  verb->add_option("--compress", options->compress, tr("none or zst", "none または zst"))
      ->check(CLI::IsMember({"none", "zst"}))
      ->capture_default_str();
  verb->add_option("--shards", options->dedup.num_shards,
                   tr("Pieces of the shuffle; no number changes the result",
                      "並べ替えの分割数（結果は変わらない）"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1u, kMaxShards))
      ->capture_default_str();
  verb->add_option("--threads", options->dedup.num_threads,
                   tr("Threads; no number changes the result", "スレッド数（結果は変わらない）"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  verb->add_option("--memory", options->memory,
                   tr("Memory of the sorts; what does not fit goes to the disk",
                      "並べ替えに使うメモリー（超える分はディスクへ）"))
      ->check(checked_by(parse_bytes))
      ->capture_default_str();
  verb->add_flag("--mpi", options->mpi,
                 tr("One of the processes that mpirun or srun started; all see the same disk",
                    "mpirun・srun で起動した 1 プロセスとして働く（ディスクは共有）"));
  verb->add_flag("--force", options->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag(
      "--resume", options->resume,
      tr("Go on from what an interrupted run left", "中断した実行が残したところから続ける"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return run_as_one(*options); }); });
}

}  // namespace yurai::cli
