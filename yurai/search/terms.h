#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "yurai/base/hash.h"
#include "yurai/base/utf8.h"
#include "yurai/text/fold.h"

/// What document search counts, after folding: pairs of neighbouring characters in scripts that
/// write no spaces, words in all others. docs/formats/search.md.
namespace yurai {

/// A term as a number: of a pair the two code points, 21 bits each; of a single character its code
/// point; of a word the top bit and 63 bits of the XXH3 of its folded bytes.
using TermKey = uint64_t;

inline constexpr TermKey kWordKey = uint64_t{1} << 63;
constexpr TermKey pair_key(char32_t a, char32_t b) { return TermKey{a} << 21 | b; }
inline TermKey word_key(std::string_view word) { return kWordKey | xxh3(word) >> 1; }

constexpr bool is_han(char32_t c) {
  return c == 0x3005 || c == 0x3007 || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

/// Scripts that write no spaces between words: Han, kana, Hangul (which does, but declines), Thai,
/// Lao, Burmese, Khmer.
constexpr bool is_unspaced(char32_t c) {
  return is_han(c) || (c >= 0x3041 && c <= 0x30FF) || (c >= 0x31F0 && c <= 0x31FF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x0E01 && c <= 0x0EFF) ||
         (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF);
}

/// A letter, digit or mark of the other scripts.
bool is_word_part(char32_t c);

/// Whose terms: a document has Han characters one by one too, so that a query of one finds it.
enum class TermsOf { kDocument, kQuery };

/// A term of a text, where it stands: bytes [byte_begin, byte_end).
struct Term {
  TermKey key = 0;
  size_t byte_begin = 0;
  size_t byte_end = 0;
  bool extra = false;  ///< a Han character of a longer run: no part of the document's length
};

/// Calls use(Term) for the terms of `text` (valid UTF-8), ascending by their end.
template <class Use>
void for_each_term(Folder& folder, std::string_view text, TermsOf of, const Use& use) {
  std::string word;
  size_t word_begin = 0, word_end = 0;
  char32_t last = 0;  // of a run of unspaced characters
  size_t last_begin = 0, last_end = 0, run = 0;
  const auto end_word = [&] {
    if (!word.empty()) use(Term{word_key(word), word_begin, word_end, false});
    word.clear();
  };
  const auto end_run = [&] {
    if (run == 1 && (of == TermsOf::kQuery || !is_han(last))) {
      use(Term{last, last_begin, last_end, false});
    }
    run = 0;
  };
  folder.for_each_piece(text, [&](const FoldedPiece& piece) {
    if (piece.dropped) {
      if (piece.folded.empty()) return;  // invisible: joins its neighbours
      end_word();
      end_run();
      return;
    }
    for (size_t at = 0; at < piece.folded.size(); at += char_bytes(piece.folded, at)) {
      const char32_t c = decode_char(piece.folded, at);
      if (is_unspaced(c)) {
        end_word();
        if (run > 0) use(Term{pair_key(last, c), last_begin, piece.byte_end, false});
        if (of == TermsOf::kDocument && is_han(c)) {
          use(Term{c, piece.byte_begin, piece.byte_end, true});
        }
        last = c;
        last_begin = piece.byte_begin;
        last_end = piece.byte_end;
        ++run;
      } else if (is_word_part(c)) {
        end_run();
        if (word.empty()) word_begin = piece.byte_begin;
        word_end = piece.byte_end;
        word.append(piece.folded, at, char_bytes(piece.folded, at));
      } else {
        end_word();
        end_run();
      }
    }
  });
  end_word();
  end_run();
}

}  // namespace yurai
