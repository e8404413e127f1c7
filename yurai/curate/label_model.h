#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/curate/label_calibration.h"
#include "yurai/curate/label_folds.h"
#include "yurai/curate/ngram_classifier.h"
#include "yurai/record/manifest.h"

/// A classifier learnt from a user's labels, as a folder. docs/formats/label_model.md.
///
///     YURAI_ASSIGN(const LabelModel model, LabelModel::open("toxicity"));
///     const double p = model.score("…");          // 0 to 1: how probably it has the label
///     const bool yes = p >= model.threshold();
namespace yurai {

inline constexpr std::string_view kLabelModelFormat = "yurai-label-model";
inline constexpr uint64_t kLabelModelVersion = 1;

struct LabelTrainOptions {
  LabelTask task{};
  CharNgramOptions ngrams{};
  TrainingOptions training{};
  ScoreCalibration::Method calibration = ScoreCalibration::Method::kPlatt;
  uint32_t folds = 5;                 ///< for calibration and threshold
  std::optional<double> precision{};  ///< wanted at the threshold; none: the threshold is 0.5
};

/// kInvalidArgument for a value out of its range.
Result<void> check_train_options(const LabelTrainOptions& options);

/// What was learnt, before it is written or thrown away.
struct TrainedLabel {
  LinearModel linear;
  ScoreCalibration calibration;
  double threshold = 0.5;
  std::vector<double> out_of_fold;  ///< probability of each example, by a model that hadn't it
};

/// Learns from the examples that `numbers` names; `sets` are those of all `examples`.
/// ScoreCalibration and threshold come from scores of texts that the scoring model had not seen.
Result<TrainedLabel> train_label(const std::vector<LabeledExample>& examples, const NgramSets& sets,
                                 std::span<const uint32_t> numbers,
                                 const LabelTrainOptions& options);

/// The n-grams of all examples.
NgramSets read_ngrams(const std::vector<LabeledExample>& examples, const CharNgramOptions& options);

/// Learns from all labels and writes the model folder, but for the commit. Facts hold how good it
/// was on unseen texts. The same folder of labels and options give the same bytes; of the same
/// labels from other files only the lineage differs.
Result<Manifest> train_label_model(const LabelSet& labels, const LabelTrainOptions& options,
                                   StagingDirectory& stage, const Progress& progress);

/// An opened model. Immutable; const calls are thread-safe.
class LabelModel {
 public:
  static Result<LabelModel> open(const std::filesystem::path& dir);

  /// The probability that the text has the label; a text without any character gets one, too.
  double score(std::string_view text) const;
  double threshold() const { return threshold_; }
  /// Whether no text that its model had not seen reached the threshold when it was trained.
  bool finds_nothing() const;
  const Manifest& manifest() const { return manifest_; }

 private:
  Manifest manifest_;
  CharNgramOptions ngrams_;
  LinearModel linear_;
  ScoreCalibration calibration_;
  double threshold_ = 0.5;
};

}  // namespace yurai
