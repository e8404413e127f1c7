#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/tokenizer/byte_trie.h"

namespace yurai {

/// A token that is found in the text before the model sees it.
struct AddedToken {
  uint32_t id = 0;
  std::string content;       ///< as the file has it
  std::string pattern{};     ///< what is looked for: `content`, normalised where the token is
  bool single_word = false;  ///< only between characters that are not of words
  bool strips_left = false;  ///< takes the white space before it, too
  bool strips_right = false;
  bool normalized = false;  ///< looked for in the normalised text
  bool special = false;
};

/// Finds added tokens: from the left, of those that begin at a place the longest. Immutable; const
/// calls are thread-safe.
class AddedTokenMatcher {
 public:
  /// Of these the ones whose `normalized` is that. Two with one pattern are an error.
  static Result<AddedTokenMatcher> build(const std::vector<AddedToken>& tokens, bool normalized);

  struct Match {
    uint32_t begin = 0;
    uint32_t end = 0;
    uint32_t id = 0;
  };
  std::vector<Match> find_all(std::string_view text, bool match_special) const;

 private:
  std::vector<AddedToken> tokens_;
  ByteTrie trie_;  ///< values are places in tokens_
};

}  // namespace yurai
