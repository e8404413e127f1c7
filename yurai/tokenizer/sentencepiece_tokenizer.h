#pragma once

#include <memory>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/tokenizer/tokenizer.h"

namespace yurai {

/// A SentencePiece model, run by its own library. Ids, ranges and text are the library's.
Result<std::unique_ptr<Tokenizer>> parse_sentencepiece_tokenizer(std::string_view bytes);

}  // namespace yurai
