#pragma once

#include <string>
#include <string_view>

namespace yurai {

/// The language that most of a text is in (CLD2), as "ja" or "en"; empty when that can't be told.
std::string detect_language(std::string_view text);

}  // namespace yurai
