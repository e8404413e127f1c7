#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "yurai/lm/chat_template.h"
#include "yurai/lm/language_model.h"
#include "yurai/model/model_folder.h"
#include "yurai/tokenizer/tokenizer.h"

namespace yurai {

/// What a text or a conversation is given to a model as: the tokenizer and the chat template of its
/// folder. Immutable and thread-safe.
class PromptReader {
 public:
  /// kInvalidArgument: a tokenizer of more tokens than the model has.
  static Result<PromptReader> open(const ModelFolder& folder);

  const Tokenizer& tokenizer() const { return *tokenizer_; }

  /// The begin token, where the tokenizer has one, then the text's own.
  Result<std::vector<int32_t>> encode_text(std::string_view text) const;
  /// The prompt; of a conversation, what the chat template makes of it, or without one the last
  /// user message. kInvalidArgument: a message with the text of a special token, which the model
  /// would take for one.
  Result<std::vector<int32_t>> encode_request(const GenerateRequest& request) const;

 private:
  PromptReader() = default;

  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_;
  std::optional<Error> chat_error_;  ///< a template that we do not read
};

}  // namespace yurai
