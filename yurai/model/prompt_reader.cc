#include "yurai/model/prompt_reader.h"

#include <fmt/format.h>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/symbol_stream.h"

namespace yurai {

Result<PromptReader> PromptReader::open(const ModelFolder& folder) {
  PromptReader reader;
  YURAI_ASSIGN(reader.tokenizer_, Tokenizer::open(folder.dir()));
  if (reader.tokenizer_->vocabulary_size() > folder.config().vocabulary_size) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: the tokenizer has {} tokens, the model {}; they do not belong "
                            "together",
                            for_terminal(folder.dir().string()),
                            reader.tokenizer_->vocabulary_size(), folder.config().vocabulary_size));
  }
  auto chat = ChatTemplate::open(folder.dir());
  if (chat) {
    reader.chat_.emplace(std::move(*chat));
  } else if (chat.error().code != ErrorCode::kNotFound) {
    reader.chat_error_ = std::move(chat).error();
  }
  return reader;
}

Result<std::vector<int32_t>> PromptReader::encode_text(std::string_view text) const {
  const TokenizerFacts& facts = tokenizer_->facts();
  YURAI_ASSIGN(const std::vector<Token> tokens,
               tokenizer_->encode(text, {.add_special = true, .match_special = false}));
  std::vector<int32_t> ids;
  // A SentencePiece model adds nothing itself.
  const std::optional<uint32_t> begin = facts.begin ? facts.begin : facts.end;
  if (begin && (tokens.empty() || tokens[0].id != *begin) &&
      (tokens.empty() || facts.kind.starts_with("sentencepiece"))) {
    ids.push_back(static_cast<int32_t>(*begin));
  }
  for (const Token& token : tokens) ids.push_back(static_cast<int32_t>(token.id));
  // Some files close every text: a text that goes on is not at its end.
  if (ids.size() > 1 && facts.end && ids.back() == static_cast<int32_t>(*facts.end)) ids.pop_back();
  return ids;
}

Result<std::vector<int32_t>> PromptReader::encode_request(const GenerateRequest& request) const {
  YURAI_ASSIGN(const std::string_view text, text_to_continue(request));
  if (request.messages.empty() || (!chat_ && !chat_error_)) return encode_text(text);
  if (chat_error_) return fail(*chat_error_);
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) {
    YURAI_TRY(check_utf8(message.content, "a message"));
    for (const SpecialToken& special : tokenizer_->facts().special) {
      if (special.text.empty() || message.content.find(special.text) == std::string::npos) continue;
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("a message holds '{}', which the model would take for a special token",
                      for_terminal(special.text)));
    }
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  YURAI_ASSIGN(const std::string rendered, chat_->render(messages, {}));
  // The template writes special tokens as text.
  YURAI_ASSIGN(const std::vector<Token> tokens,
               tokenizer_->encode(rendered, {.add_special = false, .match_special = true}));
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(static_cast<int32_t>(token.id));
  return ids;
}

}  // namespace yurai
