#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/curate/label_set.h"

/// Labels as a yes-or-no question, and its texts in folds.
namespace yurai {

/// What counts as yes: at least `min_share` of a document's labels are among `positive`.
struct LabelTask {
  std::vector<std::string> positive = {"toxic"};
  double min_share = 0.5;
};

struct LabeledExample {
  std::string sha256;
  std::string text;
  bool positive = false;
  uint64_t group = 0;  ///< texts that differ only in case, width, spaces or digits have the same
};

/// One example a document, ascending by hash. kInvalidArgument for documents without a text, and
/// when all or none are positive (the message lists the labels).
Result<std::vector<LabeledExample>> to_examples(const LabelSet& labels, const LabelTask& task);

/// Which fold each of `numbers` (into `examples`) is in. Texts of a group lie in one fold, and each
/// fold has its share of the positive groups. Depends on the texts alone, not on their order.
/// kInvalidArgument when there are less than `num_folds` positive or negative groups.
Result<std::vector<uint32_t>> assign_folds(const std::vector<LabeledExample>& examples,
                                           std::span<const uint32_t> numbers, uint32_t num_folds);

/// Scores an example (by number) that it was not trained on.
using FoldScorer = std::function<double(uint32_t number)>;
/// Learns from the examples that `numbers` names.
using FoldTrainer = std::function<Result<FoldScorer>(std::span<const uint32_t> numbers)>;

/// For each of `numbers` the score of a scorer that was trained on all other folds.
Result<std::vector<double>> cross_validate(const std::vector<LabeledExample>& examples,
                                           std::span<const uint32_t> numbers, uint32_t num_folds,
                                           const FoldTrainer& train);

}  // namespace yurai
