#pragma once

#include "yurai/text/characters.h"
#include "yurai/tokenizer/aligned_text.h"

/// What tokenizers ask of Unicode.
namespace yurai {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

/// Brings the text into a normalisation form. Sources as the Rust library counts them: a composed
/// character has the source of the first of its parts.
void normalize(UnicodeForm form, AlignedText& text);

/// Each character by itself in lower case.
void lower_case(AlignedText& text);

}  // namespace yurai
