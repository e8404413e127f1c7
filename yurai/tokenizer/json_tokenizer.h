#pragma once

#include <memory>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/tokenizer/tokenizer.h"

namespace yurai {

/// Hugging Face's tokenizer.json: a BPE or Unigram model and what stands around it. Everything that
/// would change ids or text and that we do not have is refused by name.
Result<std::unique_ptr<Tokenizer>> parse_json_tokenizer(std::string_view bytes);

}  // namespace yurai
