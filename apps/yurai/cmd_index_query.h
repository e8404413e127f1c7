#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai index query`: where phrases stand together, joined by AND, OR and NOT.
void add_index_query_command(CLI::App& index);

}  // namespace yurai::cli
