#pragma once

#include <optional>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/curate/label_metrics.h"
#include "yurai/curate/label_model.h"

/// How good a classifier of these labels is on texts that it has not seen.
namespace yurai {

/// One way of scoring, and how good it was.
struct LabelEvaluation {
  std::string name;
  MetricInterval auroc;
  MetricInterval pr_auc;
  MetricInterval brier;
  MetricInterval calibration_error;
  MetricInterval precision;  ///< at the threshold
  MetricInterval recall;
  LabelCounts counts;
};

struct LabelReport {
  uint64_t documents = 0;
  uint64_t groups = 0;
  uint64_t positive = 0;
  uint32_t folds = 0;                    ///< 0: a model that exists was evaluated
  std::optional<double> threshold{};     ///< none: each fold has its own, for the wanted precision
  std::vector<LabelEvaluation> results;  ///< the classifier, then what it must beat
};
Json to_json(const LabelReport& report);

struct LabelEvalOptions {
  LabelTrainOptions train{};
  std::vector<std::string> keywords{};  ///< a list of words as one more baseline; empty: none
};

/// Cross-validation in `options.train.folds` folds: within each, calibration and threshold are
/// learnt from the other folds alone. Every weight is thrown away. Beside it: the share of
/// positives for every text (prior), the text's length, and the keywords' number.
Result<LabelReport> cross_validate_labels(const LabelSet& labels, const LabelEvalOptions& options,
                                          const Progress& progress);

/// The same figures of a model that exists. kInvalidArgument when it was trained on these labels.
Result<LabelReport> evaluate_model(const LabelSet& labels, const LabelTask& task,
                                   const LabelModel& model);

/// Figures of scores that come from elsewhere, one of each example; `decided` are the scores that
/// are compared with 0.5 in place of a threshold: precision and recall are theirs.
LabelEvaluation evaluate_scores(std::string name, const std::vector<LabeledExample>& examples,
                                const std::vector<double>& scores,
                                const std::vector<bool>& decided);

}  // namespace yurai
