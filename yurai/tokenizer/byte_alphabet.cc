#include "yurai/tokenizer/byte_alphabet.h"

#include <array>
#include <charconv>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

struct Alphabet {
  std::array<char32_t, 256> character{};
  std::array<short, 0x144> byte{};  ///< by character; -1: none
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t c = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
    alphabet.character[byte] = c;
    alphabet.byte[c] = static_cast<short>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

/// How many bytes at the beginning of `bytes`, which is not empty and no character begins there,
/// one U+FFFD stands for.
size_t invalid_length(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const auto follows = [&](size_t i, unsigned low, unsigned high) {
    return i < bytes.size() && static_cast<unsigned char>(bytes[i]) >= low &&
           static_cast<unsigned char>(bytes[i]) <= high;
  };
  if (lead < 0xE0 || lead > 0xF4) return 1;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!follows(1, low, high)) return 1;
  return lead >= 0xF0 && follows(2, 0x80, 0xBF) ? 3 : 2;
}

}  // namespace

std::optional<std::string> from_byte_alphabet(std::string_view word) {
  std::string bytes;
  for (size_t at = 0; at < word.size(); at += char_bytes(word, at)) {
    const char32_t c = decode_char(word, at);
    if (c >= kAlphabet.byte.size() || kAlphabet.byte[c] < 0) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[c]);
  }
  return bytes;
}

std::string to_byte_alphabet(std::string_view bytes) {
  std::string word;
  for (const char byte : bytes) {
    append_char(kAlphabet.character[static_cast<unsigned char>(byte)], word);
  }
  return word;
}

std::optional<unsigned char> fallback_byte(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || !piece.ends_with('>')) {
    return std::nullopt;
  }
  unsigned value = 0;
  const auto [end, error] = std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
  if (error != std::errc() || end != piece.data() + 5) return std::nullopt;
  return static_cast<unsigned char>(value);
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string text;
  while (true) {
    const size_t valid = find_invalid_utf8(bytes).value_or(bytes.size());
    text += bytes.substr(0, valid);
    bytes.remove_prefix(valid);
    if (bytes.empty()) return text;
    text += kReplacement;
    bytes.remove_prefix(invalid_length(bytes));
  }
}

}  // namespace yurai
