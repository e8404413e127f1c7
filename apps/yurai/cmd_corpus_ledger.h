#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "yurai/base/json.h"

namespace yurai::cli {

/// Adds `why`, `whatif` and `domains` to `yurai corpus`.
void add_corpus_ledger_commands(CLI::App& corpus);

/// "0.3 … 0.7", "4 …", "… 3", "–".
std::string bounds_text(const Json& min, const Json& max);

}  // namespace yurai::cli
