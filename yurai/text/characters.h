#pragma once

/// Classes of characters that filters and tokenizers share.
namespace yurai {

/// Unicode's White_Space: `\s` of Python's and Rust's regular expressions.
bool is_white_space(char32_t c);
/// `\w` of theirs: letters, marks, decimal digits, connectors and joiners.
bool is_word_char(char32_t c);

}  // namespace yurai
