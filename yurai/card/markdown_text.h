#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/terminal.h"

namespace yurai {

/// Untrusted text as Markdown that shows it and does nothing: no markup, no HTML, no link; control
/// and bidirectional characters become visible.
std::string markdown_escape(std::string_view text);

/// 1234567 → "1,234,567"; what is no count → "–".
std::string grouped(const Json& number);
/// "12.3 %"
std::string percent(uint64_t part, uint64_t whole);
/// A number with six digits; what is none → "–".
std::string shown_number(const Json& value);

/// A table whose columns after the first `text_columns` are numbers, aligned right. Cells are
/// Markdown already.
std::string markdown_table(const std::vector<std::vector<std::string>>& rows,
                           size_t text_columns = 1);

}  // namespace yurai
