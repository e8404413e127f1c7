#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

struct ProcessResult {
  int exit_status = 0;  ///< 128 + signal when a signal ended it
  std::string out;      ///< standard output
  std::string err;      ///< standard error
};

/// Runs a program found on PATH with exactly these arguments (no shell), feeding `input`, and
/// waits. kNotFound when the program is missing; kResourceExhausted past `max_output_bytes`.
///
///     run_process({"mandoc", "-T", "utf8", "ls.1"});
Result<ProcessResult> run_process(const std::vector<std::string>& command,
                                  std::string_view input = {},
                                  size_t max_output_bytes = 1ull << 30);

}  // namespace yurai
