#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// Adds `prob` to the verbs of `yurai index`.
void add_index_prob_command(CLI::App& index);

}  // namespace yurai::cli
