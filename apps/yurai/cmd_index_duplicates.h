#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai index duplicates`: the longest passages that stand in several places.
void add_index_duplicates_command(CLI::App& index);

}  // namespace yurai::cli
