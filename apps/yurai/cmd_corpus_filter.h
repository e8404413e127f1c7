#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// Adds `filter`, `filters`, `why`, `whatif` and `domains` to `yurai corpus`.
void add_corpus_filter_commands(CLI::App& corpus);

}  // namespace yurai::cli
