#pragma once

#include <string>

#include "apps/yurai/cli.h"
#include "yurai/corpus/takedown.h"

namespace yurai::cli {

/// What to take down, by whom, when and why, as options of a command.
struct TakedownOptions {
  std::string hashes;  ///< a file
  Takedown takedown;
};
void add_takedown_options(CLI::App& verb, TakedownOptions& options);

/// With the hashes of the file. An error where nothing is named.
Result<Takedown> takedown_of(const TakedownOptions& options);

/// What was asked for and names no document.
Result<void> print_not_found(const std::vector<std::string>& names);

}  // namespace yurai::cli
