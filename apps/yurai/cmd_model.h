#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai model …`
void add_model_commands(CLI::App& app);

}  // namespace yurai::cli
