#pragma once

#include <string_view>

#include "yurai/text/characters.h"

/// Classes of characters as the published filters mean them.
namespace yurai {

/// What Python's str.strip() takes away.
bool is_python_space(char32_t c);
/// Script Hiragana or Katakana, or ー.
bool is_kana(char32_t c);

/// Whether nothing but is_python_space stands in it.
bool is_blank_text(std::string_view text);

}  // namespace yurai
