#include "apps/yurai/cmd_corpus_label.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/curate/label_eval.h"
#include "yurai/curate/label_model.h"
#include "yurai/curate/label_score.h"

namespace yurai::cli {
namespace {

namespace fs = std::filesystem;

/// The options that train and eval share.
void add_training_options(CLI::App& verb, LabelTrainOptions& options) {
  verb.add_option(
          "--positive", options.task.positive,
          tr("Labels that mean yes, with commas between", "「該当」とするラベル（コンマ区切り）"))
      ->delimiter(',')
      ->capture_default_str();
  verb.add_option("--min-share", options.task.min_share,
                  tr("Share of a document's labels that must mean yes",
                     "文書のラベルのうち「該当」が占めるべき割合"))
      ->capture_default_str();
  verb.add_option_function<double>(
      "--precision", [&options](const double& value) { options.precision = value; },
      tr("Choose the threshold for this precision (default: the threshold is 0.5)",
         "この適合率になるしきい値を選ぶ（既定: しきい値 0.5）"));
  verb.add_option_function<std::string>(
      "--calibration",
      [&options](const std::string& name) {
        const auto method = parse_calibration_method(name);
        if (!method) throw CLI::ValidationError("--calibration", method.error().message);
        options.calibration = *method;
      },
      tr("platt (default) or isotonic", "platt（既定）か isotonic"));
  verb.add_option("--folds", options.folds, tr("Folds of cross-validation", "交差検証の分割数"))
      ->check(checked_by(parse_count))
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  verb.add_option("--max-chars", options.ngrams.max_chars,
                  tr("Longest n-gram, in characters", "n-gram の最大文字数"))
      ->capture_default_str();
  verb.add_option("--bits", options.ngrams.bits, tr("2^BITS weights", "重みの数は 2 の BITS 乗"))
      ->capture_default_str();
  verb.add_option("--cost", options.training.cost,
                  tr("What an error costs: more fits the labels closer",
                     "誤りの重さ（大きいほどラベルに合わせる）"))
      ->capture_default_str();
}

std::string shown(const Json& interval) {
  return fmt::format("{:.3f} ({:.3f} – {:.3f})", interval["value"].get<double>(),
                     interval["low"].get<double>(), interval["high"].get<double>());
}

// ---- train ----

struct TrainOptions {
  std::string out;
  std::string labels;
  LabelTrainOptions train;
  bool force = false;
  bool json = false;
};

Result<void> train(const TrainOptions& options) {
  YURAI_ASSIGN(const LabelSet labels, LabelSet::open(options.labels));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(options.out, {.force = options.force}));
  ProgressBar bar("");
  Result<Manifest> trained = train_label_model(labels, options.train, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(trained));
  YURAI_TRY(stage.commit());
  const Json& facts = manifest.facts;
  if (options.json) {
    return print_json({{"documents", facts["documents"]},
                       {"positive", facts["positive"]},
                       {"threshold", facts["threshold"]},
                       {"unseen", facts["unseen"]}});
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{}: learnt from {} documents, {} of them positive\n"
                      "On documents that it had not seen (95 % intervals): AUROC {}, PR-AUC {}\n"
                      "At the threshold {:.6f}: precision {:.3f}, recall {:.3f}\n"
                      "In a chain: max = {}\n",
                      "{}: 文書 {} 件（該当 {} 件）から学習した\n"
                      "学習に使わない文書での成績（95 % 区間）: AUROC {}、PR-AUC {}\n"
                      "しきい値 {:.6f}: 適合率 {:.3f}、再現率 {:.3f}\n"
                      "チェーンでは: max = {}\n")),
      for_terminal(options.out), facts["documents"].get<uint64_t>(),
      facts["positive"].get<uint64_t>(), shown(facts["unseen"]["auroc"]),
      shown(facts["unseen"]["pr_auc"]), facts["threshold"].get<double>(),
      facts["unseen"]["precision"].get<double>(), facts["unseen"]["recall"].get<double>(),
      std::nextafter(facts["threshold"].get<double>(), 0.0))));
  return print(fmt::format(fmt::runtime(tr("Next: yurai corpus label score {} INPUT...\n",
                                           "次は: yurai corpus label score {} INPUT...\n")),
                           for_terminal(options.out)));
}

void add_train(CLI::App& label) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* verb = label.add_subcommand("train", tr("A classifier of documents from your labels",
                                                    "ラベルから文書の分類器を学習する"));
  verb->add_option("OUT", options->out, tr("Folder of the new model", "新しいモデルのフォルダー"))
      ->required();
  verb->add_option("LABELS", options->labels,
                   tr("Folder of labels, from import", "ラベルのフォルダー（import で作る）"))
      ->required();
  add_training_options(*verb, options->train);
  verb->add_flag("--force", options->force,
                 tr("Replace OUT if it exists", "OUT があれば置き換える"));
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return train(*options); }); });
}

// ---- score ----

struct ScoreOptions {
  std::string model;
  std::vector<std::string> inputs;
  ReadOptions read;
};

Result<void> score(const ScoreOptions& options) {
  YURAI_ASSIGN(const LabelModel model, LabelModel::open(options.model));
  const std::vector<fs::path> inputs(options.inputs.begin(), options.inputs.end());
  ProgressBar bar;
  const LabelScoreSinks sinks{[](const LabelScore& found) { return print_json(to_json(found)); },
                              [](const LabelReject& reject) -> Result<void> {
                                say(for_terminal(dump_json(to_json(reject))));
                                return {};
                              }};
  auto scored = score_documents(model, inputs, options.read, sinks, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const LabelScoreSummary summary, std::move(scored));
  say(fmt::format(
      fmt::runtime(tr("{} documents scored, {} at or above {:.6f}; {} could not be read",
                      "文書 {} 件を採点、{} 件が {:.6f} 以上。読めなかったもの {} 件")),
      summary.documents, summary.positive, model.threshold(), summary.rejected));
  return {};
}

void add_score(CLI::App& label) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* verb = label.add_subcommand(
      "score", tr("A line of JSON a document: id, sha256, score, positive",
                  "文書ごとに 1 行の JSON（id、sha256、score、positive）を出力する"));
  verb->add_option("MODEL", options->model, tr("Folder of the model", "モデルのフォルダー"))
      ->required();
  verb->add_option("INPUT", options->inputs,
                   tr("Corpora, files or folders, as corpus build reads them",
                      "コーパス、または corpus build が読むファイルやフォルダー"))
      ->required();
  verb->add_option_function<std::string>(
      "--map",
      [options](const std::string& text) {
        auto map = parse_field_map(text);
        if (!map) throw CLI::ValidationError("--map", for_terminal(map.error().message));
        options->read.map = std::move(*map);
      },
      tr("Names of fields in the input, such as text=content",
         "入力での項目名（例: text=content）"));
  verb->callback([options] { run([&] { return score(*options); }); });
}

// ---- eval ----

struct EvalOptions {
  std::string labels;
  std::string model;
  std::string keywords;
  LabelEvalOptions eval;
  bool json = false;
};

Result<std::vector<std::string>> read_words(const fs::path& file) {
  YURAI_ASSIGN(const std::string bytes, read_file(file));
  std::vector<std::string> words;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string word = bytes.substr(begin, end - begin);
    while (!word.empty() && (word.back() == '\r' || word.back() == ' ')) word.pop_back();
    if (!word.empty()) words.push_back(std::move(word));
    begin = end + 1;
  }
  return words;
}

Result<void> print_report(const LabelReport& report) {
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{} documents ({} different), {} positive; {}\n",
                      "文書 {} 件（異なるもの {} 件）、該当 {} 件。{}\n")),
      report.documents, report.groups, report.positive,
      report.folds == 0
          ? tr("a model that exists", "既存のモデル")
          : fmt::format(
                fmt::runtime(tr("cross-validation in {} folds, grouped by text; 95 % "
                                "intervals by bootstrap",
                                "本文でまとめた {} 分割の交差検証、95 % 区間はブートストラップ")),
                report.folds))));
  const Json json = to_json(report);
  for (const Json& result : json["results"]) {
    YURAI_TRY(print(fmt::format("\n{}\n", result["name"].get<std::string>())));
    for (const char* name :
         {"auroc", "pr_auc", "precision", "recall", "brier", "calibration_error"}) {
      YURAI_TRY(print(fmt::format("  {:<18} {}\n", name, shown(result[name]))));
    }
  }
  return {};
}

Result<void> eval(EvalOptions options) {
  YURAI_ASSIGN(const LabelSet labels, LabelSet::open(options.labels));
  ProgressBar bar("");
  Result<LabelReport> evaluated = [&]() -> Result<LabelReport> {
    if (!options.model.empty()) {
      YURAI_ASSIGN(const LabelModel model, LabelModel::open(options.model));
      return evaluate_model(labels, options.eval.train.task, model);
    }
    if (!options.keywords.empty()) {
      YURAI_ASSIGN(options.eval.keywords, read_words(options.keywords));
    }
    return cross_validate_labels(labels, options.eval, bar.callback());
  }();
  bar.finish();
  YURAI_ASSIGN(const LabelReport report, std::move(evaluated));
  return options.json ? print_json(to_json(report)) : print_report(report);
}

void add_eval(CLI::App& label) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* verb = label.add_subcommand(
      "eval", tr("How good a classifier of these labels is on unseen documents",
                 "これらのラベルの分類器が、学習に使わない文書でどれだけ当たるか"));
  verb->add_option("LABELS", options->labels, tr("Folder of labels", "ラベルのフォルダー"))
      ->required();
  verb->add_option("--model", options->model,
                   tr("Evaluate this model, which has not seen the labels, instead of "
                      "cross-validating",
                      "交差検証の代わりに、このラベルで学習していないモデルを評価する"));
  verb->add_option("--keywords", options->keywords,
                   tr("A word a line: how many of them stand in a text, as one more baseline",
                      "1 行 1 語のファイル。含まれる語の数を比較対象に加える"));
  add_training_options(*verb, options->eval.train);
  verb->add_flag("--json", options->json,
                 tr("Print one line of JSON", "結果を 1 行の JSON で出力する"));
  verb->callback([options] { run([&] { return eval(*options); }); });
}

}  // namespace

void add_corpus_label_commands(CLI::App& corpus) {
  CLI::App* label = corpus.add_subcommand(
      "label", tr("Labels of documents, and classifiers learnt from them (toxicity, say)",
                  "文書のラベルと、そこから学習する分類器（有害さなど）"));
  label->require_subcommand(1);
  add_corpus_label_file_commands(*label);
  add_train(*label);
  add_score(*label);
  add_eval(*label);
}

}  // namespace yurai::cli
