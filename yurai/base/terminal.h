#pragma once

#include <string>
#include <string_view>

namespace yurai {

/// Untrusted text made safe for a terminal or a one-line message: control characters (C0, DEL, C1),
/// bidirectional and other invisible formatting characters and bytes that are not UTF-8 become
/// visible escapes; everything else, and with `keep_newlines` the line feed and the tab, stays.
///
///     for_terminal("a\x1b[31mb\u202e") == "a\\u001b[31mb\\u202e"
std::string for_terminal(std::string_view text, bool keep_newlines = false);

/// Columns that `text` takes in a terminal: East Asian wide characters take two.
size_t display_width(std::string_view text);

}  // namespace yurai
