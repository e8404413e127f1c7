#pragma once

#include "yurai/tokenizer/aligned_text.h"

/// What tokenizers ask of Unicode.
namespace yurai {

/// White_Space.
bool is_white_space(char32_t c);
/// What \w of Rust's regular expressions matches.
bool is_word_char(char32_t c);

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

/// Brings the text into a normalisation form. Sources as the Rust library counts them: a composed
/// character has the source of the first of its parts.
void normalize(UnicodeForm form, AlignedText& text);

/// Each character by itself in lower case.
void lower_case(AlignedText& text);

}  // namespace yurai
