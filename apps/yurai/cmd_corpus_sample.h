#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// Adds `sample` to `yurai corpus`.
void add_corpus_sample_command(CLI::App& corpus);

}  // namespace yurai::cli
