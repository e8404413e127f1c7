#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/whatif.h"
#include "yurai/curate/whatif_index.h"

namespace yurai {

/// A decision ledger for a server: read once, front to back, then answered from memory. It keeps
/// some hundred numbers a step, the groups by licence and a draw of the dropped documents, whatever
/// the size of the corpus.
///
///     YURAI_ASSIGN(const DecisionView view, DecisionView::open("filtered"));
///     const Json& funnel = view.overview()["steps"];
///     YURAI_ASSIGN(const WhatIf answer, view.what_if({.step = "length", .min = 256}));
///
/// Thread-safe.
class DecisionView {
 public:
  /// `dir`: the OUT of `yurai corpus filter`. A row or file that is not as it was written is
  /// kCorrupt, naming it.
  static Result<DecisionView> open(const std::filesystem::path& dir);

  const DecisionLedger& ledger() const { return ledger_; }

  /// The chain, what each step did, licences before and after: docs/api/openapi.json, `Decisions`.
  const Json& overview() const { return overview_; }

  /// What what_if(ledger(), question) answers. Reads the ledger again only for a bound that lies
  /// between two edges of the histogram.
  Result<WhatIf> what_if(const WhatIfQuestion& question, const std::stop_token& stop = {}) const;

  /// Documents that the step dropped, smallest hash first.
  const std::vector<DecisionRow>& examples(size_t step) const { return examples_[step]; }
  /// How many there are in all.
  uint64_t num_dropped(size_t step) const { return num_dropped_[step]; }
  /// One of them: docs/api/openapi.json, `DroppedDocument`.
  Json example_json(const DecisionRow& row) const;

 private:
  DecisionView(DecisionLedger ledger, WhatIfIndex index)
      : ledger_(std::move(ledger)), index_(std::move(index)) {}

  DecisionLedger ledger_;
  WhatIfIndex index_;
  Json overview_;
  std::vector<std::vector<DecisionRow>> examples_;  ///< one a step
  std::vector<uint64_t> num_dropped_;               ///< one a step
};

}  // namespace yurai
