#pragma once

#include "apps/yurai/cli.h"

namespace yurai::cli {

void add_corpus_export_command(CLI::App& corpus);

}  // namespace yurai::cli
