#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/tokenizer/double_array.h"

namespace yurai {

enum class SentencePieceType : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

struct SentencePiece {
  std::string text;
  float score = 0;
  SentencePieceType type = SentencePieceType::kNormal;
};

/// How texts are rewritten. What stands here by default is what a file that says nothing means.
struct SentencePieceRules {
  DoubleArray array;  ///< from a beginning of a text to a place in `texts`; empty: none
  std::string texts;  ///< each ended by a zero byte
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;  ///< space becomes ▁ (U+2581)
};

/// What a SentencePiece model file (Protocol Buffers, sentencepiece_model.proto) says, proven: one
/// unknown piece; texts of pieces, of which no two of a kind are equal, UTF-8; all 256 byte pieces
/// if and only if bytes are fallen back to; double arrays that lead nowhere else.
struct SentencePieceModel {
  std::string type;  ///< "unigram", "bpe", "word", "char"
  std::vector<SentencePiece> pieces;
  bool byte_fallback = false;
  bool whitespace_as_suffix = false;
  std::string unknown_surface = " \xE2\x81\x87 ";  ///< ⁇
  std::string unknown_name = "<unk>";
  std::string begin_name = "<s>";
  std::string end_name = "</s>";
  std::string padding_name = "<pad>";
  SentencePieceRules normalizer;
  std::optional<SentencePieceRules> denormalizer;  ///< where it has any rules
};

/// Errors say what is wrong.
Result<SentencePieceModel> parse_sentencepiece_model(std::string_view bytes);

}  // namespace yurai
