#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "yurai/lm/language_model.h"

namespace yurai {

/// A generation as it grows: symbols come one by one, and reach the caller once no stop string can
/// take them back.
///
///     SymbolStream stream(request.stop, on_symbol);
///     while (…) {
///       YURAI_ASSIGN(const bool goes_on, stream.add(symbol));
///       if (!goes_on) break;
///     }
///     return stream.finish();
class SymbolStream {
 public:
  /// Both outlive the stream; `on_symbol` may be empty.
  SymbolStream(std::span<const std::string> stops, const LanguageModel::OnSymbol& on_symbol);

  /// Adds a symbol; an empty text is the end of a document. False: the generation ends here
  /// ("stop"). kCancelled: the caller wants no more.
  Result<bool> add(GeneratedSymbol symbol);

  /// Hands out the rest; "length" unless it ended before.
  Result<Generation> finish();

 private:
  Result<void> emit(size_t safe_bytes);
  void cut(size_t bytes);

  std::span<const std::string> stops_;
  const LanguageModel::OnSymbol& on_symbol_;
  Generation generation_;
  size_t next_ = 0;   ///< symbol to be handed out
  size_t bytes_ = 0;  ///< of the text that was
};

/// What a request wants continued: the prompt, or the last user message of a conversation.
/// kInvalidArgument: it has none, the text is not UTF-8, the stop strings are none.
Result<std::string_view> text_to_continue(const GenerateRequest& request);

}  // namespace yurai
