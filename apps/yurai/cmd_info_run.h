#pragma once

#include <string>

#include "yurai/base/result.h"

namespace yurai::cli {

/// `yurai info` of a training run.
Result<void> run_info(const std::string& dir, bool wants_verify, bool json);

}  // namespace yurai::cli
