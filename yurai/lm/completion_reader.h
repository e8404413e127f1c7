#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "yurai/lm/language_model.h"

namespace yurai {

/// Reads the JSON objects of an OpenAI-compatible answer, streamed or whole, chat or completion,
/// into a Generation. What the server says is not trusted.
class CompletionReader {
 public:
  explicit CompletionReader(const LanguageModel::OnSymbol& on_symbol) : on_symbol_(on_symbol) {}

  /// One object: a piece of a stream, or the whole answer. kUnavailable when it is malformed or is
  /// an error, kCancelled when the caller does not want more.
  Result<void> add(std::string_view json);

  /// The data of one event: "[DONE]" ends the answer.
  Result<void> add_event(std::string_view data);
  bool done() const { return done_; }

  /// kUnavailable when the answer was not finished.
  Result<Generation> finish() &&;

 private:
  Result<void> add_text(std::string_view text, const Json& logprobs);
  Result<void> add_symbol(std::string_view text, std::optional<double> logprob_nats);

  const LanguageModel::OnSymbol& on_symbol_;
  Generation generation_;
  std::optional<double> withheld_logprob_;  ///< of tokens whose text the server still keeps back
  bool done_ = false;
};

/// The message in the body of an answer that is an error, in any of the usual shapes; the start of
/// the body when there is none.
std::string error_message(std::string_view body);

}  // namespace yurai
