#pragma once

#include <filesystem>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"

namespace yurai {

/// Reads and proves what a run is made of and what it made: run.json, corpus, tokenizer, tokens,
/// ledger, and of each checkpoint its files and that run.json, ledger and metrics are those it was
/// written with. Also of a run that is being trained, or has no step yet. The first difference is
/// kCorrupt.
Result<void> verify_run(const std::filesystem::path& run, const Progress& progress = no_progress);

}  // namespace yurai
