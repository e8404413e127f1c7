#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// Adds `takedown` to `yurai corpus`.
void add_corpus_takedown_command(CLI::App& corpus);

}  // namespace yurai::cli
