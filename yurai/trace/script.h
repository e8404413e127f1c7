#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"

/// Which kind of writing a span is in. A Japanese character says about as much as three Latin ones,
/// so spans of the two are scored by models of different order; and what repeats by chance in
/// prose, and in addresses, markup and programs, has little in common. So they are calibrated
/// apart.
namespace yurai {

enum class Script {
  kCjk,    ///< holds a Han, kana or Hangul character
  kOther,  ///< holds none, and reads as prose
  kCode    ///< holds none, and signs of addresses, markup or programs
};
inline constexpr Script kScripts[] = {Script::kCjk, Script::kOther, Script::kCode};

constexpr std::string_view name(Script script) {
  return script == Script::kCjk ? "cjk" : script == Script::kOther ? "other" : "code";
}

constexpr bool is_cjk(char32_t c) {
  if (c < 0x3005) return false;
  return (c >= 0x3041 && c <= 0x30FF && c != 0x30FB) || c == 0x3005 || c == 0x3007 ||
         (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF66 && c <= 0xFF9F) || (c >= 0x20000 && c <= 0x3FFFF);
}

/// A letter of another script: no sign, digit or space, which belong to every script.
constexpr bool is_other_letter(char32_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= 0xC0 && c < 0x2000) ||
         (c >= 0xFF21 && c <= 0xFF5A);
}

/// A printable ASCII sign that prose has seldom.
constexpr bool is_code_sign(char32_t c) {
  constexpr std::string_view kProseSigns = " !\"'(),-.:;?";
  return c > 0x20 && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
         !(c >= 'a' && c <= 'z') && kProseSigns.find(static_cast<char>(c)) == kProseSigns.npos;
}

/// The kind of a span: code where there is a sign for every 12 characters.
inline Script script_of(std::span<const char32_t> chars) {
  size_t num_signs = 0;
  for (const char32_t c : chars) {
    if (is_cjk(c)) return Script::kCjk;
    num_signs += is_code_sign(c);
  }
  return num_signs * 12 >= std::max<size_t>(chars.size(), 1) ? Script::kCode : Script::kOther;
}

/// The code points of a valid text.
inline std::vector<char32_t> decode_chars(std::string_view text) {
  std::vector<char32_t> chars;
  chars.reserve(text.size() / 2);
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    chars.push_back(decode_char(text, at));
  }
  return chars;
}

}  // namespace yurai
