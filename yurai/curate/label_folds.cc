#include "yurai/curate/label_folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/ngram_classifier.h"

namespace yurai {
namespace {

uint64_t group_of(std::string_view text) {
  std::string key;
  for (const char c : classified_form(text)) {
    if (c == ' ') continue;
    key += c >= '0' && c <= '9' ? '0' : c;
  }
  return xxh3(key);
}

}  // namespace

Result<std::vector<LabeledExample>> to_examples(const LabelSet& labels, const LabelTask& task) {
  std::vector<LabeledExample> examples;
  uint64_t without_text = 0;
  uint64_t num_positive = 0;
  for (LabeledText& labeled : labels.texts()) {
    uint64_t yes = 0;
    uint64_t all = 0;
    for (const auto& [label, count] : labeled.labels) {
      all += count;
      const bool positive =
          std::find(task.positive.begin(), task.positive.end(), label) != task.positive.end();
      if (positive) yes += count;
    }
    without_text += labeled.text.empty();
    const bool positive =
        yes > 0 && static_cast<double>(yes) >= task.min_share * static_cast<double>(all);
    num_positive += positive;
    const uint64_t group = group_of(labeled.text);
    examples.push_back({std::move(labeled.sha256), std::move(labeled.text), positive, group});
  }
  if (without_text > 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} documents have labels but no text; import the labels with --corpus "
                            "DIR, the corpus that holds them",
                            without_text));
  }
  if (num_positive == 0 || num_positive == examples.size()) {
    std::string found;
    for (const auto& [label, count] : labels.label_counts()) {
      if (found.size() < 500)
        found += fmt::format("{}'{}' ({})", found.empty() ? "" : ", ", label, count);
    }
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} of {} documents are positive; a classifier needs both kinds. The "
                    "labels are {}; --positive says which of them mean yes",
                    num_positive, examples.size(), found.empty() ? "none" : for_terminal(found)));
  }
  return examples;
}

Result<std::vector<uint32_t>> assign_folds(const std::vector<LabeledExample>& examples,
                                           std::span<const uint32_t> numbers, uint32_t num_folds) {
  std::map<uint64_t, bool> positive_groups;  // by hash: in an order that says nothing of the texts
  for (const uint32_t number : numbers) {
    positive_groups[examples[number].group] |= examples[number].positive;
  }
  std::map<uint64_t, uint32_t> folds;
  uint32_t num_positive = 0;
  uint32_t num_negative = 0;
  for (const auto& [group, positive] : positive_groups) {
    folds[group] = (positive ? num_positive++ : num_negative++) % num_folds;
  }
  if (num_folds < 2 || num_positive < num_folds || num_negative < num_folds) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} folds need as many positive and as many negative texts (at least "
                            "2); there are {} and {}",
                            num_folds, num_positive, num_negative));
  }
  std::vector<uint32_t> out;
  for (const uint32_t number : numbers) out.push_back(folds.at(examples[number].group));
  return out;
}

Result<std::vector<double>> cross_validate(const std::vector<LabeledExample>& examples,
                                           std::span<const uint32_t> numbers, uint32_t num_folds,
                                           const FoldTrainer& train) {
  YURAI_ASSIGN(const std::vector<uint32_t> folds, assign_folds(examples, numbers, num_folds));
  std::vector<double> scores(numbers.size());
  for (uint32_t fold = 0; fold < num_folds; ++fold) {
    std::vector<uint32_t> rest;
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (folds[i] != fold) rest.push_back(numbers[i]);
    }
    YURAI_ASSIGN(const FoldScorer score, train(rest));
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (folds[i] == fold) scores[i] = score(numbers[i]);
    }
  }
  return scores;
}

}  // namespace yurai
