#pragma once

#include <set>
#include <vector>

#include "yurai/curate/decisions.h"

namespace yurai {

/// Of the documents that each step dropped, those with the smallest hashes: a fair draw that no
/// order and no number of threads changes. Not thread-safe while rows are added.
class DroppedExamples {
 public:
  struct Before {
    bool operator()(const DecisionRow& a, const DecisionRow& b) const;
  };
  using Rows = std::set<DecisionRow, Before>;

  DroppedExamples(size_t num_steps, size_t per_step) : per_step_(per_step), rows_(num_steps) {}

  void add(const DecisionRow& row);
  /// Smallest hash first.
  const Rows& of(size_t step) const { return rows_[step]; }

 private:
  size_t per_step_;
  std::vector<Rows> rows_;
};

}  // namespace yurai
