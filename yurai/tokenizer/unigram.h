#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "yurai/tokenizer/byte_trie.h"
#include "yurai/tokenizer/tokenizer.h"
#include "yurai/tokenizer/vocabulary.h"

namespace yurai {

struct UnigramOptions {
  std::optional<uint32_t> unknown{};
  bool byte_fallback = false;
};

/// Unigram language model (Kudo 2018): the cut of a text whose pieces' scores have the greatest
/// sum. Immutable; const calls are thread-safe.
class Unigram {
 public:
  /// `scores` of each id, finite.
  static Result<Unigram> build(const Vocabulary& vocabulary, std::vector<double> scores,
                               const UnigramOptions& options);

  /// Appends the tokens of a text (valid UTF-8, not empty) with byte ranges in it; neighbouring
  /// unknown characters become one token, or the bytes of all of them with the range of all. Time
  /// grows with the text times the longest piece, memory with the longest stretch that no way of
  /// cutting divides. Fails where a character is unknown and nothing stands for that.
  Result<void> encode(std::string_view text, std::vector<Token>& out) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// The best way to a place: its sum and its last piece.
  struct Way {
    double score = 0;
    uint32_t begin = kNone;
    uint32_t id = 0;
  };
  void best_cut(std::string_view text, std::vector<Token>& out) const;

  ByteTrie trie_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
  uint32_t unknown_ = kNone;
  bool has_fallback_ = false;
  std::array<uint32_t, 256> fallback_{};
};

}  // namespace yurai
