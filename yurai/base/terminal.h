#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace yurai {

/// Untrusted text made safe for a terminal or a one-line message: control characters (C0, DEL, C1),
/// bidirectional and other invisible formatting characters and bytes that are not UTF-8 become
/// visible escapes; everything else, and with `keep_newlines` the line feed and the tab, stays.
///
///     for_terminal("a\x1b[31mb\u202e") == "a\\u001b[31mb\\u202e"
std::string for_terminal(std::string_view text, bool keep_newlines = false);

/// Writes to standard error; what cannot be written there is lost, and nothing else.
void print_error(std::string_view text);

/// Columns that `text` takes in a terminal: East Asian wide characters take two.
size_t display_width(std::string_view text);

/// `text` with spaces after / before it, up to `columns`; longer text stays as it is.
std::string pad(std::string_view text, size_t columns);
std::string pad_left(std::string_view text, size_t columns);

/// 1234567 → "1,234,567".
std::string grouped(uint64_t number);

/// Lines of columns padded to their widest cell, two spaces between: the first `num_left` to the
/// left, the others (numbers) to the right. Rows may be of different lengths.
std::string table(const std::vector<std::vector<std::string>>& rows, size_t num_left);

}  // namespace yurai
