#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/curate/decisions.h"

/// What would remain with other bounds, from the ledger alone.
///
///     YURAI_ASSIGN(const WhatIf answer, what_if(ledger, {.step = "zlib_ratio", .threshold =
///     0.35}));
namespace yurai {

struct WhatIfQuestion {
  std::string step{};
  std::optional<double> threshold{};  ///< the step's only bound, or of two the nearer one
  std::optional<double> min{};
  std::optional<double> max{};
};

struct DocumentCount {
  uint64_t documents = 0;
  uint64_t bytes = 0;  ///< of text, as it was read
  bool operator==(const DocumentCount&) const = default;
  DocumentCount& operator+=(const DocumentCount& other) {
    documents += other.documents;
    bytes += other.bytes;
    return *this;
  }
};
Json to_json(const DocumentCount& count);

/// Exact for every document but the undetermined ones: dropped before the number was measured to
/// the end, and not dropped by anything that is known.
struct WhatIf {
  std::string step{};
  Bounds now{};
  Bounds then{};
  DocumentCount all{};
  DocumentCount kept_now{};
  DocumentCount kept_then{};
  DocumentCount gained{};  ///< kept then, not now
  DocumentCount lost{};    ///< kept now, not then
  DocumentCount undetermined{};
};

/// Reads the whole ledger. kCancelled when `stop` asks for it.
Result<WhatIf> what_if(const DecisionLedger& ledger, const WhatIfQuestion& question,
                       const Progress& progress = no_progress, const std::stop_token& stop = {});

/// The bounds that a question asks for. kInvalidArgument when they are those of the step, when
/// there is none, and when both are asked for and the minimum is above the maximum.
Result<Bounds> asked_bounds(const Bounds& now, const WhatIfQuestion& question);

/// Whether a step with these bounds keeps a document; none: the ledger cannot tell. `found`: what
/// it measured; none: it did not run.
std::optional<bool> keeps(const std::optional<DecisionValue>& found, const Bounds& bounds);

/// Counts documents under what becomes of them; not in `all` and `kept_now`.
void count_then(WhatIf& answer, bool kept_now, const std::optional<bool>& kept_then,
                const DocumentCount& documents);

/// Whether the document stays when step `step` has other bounds; none: the ledger cannot tell.
std::optional<bool> kept_with(const DecisionRow& row, const std::vector<LedgerStep>& steps,
                              size_t step, const Bounds& bounds);

Json to_json(const WhatIf& answer);

}  // namespace yurai
