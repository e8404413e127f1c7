#include "yurai/curate/whatif_index.h"

#include <cmath>

#include "yurai/curate/funnel.h"

namespace yurai {
namespace {

bool is_edge(double value) {
  return histogram_bin_from(histogram_bin(std::abs(value))) == std::abs(value);
}

int compared(double value, const std::optional<double>& bound) {
  if (!bound || value == *bound) return 0;
  return value < *bound ? -1 : 1;
}

bool tells(const std::optional<double>& then, const std::optional<double>& now) {
  return !then || then == now || is_edge(*then);
}

}  // namespace

WhatIfIndex::WhatIfIndex(std::vector<LedgerStep> steps)
    : steps_(std::move(steps)), cells_(steps_.size()) {}

void WhatIfIndex::add(const DecisionRow& row) {
  const DocumentCount one{1, row.bytes};
  all_ += one;
  if (row.kept()) kept_ += one;
  std::vector<std::optional<bool>> kept(steps_.size());
  size_t num_refused = 0;
  size_t num_unknown = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    kept[i] = keeps(row.values[i], steps_[i].bounds);
    num_refused += kept[i] == false;
    num_unknown += !kept[i];
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (num_refused > static_cast<size_t>(kept[i] == false)) continue;
    const bool others_known = num_unknown == static_cast<size_t>(!kept[i]);
    const std::optional<DecisionValue>& found = row.values[i];
    Key key{.others_known = others_known, .kept = row.kept()};
    if (found) {
      key.ran = true;
      key.measured = found->value.has_value();
      key.at_least = found->at_least;
    }
    if (key.measured) {
      const double value = *found->value;
      key.bin = histogram_bin(value);
      key.on_edge = is_edge(value);
      key.to_min = compared(value, steps_[i].bounds.min);
      key.to_max = compared(value, steps_[i].bounds.max);
    }
    Cell& cell = cells_[i][key];
    if (found) cell.found = DecisionValue{.value = found->value, .at_least = found->at_least};
    cell.others_known = others_known;
    cell.kept = row.kept();
    cell.documents += one;
  }
}

Result<std::optional<WhatIf>> WhatIfIndex::what_if(size_t step,
                                                   const WhatIfQuestion& question) const {
  WhatIf answer;
  answer.step = question.step;
  answer.now = steps_[step].bounds;
  YURAI_ASSIGN(answer.then, asked_bounds(answer.now, question));
  if (!tells(answer.then.min, answer.now.min) || !tells(answer.then.max, answer.now.max)) {
    return std::optional<WhatIf>();
  }
  answer.all = all_;
  answer.kept_now = kept_;
  for (const auto& [key, cell] : cells_[step]) {
    std::optional<bool> kept = keeps(cell.found, answer.then);
    if (kept == true && !cell.others_known) kept = std::nullopt;
    count_then(answer, cell.kept, kept, cell.documents);
  }
  return std::optional<WhatIf>(answer);
}

}  // namespace yurai
