#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/tokenizer/regex.h"

namespace yurai {

/// The longest that normalisers may make a text.
inline constexpr uint64_t kMaxNormalizedBytes = 256ull << 20;

/// A text on its way through normalisers, and for each of its bytes the range of the source that it
/// came from, as the Rust library `tokenizers` counts it: what is put in shares the range of the
/// byte before it, at the beginning an empty one. Not thread-safe.
class AlignedText {
 public:
  /// Bytes [shift, shift + piece.size()) of a source, unchanged.
  AlignedText(std::string_view piece, uint32_t shift) : text_(piece), shift_(shift) {}

  const std::string& text() const { return text_; }
  /// Where the piece begins in the source.
  uint32_t shift() const { return shift_; }

  /// The source of bytes [begin, end) of the text, of which there is at least one.
  TextRange source(uint32_t begin, uint32_t end) const;

  /// Puts `content` in the place of each of these ranges, which ascend.
  void replace(std::span<const TextRange> ranges, std::string_view content);
  /// Puts `content` before each of these places, which ascend and are not the end of the text, with
  /// the source of the character that stands there.
  void insert_before(std::span<const uint32_t> places, std::string_view content);
  /// Keeps these bytes only.
  void keep(uint32_t begin, uint32_t end);

  /// A character of a text that is rewritten: `change` 0 stands for the next character of the old
  /// text, -N for it and the N behind it, 1 for none: it is new.
  struct Rewritten {
    char32_t c = 0;
    int change = 0;
  };
  /// Puts these characters in the place of bytes [begin, end); collects, so call in order of the
  /// text, then `finish_rewrite`.
  void rewrite(uint32_t begin, uint32_t end, std::span<const Rewritten> characters);
  void finish_rewrite();

 private:
  TextRange source_of_byte(uint32_t at) const;
  /// Gives each byte its own entry in `sources_`.
  void spell_out();
  TextRange before(uint32_t at) const {
    return at == 0 ? TextRange{shift_, shift_} : sources_[at - 1];
  }
  void copy(uint32_t begin, uint32_t end);
  void add(std::string_view bytes, TextRange source);
  void swap_in();

  std::string text_;
  uint32_t shift_;
  std::vector<TextRange> sources_;  ///< of each byte; empty: the text is still the source
  // What takes the place of text_ and sources_ while they are rewritten.
  std::string new_text_;
  std::vector<TextRange> new_sources_;
  uint32_t rewritten_until_ = 0;
};

}  // namespace yurai
