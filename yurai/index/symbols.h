#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"

namespace yurai {

/// The text of a corpus as numbers to sort: each character by its place among the characters that
/// occur (code-point order is byte order in UTF-8), and each separator a number of its own, above
/// all characters and ascending with its place. So the plain order of suffixes is that of the
/// index: by bytes up to the end of the document, then by position; and no comparison looks beyond
/// a document.
///
///     text FF "ba" FF "a" FF  →  symbols 2 1 0 3 0 4
class Alphabet {
 public:
  /// Reads the text once. kCorrupt names the byte where it is neither UTF-8 nor a separator.
  static Result<Alphabet> scan(const TextFile& text, const Progress& progress);

  uint64_t num_characters() const { return num_characters_; }  ///< occurrences
  uint64_t num_separators() const { return num_separators_; }
  uint64_t num_symbols() const { return num_characters_ + num_separators_; }
  uint32_t num_distinct() const { return static_cast<uint32_t>(bytes_.size()); }  ///< characters

  /// Reads the text again, as symbols; `out` has num_symbols() places.
  Result<void> read_symbols(const TextFile& text, std::span<uint32_t> out,
                            const Progress& progress) const;

  bool is_separator(uint32_t symbol) const { return symbol >= bytes_.size(); }
  /// The bytes of a symbol, the first one highest, padded with zeros; FF 00 00 00 for a separator.
  uint32_t bytes(uint32_t symbol) const {
    return is_separator(symbol) ? 0xFF000000u : bytes_[symbol];
  }
  static uint32_t num_bytes(uint32_t bytes) {
    const uint32_t lead = bytes >> 24;
    return lead < 0xC0 || lead == 0xFF ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  }

 private:
  std::vector<uint32_t> bytes_;    // of symbol s
  std::vector<uint32_t> symbols_;  // of code point c
  uint64_t num_characters_ = 0;
  uint64_t num_separators_ = 0;
};

/// Whether `bytes` (of Alphabet::bytes) is one of [0-9A-Za-z_].
constexpr bool is_word_character(uint32_t bytes) {
  const uint32_t c = bytes >> 24;
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace yurai
