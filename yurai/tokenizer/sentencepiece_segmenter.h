#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/tokenizer/byte_trie.h"
#include "yurai/tokenizer/sentencepiece_model.h"
#include "yurai/tokenizer/sentencepiece_normalizer.h"

namespace yurai {

/// Cuts normalised texts into the pieces of a SentencePiece model, as its library does, to the
/// rounding of sums and the order of equals. Immutable; const calls are thread-safe.
class SentencePieceSegmenter {
 public:
  struct Segment {
    uint32_t size = 0;  ///< bytes
    uint32_t id = 0;
  };

  /// `model` and `symbols` outlive it.
  static Result<SentencePieceSegmenter> build(const SentencePieceModel& model,
                                              const SentencePieceSymbols& symbols);

  /// Of valid UTF-8; the sizes add up to it.
  std::vector<Segment> segment(std::string_view text) const;

  /// The id that the library takes a piece for: of control pieces and bytes first; nothing where
  /// there is no such piece.
  std::optional<uint32_t> id_of(std::string_view piece) const;
  uint32_t unknown() const { return unknown_; }

 private:
  using Ids = std::unordered_map<std::string_view, uint32_t>;  ///< views of the model's pieces

  SentencePieceSegmenter(const SentencePieceModel& model, const SentencePieceSymbols& symbols)
      : model_(model), symbols_(symbols) {}
  uint32_t id_or_unknown(std::string_view piece) const { return id_of(piece).value_or(unknown_); }
  std::vector<Segment> best_cut(std::string_view text) const;
  std::vector<Segment> merge(std::string_view text) const;
  std::vector<Segment> words(std::string_view text) const;
  std::vector<Segment> characters(std::string_view text) const;

  const SentencePieceModel& model_;
  const SentencePieceSymbols& symbols_;
  Ids of_texts_;  ///< normal, user-defined and unused pieces
  Ids others_;
  uint32_t unknown_ = 0;
  // Unigram
  ByteTrie trie_;
  float highest_ = 0;
  float unknown_score_ = 0;
};

}  // namespace yurai
