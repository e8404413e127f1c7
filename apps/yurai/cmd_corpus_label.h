#pragma once

#include "apps/yurai/cli.h"

namespace yurai::cli {

/// `yurai corpus label`: train, score, eval; and the verbs of files of labels.
void add_corpus_label_commands(CLI::App& corpus);

/// import, export and agreement (cmd_corpus_label_files.cc).
void add_corpus_label_file_commands(CLI::App& label);

}  // namespace yurai::cli
