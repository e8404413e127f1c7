#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "yurai/curate/decisions.h"
#include "yurai/curate/whatif.h"

namespace yurai {

/// what_if for the thresholds that a histogram offers, without reading the ledger again. For each
/// step it counts the documents that no other step refuses, those whose values lie between the same
/// two neighbouring edges together: some hundred numbers a step, whatever the size of the corpus.
///
///     WhatIfIndex index(ledger.steps());
///     YURAI_TRY(ledger.for_each([&](const DecisionRow& row) { index.add(row); return true; }));
///     YURAI_ASSIGN(const auto answer, index.what_if(0, {.step = "length", .min = 256}));
///     if (!answer) …  // between two edges: what_if(ledger, question) tells
///
/// Not thread-safe while rows are added.
class WhatIfIndex {
 public:
  explicit WhatIfIndex(std::vector<LedgerStep> steps);

  void add(const DecisionRow& row);

  /// What what_if(ledger, question) answers, when each bound is an edge (a bin of the histogram
  /// begins there) or is the step's own; none otherwise. kInvalidArgument as what_if.
  Result<std::optional<WhatIf>> what_if(size_t step, const WhatIfQuestion& question) const;

 private:
  /// Documents that any bounds on edges treat alike.
  struct Cell {
    std::optional<DecisionValue> found{};  ///< of any of them; none: the step did not run
    bool others_known = true;
    bool kept = false;
    DocumentCount documents{};
  };
  struct Key {
    bool ran = false;
    bool measured = false;
    bool at_least = false;
    bool others_known = true;
    bool kept = false;
    int64_t bin = 0;
    bool on_edge = false;
    int to_min = 0;  ///< below, at or above the step's lower bound
    int to_max = 0;
    auto operator<=>(const Key&) const = default;
  };
  using Cells = std::map<Key, Cell>;

  std::vector<LedgerStep> steps_;
  std::vector<Cells> cells_;  ///< one a step
  DocumentCount all_{};
  DocumentCount kept_{};
};

}  // namespace yurai
