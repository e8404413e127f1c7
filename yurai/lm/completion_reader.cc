#include "yurai/lm/completion_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kMaxMessageBytes = 500;

tl::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorCode::kUnavailable, fmt::format("the server's answer: {}", what));
}

/// A member of an object, or null: for missing members, and for objects that are none.
const Json& member(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

struct Token {
  std::string text;
  double logprob_nats;
};

/// Tokens of `logprobs`, as /chat/completions gives them ({"content":[{"token","logprob"}]}) or
/// /completions ({"tokens":[...],"token_logprobs":[...]}). Empty when any of them is malformed.
std::vector<Token> read_tokens(const Json& logprobs) {
  std::vector<Token> tokens;
  const Json& content = member(logprobs, "content");
  const Json& texts = content.is_array() ? content : member(logprobs, "tokens");
  const Json& numbers = content.is_array() ? content : member(logprobs, "token_logprobs");
  if (!texts.is_array() || !numbers.is_array() || texts.size() != numbers.size()) return {};
  for (size_t i = 0; i < texts.size(); ++i) {
    const Json& text = content.is_array() ? member(texts[i], "token") : texts[i];
    const Json& number = content.is_array() ? member(numbers[i], "logprob") : numbers[i];
    if (!text.is_string() || !number.is_number()) return {};
    tokens.push_back({text.get<std::string>(), number.get<double>()});
  }
  return tokens;
}

}  // namespace

Result<void> CompletionReader::add(std::string_view json) {
  const auto object = parse_json(json, "an event");
  if (!object) return broken(object.error().message);
  if (!object->is_object()) return broken("an event that is no object");
  if (!member(*object, "error").is_null()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the server broke off with: {}", error_message(json)));
  }
  const Json& choices = member(*object, "choices");
  if (!choices.is_array()) return broken("an event without 'choices'");
  if (choices.empty()) return {};  // usage and the like
  const Json& choice = choices.front();
  const Json& delta = member(choice, "delta");
  const Json& message = delta.is_object() ? delta : member(choice, "message");
  const Json& text = message.is_object() ? member(message, "content") : member(choice, "text");
  if (!text.is_string() && !text.is_null()) return broken("a text that is no string");
  static const std::string none;
  YURAI_TRY(add_text(text.is_string() ? text.get_ref<const std::string&>() : none,
                     member(choice, "logprobs")));
  if (const Json& reason = member(choice, "finish_reason"); reason.is_string()) {
    generation_.finish_reason = reason.get<std::string>();
  }
  return {};
}

Result<void> CompletionReader::add_event(std::string_view data) {
  if (data != "[DONE]") return add(data);
  done_ = true;
  return {};
}

Result<Generation> CompletionReader::finish() && {
  if (generation_.finish_reason.empty()) {
    if (!done_) return broken("it broke off before its end");
    generation_.finish_reason = "stop";
  }
  return std::move(generation_);
}

Result<void> CompletionReader::add_text(std::string_view text, const Json& logprobs) {
  const std::vector<Token> tokens = read_tokens(logprobs);
  std::string spelled;
  double sum = 0;
  for (const Token& token : tokens) {
    spelled += token.text;
    sum += token.logprob_nats;
  }
  if (text.empty()) {
    // A token that ends within a character: its text comes with a later one.
    if (!tokens.empty()) withheld_logprob_ = withheld_logprob_.value_or(0) + sum;
    return {};
  }
  if (spelled == text && !withheld_logprob_) {
    for (const Token& token : tokens) {
      if (!token.text.empty()) YURAI_TRY(add_symbol(token.text, token.logprob_nats));
    }
    return {};
  }
  const double withheld = std::exchange(withheld_logprob_, {}).value_or(0);
  return add_symbol(text, tokens.empty() ? std::nullopt : std::optional(withheld + sum));
}

Result<void> CompletionReader::add_symbol(std::string_view text,
                                          std::optional<double> logprob_nats) {
  GeneratedSymbol symbol;
  symbol.text = text;
  if (logprob_nats) symbol.probability = std::exp(std::min(*logprob_nats, 0.0));
  generation_.text += text;
  generation_.symbols.push_back(std::move(symbol));
  if (on_symbol_ && !on_symbol_(generation_.symbols.back())) {
    return fail(ErrorCode::kCancelled, "cancelled");
  }
  return {};
}

std::string error_message(std::string_view body) {
  std::string message;
  if (const auto object = parse_json(body, "error")) {
    const Json& error = member(*object, "error");
    for (const Json* text : {&member(error, "message"), &error, &member(*object, "message"),
                             &member(*object, "detail")}) {
      if (message.empty() && text->is_string()) message = text->get<std::string>();
    }
  }
  if (message.empty()) message = body;
  if (message.size() > kMaxMessageBytes) {
    message.resize(char_floor(message, kMaxMessageBytes));
    message += "...";
  }
  return message.empty() ? "an empty body" : for_terminal(message);
}

}  // namespace yurai
