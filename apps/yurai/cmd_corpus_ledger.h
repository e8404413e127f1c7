#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "yurai/base/json.h"

namespace yurai::cli {

/// Adds `why`, `whatif` and `domains` to `yurai corpus`.
void add_corpus_ledger_commands(CLI::App& corpus);

/// 1234567 → "1,234,567".
std::string grouped(uint64_t number);

/// Lines of cells, columns padded to their widest; the first `num_left` columns to the left.
std::string aligned(const std::vector<std::vector<std::string>>& rows, size_t num_left);

/// "0.3 … 0.7", "4 …", "… 3", "–".
std::string bounds_text(const Json& min, const Json& max);

}  // namespace yurai::cli
