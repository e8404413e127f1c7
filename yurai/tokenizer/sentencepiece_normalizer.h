#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/tokenizer/byte_trie.h"
#include "yurai/tokenizer/sentencepiece_model.h"

namespace yurai {

/// The user-defined symbols of a model, which are one piece wherever they stand. Immutable; const
/// calls are thread-safe.
class SentencePieceSymbols {
 public:
  static Result<SentencePieceSymbols> build(std::span<const SentencePiece> pieces);

  /// Bytes of the longest symbol that `text` begins with; 0: none.
  size_t match(std::string_view text) const;

 private:
  ByteTrie trie_;
};

/// A text as a model sees it.
struct NormalizedText {
  std::string text;
  /// Where in the source each byte came from, and one more for the end; empty where the text is.
  std::vector<uint32_t> sources;
};

/// SentencePiece's normaliser, byte for byte. Immutable; const calls are thread-safe.
class SentencePieceNormalizer {
 public:
  /// `rules` and `symbols` (null: none are kept) outlive it.
  SentencePieceNormalizer(const SentencePieceRules& rules, const SentencePieceSymbols* symbols,
                          bool whitespace_as_suffix)
      : rules_(rules), symbols_(symbols), whitespace_as_suffix_(whitespace_as_suffix) {}

  /// Of valid UTF-8. Fails where the result has more than kMaxNormalizedBytes.
  Result<NormalizedText> normalize(std::string_view text) const;

 private:
  struct Prefix {
    std::string_view text;  ///< what becomes of it
    size_t size;            ///< of the source
  };
  Prefix next(std::string_view rest) const;
  void add(std::string_view text, uint32_t source, NormalizedText& out) const;

  const SentencePieceRules& rules_;
  const SentencePieceSymbols* symbols_;
  bool whitespace_as_suffix_;
};

}  // namespace yurai
