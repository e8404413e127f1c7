#include "apps/yurai/cmd_corpus_label.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "apps/yurai/wrong_command.h"
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
  if (interval.is_null()) return "–";
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
  YURAI_TRY(typed(check_train_options(options.train)));
  YURAI_ASSIGN(const LabelSet labels, LabelSet::open(options.labels));
  YURAI_ASSIGN(StagingDirectory stage,
               typed(StagingDirectory::create(options.out, {.force = options.force})));
  ProgressBar bar("");
  Result<Manifest> trained = train_label_model(labels, options.train, stage, bar.callback());
  bar.finish();
  YURAI_ASSIGN(const Manifest manifest, std::move(trained));
  YURAI_TRY(stage.commit());
  const Json& facts = manifest.facts;
  const Json& unseen = facts["unseen"];
  if (unseen["found"] == 0) {
    say(
        tr("yurai: no unseen text reached the threshold: a chain that takes it would drop nothing "
           "and is refused. Choose a threshold with --precision, label more texts, or give the "
           "step a max of your own",
           "yurai: "
           "しきい値に達した未知の文書がない。このしきい値のままではチェーンは何も除けないので、"
           "読み込み時にエラーになる。--precision でしきい値を選ぶか、ラベルを増やすか、"
           "段階に max を書く"));
  }
  if (options.json) {
    return print_json({{"documents", facts["documents"]},
                       {"positive", facts["positive"]},
                       {"threshold", facts["threshold"]},
                       {"folds", options.train.folds},
                       {"validation", "cross-validation"},
                       {"unseen", unseen}});
  }
  YURAI_TRY(print(fmt::format(
      fmt::runtime(
          tr("{}: learnt from {} documents, {} of them positive\n"
             "Each document scored by a model of the other folds ({}-fold "
             "cross-validation, 95 % intervals): AUROC {}, PR-AUC {}\n"
             "At the threshold {:.6f}: {} found, precision {}, recall {}\n"
             "Calibration and threshold saw these scores; label eval learns them within "
             "each fold, so that its figures differ\n",
             "{}: 文書 {} 件（該当 {} 件）から学習した\n"
             "各文書を、ほかの分割で学習したモデルで採点した成績（{} 分割の交差検証、"
             "95 % 区間）: AUROC {}、PR-AUC {}\n"
             "しきい値 {:.6f}: {} 件が該当、適合率 {}、再現率 {}\n"
             "較正としきい値はこの採点から決めた。label eval は分割ごとに決め直すので値が違う\n")),
      for_terminal(options.out), facts["documents"].get<uint64_t>(),
      facts["positive"].get<uint64_t>(), options.train.folds, shown(unseen["auroc"]),
      shown(unseen["pr_auc"]), facts["threshold"].get<double>(), unseen["found"].get<uint64_t>(),
      unseen["precision"].is_null() ? "–" : shown(unseen["precision"]), shown(unseen["recall"]))));
  if (unseen["found"] != 0) {
    YURAI_TRY(
        print(fmt::format(fmt::runtime(tr("In a chain: max = {}\n", "チェーンでは: max = {}\n")),
                          std::nextafter(facts["threshold"].get<double>(), 0.0))));
  }
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
                              [](const Reject& reject) -> Result<void> {
                                std::string line = reject_line(reject);
                                line.pop_back();
                                say(for_terminal(line));
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
                   tr("Corpora, results of filter and dedup, or files and folders that build reads",
                      "コーパス、filter・dedup の結果、build が読むファイルやフォルダー"))
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

/// What gave the scores, for a person.
std::string scored_by(const std::string& name) {
  if (name == "classifier") return tr("classifier", "分類器");
  if (name == "prior") return tr("prior (the same score for all)", "事前確率（全文書に同じ値）");
  if (name == "length") return tr("length of the text", "本文の長さ");
  return tr("keywords", "キーワード");
}

Result<void> print_report(const LabelReport& report) {
  YURAI_TRY(print(fmt::format(
      fmt::runtime(tr("{} documents ({} different), {} positive; {}\n",
                      "文書 {} 件（異なるもの {} 件）、該当 {} 件。{}\n")),
      report.documents, report.groups, report.positive,
      report.folds == 0
          ? tr("a model that was not trained on them; 95 % intervals by bootstrap",
               "これらで学習していないモデルの成績、95 % 区間はブートストラップ")
          : fmt::format(fmt::runtime(tr(
                            "cross-validation in {} folds, grouped by text, calibration and "
                            "threshold learnt within each; 95 % intervals by bootstrap",
                            "本文でまとめた {} 分割の交差検証（較正としきい値も分割ごとに学習）、"
                            "95 % 区間はブートストラップ")),
                        report.folds))));
  const Json json = to_json(report);
  for (const Json& result : json["results"]) {
    YURAI_TRY(print(fmt::format("\n{}\n", scored_by(result["name"].get<std::string>()))));
    for (const auto& [name, label] :
         {std::pair{"auroc", std::string("AUROC")}, std::pair{"pr_auc", std::string("PR-AUC")},
          std::pair{"precision", tr("precision", "適合率")},
          std::pair{"recall", tr("recall", "再現率")},
          std::pair{"brier", tr("Brier score", "Brier スコア")},
          std::pair{"calibration_error", tr("calibration error", "較正誤差")}}) {
      YURAI_TRY(print(fmt::format("  {} {}\n", pad(label, 18), shown(result[name]))));
    }
  }
  return {};
}

Result<void> eval(EvalOptions options) {
  YURAI_TRY(typed(check_train_options(options.eval.train)));
  if (!options.model.empty() && !options.keywords.empty()) {
    return wrong_command(tr("--keywords is for cross-validation, without --model",
                            "--keywords は交差検証用。--model とは併用できない"));
  }
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
