#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// ASCII characters of texts whose other bytes are left as they are.
namespace yurai {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return to_lower(c); });
  return out;
}

/// A character of a word, as `word` points and the n-gram model see it: [0-9A-Za-z_].
constexpr bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_';
}

/// Without the bytes of `blanks` at both ends.
constexpr std::string_view trim(std::string_view text, std::string_view blanks = " \t\r\n") {
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace yurai
