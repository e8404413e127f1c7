#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"

/// Folding: what two texts that differ in width, case, spacing, punctuation, invisible characters
/// or old kanji have in common. NFKC with case folding (Unicode's NFKC_Casefold: width,
/// compatibility forms, case, and no default-ignorable characters such as U+200B), then old kanji
/// become new ones, then white space and punctuation go.
///
///     Folder folder;
///     folder.fold("Ｙｕｒａｉ、 舊國ﾃﾞｰﾀ").text == "yurai旧国データ"
namespace yurai {

/// What a piece of a text folds to. Pieces tile the text; each folds by itself.
struct FoldedPiece {
  size_t byte_begin = 0;  ///< into the text
  size_t byte_end = 0;
  std::string_view folded;  ///< valid until the next piece
  bool dropped = false;  ///< `folded` is white space, punctuation or nothing: not in a folded text
};

/// A folded text and the way back.
struct FoldedText {
  std::string text;

  /// The bytes of the original that folded to bytes [begin, end) of `text`, on borders of pieces: a
  /// character that folds to several is taken whole. Empty range: {0, 0}.
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  Range original(uint64_t begin, uint64_t end) const;

  /// Pieces that left something: where each begins in `text`, and begins and ends in the original.
  std::vector<uint32_t> folded_begins;
  std::vector<uint32_t> original_begins;
  std::vector<uint32_t> original_ends;
};

/// Folds texts (valid UTF-8). Remembers what characters fold to: keep one for many texts; a
/// megabyte each. Not thread-safe.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// Calls use(FoldedPiece) for the pieces of `text` in order.
  template <class Use>
  void for_each_piece(std::string_view text, const Use& use) {
    for (size_t begin = 0; begin < text.size();) {
      const FoldedPiece next = piece(text, begin);
      use(next);
      begin = next.byte_end;
    }
  }

  /// The piece that begins at `begin` < text.size(), where the one before ended.
  FoldedPiece piece(std::string_view text, size_t begin) {
    size_t end = begin + char_bytes(text, begin);
    const char32_t first = decode_char(text, begin);
    bool alone = first < entries_.size();
    while (end < text.size() && !begins_piece(decode_char(text, end))) {
      end += char_bytes(text, end);
      alone = false;
    }
    const std::string_view bytes = text.substr(begin, end - begin);
    return alone ? known_piece(begin, end, entry(first)) : new_piece(begin, end, bytes);
  }

  /// The whole text; at most 4 GiB.
  FoldedText fold(std::string_view text);

  /// Whether no piece goes on with this character.
  bool begins_piece(char32_t c) {
    return c < entries_.size() ? entry(c).begins_piece : begins_piece_beyond(c);
  }

 private:
  struct Entry {
    uint32_t begin = 0;  ///< into pool_
    uint16_t size = 0;
    bool known = false;
    bool dropped = false;
    bool begins_piece = false;
  };
  const Entry& entry(char32_t c) {
    if (!entries_[c].known) learn(c);
    return entries_[c];
  }
  FoldedPiece known_piece(size_t begin, size_t end, const Entry& found) const {
    return {begin, end, std::string_view(pool_).substr(found.begin, found.size), found.dropped};
  }
  FoldedPiece new_piece(size_t begin, size_t end, std::string_view bytes);
  void learn(char32_t c);
  static bool begins_piece_beyond(char32_t c);

  std::vector<Entry> entries_;  ///< by code point, of the first three planes
  std::string pool_;
  std::string last_piece_;  ///< what one of several characters, or of one beyond, folds to
};

/// One for each thread, which keeps what it has learnt.
Folder& folder_of_thread();

/// Names the tables: texts that were folded by other ones may differ from what a Folder makes now.
std::string folding_version();

/// Whether a code point is punctuation for folding: Unicode's category P, and ~ and the minus sign,
/// whose other-width forms are punctuation.
bool is_folded_punctuation(char32_t c);

/// Whether it is that or white space: category Z and control characters.
bool is_space_or_punctuation(char32_t c);

}  // namespace yurai
