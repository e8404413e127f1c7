#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "yurai/base/result.h"

/// UTF-8 as bytes and code points. Texts are valid unless a function says otherwise.
namespace yurai {

/// Whether `byte` begins a character (is no continuation byte 10xxxxxx).
constexpr bool begins_char(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

/// Offset of the first byte that is not valid UTF-8 (overlong forms and surrogates are not), if
/// any.
std::optional<size_t> find_invalid_utf8(std::string_view text);

/// kInvalidArgument with "WHAT: byte N is not UTF-8" where it is not.
Result<void> check_utf8(std::string_view text, std::string_view what);

/// Number of code points.
size_t count_chars(std::string_view text);

/// The largest character border <= `offset`; `text.size()` is a border.
size_t char_floor(std::string_view text, size_t offset);

/// Byte length of the character that begins at `text[offset]`.
constexpr size_t char_bytes(std::string_view text, size_t offset) {
  const auto lead = static_cast<unsigned char>(text[offset]);
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// The code point that begins at `text[offset]`.
inline char32_t decode_char(std::string_view text, size_t offset) {
  const auto at = [&](size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[offset + i]));
  };
  switch (char_bytes(text, offset)) {
    case 1:
      return at(0);
    case 2:
      return ((at(0) & 0x1F) << 6) | (at(1) & 0x3F);
    case 3:
      return ((at(0) & 0x0F) << 12) | ((at(1) & 0x3F) << 6) | (at(2) & 0x3F);
    default:
      return ((at(0) & 0x07) << 18) | ((at(1) & 0x3F) << 12) | ((at(2) & 0x3F) << 6) |
             (at(3) & 0x3F);
  }
}

/// Appends a code point that is a Unicode scalar value.
void append_char(char32_t code_point, std::string& out);

/// The last / first `max_chars` characters of `text`.
std::string_view last_chars(std::string_view text, size_t max_chars);
std::string_view first_chars(std::string_view text, size_t max_chars);

}  // namespace yurai
