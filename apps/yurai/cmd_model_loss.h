#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai model loss`
void add_model_loss(CLI::App& model);

}  // namespace yurai::cli
