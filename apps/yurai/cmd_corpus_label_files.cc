#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/cmd_corpus_label.h"
#include "apps/yurai/wrong_command.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/label_agreement.h"
#include "yurai/curate/label_set.h"

namespace yurai::cli {
namespace {

struct ImportOptions {
  std::string out;
  std::vector<std::string> inputs;
  std::string corpus;
  LabelImportOptions import;
  bool force = false;
  bool json = false;
};

Result<void> import_files(const ImportOptions& options) {
  const std::vector<std::filesystem::path> files(options.inputs.begin(), options.inputs.end());
  LabelImportOptions import = options.import;
  import.corpus = options.corpus;
  YURAI_ASSIGN(StagingDirectory stage,
               typed(StagingDirectory::create(options.out, {.force = options.force})));
  ProgressBar bar;
  Result<LabelSummary> done = import_labels(files, import, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const LabelSummary summary, std::move(done));
  YURAI_TRY(stage.commit());
  if (summary.rejected > 0) {
    say(fmt::format(fmt::runtime(tr("{} rows are no labels: see {}/rejects.jsonl",
                                    "{} 行はラベルとして読めなかった: {}/rejects.jsonl を参照")),
                    summary.rejected, for_terminal(options.out)));
  }
  if (summary.without_text > 0) {
    say(fmt::format(fmt::runtime(tr("{} rows have no text; --corpus DIR gives it to them",
                                    "{} 行には本文がない。--corpus DIR で補える")),
                    summary.without_text));
  }
  if (options.json) return print_json(to_json(summary));
  return print(fmt::format(
      fmt::runtime(tr("{}: {} labels of {} documents; {} said again, {} contradict themselves\n"
                      "Next: yurai corpus label train MODEL {}\n",
                      "{}: ラベル {} 件、文書 {} 件。重複 {} 件、同じ人の矛盾 {} 件\n"
                      "次は: yurai corpus label train MODEL {}\n")),
      for_terminal(options.out), summary.labels, summary.documents, summary.duplicates,
      summary.conflicts, for_terminal(options.out)));
}

void add_import(CLI::App& label) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* verb = label.add_subcommand(
      "import", tr("A folder of labels from CSV and JSONL, keyed by the hash of the text",
                   "CSV・JSONL のラベルを、本文のハッシュを鍵にしてフォルダーにまとめる"));
  verb->add_option("OUT", options->out, tr("Folder of the labels", "ラベルのフォルダー"))
      ->required();
  verb->add_option("INPUT", options->inputs,
                   tr("Files (.csv, .jsonl, .ndjson; also .gz, .zst)",
                      "ファイル（.csv .jsonl .ndjson、.gz .zst も可）"))
      ->required();
  verb->add_option_function<std::string>(
      "--map",
      [options](const std::string& text) {
        auto map = parse_label_map(text);
        if (!map) throw CLI::ValidationError("--map", for_terminal(map.error().message));
        options->import.map = std::move(*map);
      },
      tr("Names in the input, such as text=content,label=toxic (sha256, annotator, label, text)",
         "入力での項目名（例: text=content,label=toxic。sha256 annotator label text）"));
  verb->add_option("--votes", options->import.votes,
                   tr("Columns that count votes, with commas between: each vote becomes a label",
                      "票数の列（コンマ区切り）。1 票が 1 つのラベルになる"))
      ->delimiter(',');
  verb->add_option("--corpus", options->corpus,
                   tr("A corpus that gives rows with only a hash their text",
                      "ハッシュだけの行に本文を与えるコーパス"));
  verb->add_flag("--force", options->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return import_files(*options); }); });
}

struct ExportOptions {
  std::string dir;
  std::string file;
  bool force = false;
};

Result<void> export_file(const ExportOptions& options) {
  YURAI_ASSIGN(const LabelSet labels, LabelSet::open(options.dir));
  return export_labels(labels, options.file, {.force = options.force});
}

void add_export(CLI::App& label) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb =
      label.add_subcommand("export", tr("Labels as one file", "ラベルを 1 つのファイルに書き出す"));
  verb->add_option("DIR", options->dir, tr("Folder of the labels", "ラベルのフォルダー"))
      ->required();
  verb->add_option("FILE", options->file, tr(".csv or .jsonl", ".csv か .jsonl"))
      ->required()
      ->check(checked_by(check_label_file_name));
  verb->add_flag("--force", options->force,
                 tr("Replace FILE if it exists", "FILE があれば置き換える"));
  verb->callback([options] { run([&] { return export_file(*options); }); });
}

struct AgreementOptions {
  std::string dir;
  std::vector<std::string> order;
  bool json = false;
};

Result<void> agreement(const AgreementOptions& options) {
  YURAI_ASSIGN(const LabelSet labels, LabelSet::open(options.dir));
  std::vector<std::string> order = options.order;
  if (order.empty()) {
    for (const auto& [label, count] : labels.label_counts()) order.push_back(label);
  }
  YURAI_ASSIGN(const std::vector<UnitLabels> units, typed(to_units(labels, order)));
  YURAI_ASSIGN(const Agreement nominal, krippendorff_alpha(units, LabelScale::kNominal));
  YURAI_ASSIGN(const Agreement ordinal, krippendorff_alpha(units, LabelScale::kOrdinal));
  if (options.json) {
    const auto alpha = [](const Agreement& found) {
      return Json{{"alpha", found.alpha}, {"low", found.low}, {"high", found.high}};
    };
    return print_json({{"documents", nominal.units},
                       {"labels", nominal.labels},
                       {"order", order},
                       {"nominal", alpha(nominal)},
                       {"ordinal", alpha(ordinal)}});
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{} documents with two or more labels, {} labels ({})\n",
                      "2 つ以上のラベルがある文書 {} 件、ラベル {} 件（{}）\n")),
      nominal.units, nominal.labels, for_terminal(fmt::format("{}", fmt::join(order, " < "))))));
  for (const auto& [name, found] :
       {std::pair{tr("nominal", "名義"), nominal}, std::pair{tr("ordinal", "順序"), ordinal}}) {
    YURAI_TRY(print(fmt::format(
        fmt::runtime(tr("Krippendorff's alpha, {}: {:.3f} (95 % interval {:.3f} – {:.3f})\n",
                        "Krippendorff の α（{}）: {:.3f}（95 % 区間 {:.3f} – {:.3f}）\n")),
        name, found.alpha, found.low, found.high)));
  }
  return {};
}

void add_agreement(CLI::App& label) {
  auto options = std::make_shared<AgreementOptions>();
  CLI::App* verb =
      label.add_subcommand("agreement", tr("How far annotators agree (Krippendorff's alpha)",
                                           "付与者どうしの一致度（Krippendorff の α）"));
  verb->add_option("DIR", options->dir, tr("Folder of the labels", "ラベルのフォルダー"))
      ->required();
  verb->add_option("--order", options->order,
                   tr("All labels from lowest to highest, with commas between (for the ordinal "
                      "alpha; default: by their bytes)",
                      "すべてのラベルを低い順に（コンマ区切り。順序 α に使う。既定はバイト順）"))
      ->delimiter(',');
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return agreement(*options); }); });
}

}  // namespace

void add_corpus_label_file_commands(CLI::App& label) {
  add_import(label);
  add_export(label);
  add_agreement(label);
}

}  // namespace yurai::cli
