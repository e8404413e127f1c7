#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `corpus card`.
void add_corpus_card_command(CLI::App& corpus);

}  // namespace yurai::cli
