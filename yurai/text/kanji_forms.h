#pragma once

#include <string_view>

namespace yurai {

/// The form that Japanese writes today for an old one (國 → 国, 澤 → 沢); any other character as it
/// is. Sources in kanji_forms.cc and docs/text.md.
char32_t new_kanji_form(char32_t c);

/// All pairs: old, new, old, new, … in the order of the old ones.
std::u32string_view kanji_forms();

}  // namespace yurai
