#include "yurai/curate/label_eval.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <set>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

std::vector<uint32_t> all_numbers(const std::vector<LabeledExample>& examples) {
  std::vector<uint32_t> numbers(examples.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  return numbers;
}

/// A score that needs no learning, made a probability by Platt's method on the other folds.
Result<LabelEvaluation> evaluate_baseline(std::string name,
                                          const std::vector<LabeledExample>& examples,
                                          uint32_t folds, const std::vector<double>& raw) {
  const std::vector<uint32_t> numbers = all_numbers(examples);
  const auto train = [&](std::span<const uint32_t> some) -> Result<FoldScorer> {
    std::vector<ScoredLabel> margins;
    for (const uint32_t i : some) margins.push_back({raw[i], examples[i].positive});
    // Whether more means yes or no is learnt, too.
    std::vector<ScoredLabel> negated = margins;
    for (ScoredLabel& x : negated) x.score = -x.score;
    const double direction = auroc(margins) >= 0.5 ? 1 : -1;
    const ScoreCalibration calibration = ScoreCalibration::platt(direction > 0 ? margins : negated);
    return [calibration, direction, &raw](uint32_t i) {
      return calibration.probability(direction * raw[i]);
    };
  };
  YURAI_ASSIGN(const std::vector<double> scores, cross_validate(examples, numbers, folds, train));
  std::vector<bool> decided;
  for (const double score : scores) decided.push_back(score >= 0.5);
  return evaluate_scores(std::move(name), examples, scores, decided);
}

std::vector<double> keyword_counts(const std::vector<LabeledExample>& examples,
                                   const std::vector<std::string>& keywords) {
  std::vector<std::string> folded;
  for (const std::string& keyword : keywords) folded.push_back(classified_form(keyword));
  std::vector<double> counts;
  for (const LabeledExample& example : examples) {
    const std::string text = classified_form(example.text);
    double count = 0;
    for (const std::string& word : folded) {
      if (!word.empty()) count += text.find(word) != text.npos;
    }
    counts.push_back(count);
  }
  return counts;
}

LabelReport describe(const std::vector<LabeledExample>& examples) {
  LabelReport report;
  report.documents = examples.size();
  std::set<uint64_t> groups;
  for (const LabeledExample& example : examples) {
    groups.insert(example.group);
    report.positive += example.positive;
  }
  report.groups = groups.size();
  return report;
}

Json to_json(const LabelEvaluation& result) {
  return {{"name", result.name},
          {"auroc", to_json(result.auroc)},
          {"pr_auc", to_json(result.pr_auc)},
          {"brier", to_json(result.brier)},
          {"calibration_error", to_json(result.calibration_error)},
          {"precision", to_json(result.precision)},
          {"recall", to_json(result.recall)},
          {"true_positive", result.counts.true_positive},
          {"false_positive", result.counts.false_positive},
          {"false_negative", result.counts.false_negative},
          {"true_negative", result.counts.true_negative}};
}

}  // namespace

Json to_json(const LabelReport& report) {
  Json results = Json::array();
  for (const LabelEvaluation& result : report.results) results.push_back(to_json(result));
  return {{"documents", report.documents},
          {"groups", report.groups},
          {"positive", report.positive},
          {"folds", report.folds},
          {"validation", report.folds > 0 ? "nested cross-validation" : "labels not trained on"},
          {"threshold", or_null(report.threshold)},
          {"results", std::move(results)}};
}

LabelEvaluation evaluate_scores(std::string name, const std::vector<LabeledExample>& examples,
                                const std::vector<double>& scores,
                                const std::vector<bool>& decided) {
  std::vector<ScoredLabel> scored;
  std::vector<ScoredLabel> found;
  std::vector<uint64_t> groups;
  for (size_t i = 0; i < examples.size(); ++i) {
    scored.push_back({scores[i], examples[i].positive});
    found.push_back({decided[i] ? 1.0 : 0.0, examples[i].positive});
    groups.push_back(examples[i].group);
  }
  const auto at_threshold = [](std::span<const ScoredLabel> some) { return count_at(some, 0.5); };
  LabelEvaluation out;
  out.name = std::move(name);
  out.auroc = bootstrap(scored, groups, auroc);
  out.pr_auc = bootstrap(scored, groups, average_precision);
  out.brier = bootstrap(scored, groups, brier);
  out.calibration_error = bootstrap(scored, groups, calibration_error);
  out.precision =
      bootstrap(found, groups, [&](auto some) { return at_threshold(some).precision(); });
  out.recall = bootstrap(found, groups, [&](auto some) { return at_threshold(some).recall(); });
  out.counts = at_threshold(found);
  return out;
}

Result<LabelReport> cross_validate_labels(const LabelSet& labels, const LabelEvalOptions& options,
                                          const Progress& progress) {
  const LabelTrainOptions& train = options.train;
  YURAI_TRY(check_train_options(train));
  YURAI_ASSIGN(const std::vector<LabeledExample> examples, to_examples(labels, train.task));
  const NgramSets sets = read_ngrams(examples, train.ngrams);
  const std::vector<uint32_t> numbers = all_numbers(examples);
  LabelReport report = describe(examples);
  report.folds = train.folds;
  if (!train.precision) report.threshold = 0.5;

  std::vector<bool> decided(examples.size());
  uint64_t num_trained = 0;
  const auto fold = [&](std::span<const uint32_t> some) -> Result<FoldScorer> {
    progress("folds", num_trained++, train.folds);
    YURAI_ASSIGN(TrainedLabel trained, train_label(examples, sets, some, train));
    auto model = std::make_shared<TrainedLabel>(std::move(trained));
    return [model, &sets, &decided](uint32_t i) {
      const double score = model->calibration.probability(model->linear.margin(sets[i]));
      decided[i] = score >= model->threshold;
      return score;
    };
  };
  YURAI_ASSIGN(const std::vector<double> scores,
               cross_validate(examples, numbers, train.folds, fold));
  report.results.push_back(evaluate_scores("classifier", examples, scores, decided));

  std::vector<double> lengths;
  for (const LabeledExample& example : examples) {
    lengths.push_back(std::log1p(static_cast<double>(count_chars(example.text))));
  }
  const double share = static_cast<double>(report.positive) / static_cast<double>(report.documents);
  LabelEvaluation prior =
      evaluate_scores("prior", examples, std::vector<double>(examples.size(), share),
                      std::vector<bool>(examples.size(), share >= 0.5));
  YURAI_ASSIGN(LabelEvaluation length, evaluate_baseline("length", examples, train.folds, lengths));
  report.results.push_back(std::move(prior));
  report.results.push_back(std::move(length));
  if (!options.keywords.empty()) {
    YURAI_ASSIGN(LabelEvaluation keywords,
                 evaluate_baseline("keywords", examples, train.folds,
                                   keyword_counts(examples, options.keywords)));
    report.results.push_back(std::move(keywords));
  }
  return report;
}

Result<LabelReport> evaluate_model(const LabelSet& labels, const LabelTask& task,
                                   const LabelModel& model) {
  for (const ManifestFile& input : model.manifest().inputs) {
    if (input.sha256 == labels.file().sha256) {
      return fail(ErrorCode::kInvalidArgument,
                  "the model was trained on these labels, so they can't tell how good it is; "
                  "evaluate without --model to cross-validate, or with other labels");
    }
  }
  YURAI_ASSIGN(const std::vector<LabeledExample> examples, to_examples(labels, task));
  LabelReport report = describe(examples);
  report.threshold = model.threshold();
  std::vector<double> scores;
  std::vector<bool> decided;
  for (const LabeledExample& example : examples) {
    scores.push_back(model.score(example.text));
    decided.push_back(scores.back() >= model.threshold());
  }
  report.results.push_back(evaluate_scores("classifier", examples, scores, decided));
  return report;
}

}  // namespace yurai
