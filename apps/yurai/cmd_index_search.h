#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai index search`: which documents a text is about.
void add_index_search_command(CLI::App& index);

}  // namespace yurai::cli
