#pragma once

#include <string>
#include <string_view>

#include "yurai/base/result.h"

namespace yurai {

/// A SentencePiece model that its library can be given: the library believes what a file says of
/// its tables, so that a lying one reads beyond them.
struct CheckedSentencePieceModel {
  std::string bytes;  ///< the model without self-tests, which would run when it is opened
  std::string type;   ///< "unigram", "bpe", "word", "char"
};

/// Walks the file (Protocol Buffers, sentencepiece_model.proto): lengths, types of pieces, nesting
/// of user-defined symbols, every step of the normaliser's double arrays. Errors say what is wrong.
Result<CheckedSentencePieceModel> check_sentencepiece_model(std::string_view bytes);

}  // namespace yurai
