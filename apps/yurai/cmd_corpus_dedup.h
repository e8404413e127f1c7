#pragma once

#include <CLI/CLI.hpp>

namespace yurai::cli {

/// `yurai corpus dedup`.
void add_corpus_dedup_command(CLI::App& corpus);

}  // namespace yurai::cli
