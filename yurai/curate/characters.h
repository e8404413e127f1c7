#pragma once

#include <string_view>

/// Classes of characters as the published filters mean them.
namespace yurai {

/// What Python's str.strip() takes away.
bool is_python_space(char32_t c);
/// Unicode's White_Space: `\s` of Python's regex module.
bool is_white_space(char32_t c);
/// `\w` of Python's regex module: letters, marks, decimal digits, connectors and joiners.
bool is_word_char(char32_t c);
/// Script Hiragana or Katakana, or ー.
bool is_kana(char32_t c);

/// Whether nothing but is_python_space stands in it.
bool is_blank_text(std::string_view text);

}  // namespace yurai
