#include "yurai/curate/dropped_examples.h"

#include <tuple>

namespace yurai {

bool DroppedExamples::Before::operator()(const DecisionRow& a, const DecisionRow& b) const {
  return std::tie(a.sha256, a.input, a.line) < std::tie(b.sha256, b.input, b.line);
}

void DroppedExamples::add(const DecisionRow& row) {
  if (row.kept()) return;
  Rows& rows = rows_[*row.dropped_by];
  if (rows.size() == per_step_ && !Before()(row, *rows.rbegin())) return;
  rows.insert(row);
  if (rows.size() > per_step_) rows.erase(std::prev(rows.end()));
}

}  // namespace yurai
