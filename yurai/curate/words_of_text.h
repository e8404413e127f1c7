#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

/// Lines and words as the English rules of the field mean them, made to work on Japanese too.
namespace yurai {

/// The lines of a text without white space around them; empty ones are left out.
std::vector<std::string_view> lines_of(std::string_view text);

/// Paragraphs: what empty lines separate; without the line breaks around them.
std::vector<std::string_view> paragraphs_of(std::string_view text);

/// Runs of letters, marks and digits (with ' ’ - _ inside) are words; so is each character of Han,
/// kana and Hangul alone, for those scripts write no spaces; the long vowel mark (ー, ｰ) is as a
/// kana. Punctuation is none. The shingles of `datatrove` take ー as the letter of a run instead.
///
///     words_of("It's 東京.") == {"It's", "東", "京"}
std::vector<std::string_view> words_of(std::string_view text);

/// Whether it ends a sentence: . ! ? … and 。！？, also before closing quotes and brackets.
bool ends_sentence(std::string_view line);

}  // namespace yurai
