#pragma once

#include <filesystem>

#include "yurai/base/json.h"
#include "yurai/base/result.h"
#include "yurai/testbed/trained_run.h"

namespace yurai {

/// At most so many lines of a run's metrics are shown.
inline constexpr size_t kMaxShownMetrics = 1000;

/// What a run is and how it went: {run, model, lineage, ledger, metrics} of GET /v1/runs. `model`
/// is of the newest checkpoint, null before the first. Holds no paths of this machine.
Result<Json> facts_json(const TrainedRun& run);
/// The same of a run's folder, also of one that has no step yet: `ledger` is null there.
Result<Json> facts_json(const std::filesystem::path& run);

}  // namespace yurai
