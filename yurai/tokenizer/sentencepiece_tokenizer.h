#pragma once

#include <memory>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/tokenizer/tokenizer.h"

namespace yurai {

/// A SentencePiece model, run by our own code: ids, ranges and text are those of SentencePiece
/// 0.1.97, which the tests compare with.
Result<std::unique_ptr<Tokenizer>> parse_sentencepiece_tokenizer(std::string_view bytes);

}  // namespace yurai
