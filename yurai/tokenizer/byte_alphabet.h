#pragma once

#include <optional>
#include <string>
#include <string_view>

/// GPT-2's alphabet: each byte as one printable character, so that vocabularies of bytes fit into
/// JSON. Bytes that are printable in Latin-1 stand for themselves, the others for U+0100 and up.
namespace yurai {

/// The bytes that a word of the alphabet stands for; nothing where a character is not in it.
///
///     from_byte_alphabet("Ġthe") == " the"
std::optional<std::string> from_byte_alphabet(std::string_view word);

/// The way back.
std::string to_byte_alphabet(std::string_view bytes);

/// "<0x0A>" → 10, of byte fallback; nothing else is one.
std::optional<unsigned char> fallback_byte(std::string_view piece);

/// Valid UTF-8: what is not becomes U+FFFD, one for each longest beginning of a character (Unicode
/// 3.9, U+FFFD Substitution of Maximal Subparts).
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace yurai
