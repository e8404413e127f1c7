#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai index add`, `merge` and `takedown`: changing an index that is there.
void add_index_update_commands(CLI::App& index);

}  // namespace yurai::cli
