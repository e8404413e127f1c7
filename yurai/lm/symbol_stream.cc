#include "yurai/lm/symbol_stream.h"

#include <algorithm>
#include <utility>

#include "yurai/base/utf8.h"
#include "yurai/lm/stop_scan.h"

namespace yurai {

SymbolStream::SymbolStream(std::span<const std::string> stops,
                           const LanguageModel::OnSymbol& on_symbol)
    : stops_(stops), on_symbol_(on_symbol) {
  generation_.finish_reason = "length";
}

Result<bool> SymbolStream::add(GeneratedSymbol symbol) {
  const std::string text = symbol.text;
  generation_.symbols.push_back(std::move(symbol));
  size_t safe_bytes = generation_.text.size();
  bool stops = text.empty();
  // A stop string may end inside a symbol of several characters.
  for (size_t at = 0; at < text.size() && !stops;) {
    const size_t end = std::min(text.size(), at + char_bytes(text, at));
    generation_.text.append(text, at, end - at);
    at = end;
    const StopScan scan = scan_stops(generation_.text, stops_);
    safe_bytes = scan.safe_bytes;
    if (scan.stop_begin) {
      cut(*scan.stop_begin);
      stops = true;
    }
  }
  if (stops) {
    generation_.finish_reason = "stop";
    return false;
  }
  YURAI_TRY(emit(safe_bytes));
  return true;
}

/// Leaves the first `bytes` bytes of the text, and of the symbols what makes them up.
void SymbolStream::cut(size_t bytes) {
  generation_.text.resize(bytes);
  auto& symbols = generation_.symbols;
  size_t end = 0;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const size_t begin = end;
    end += symbols[i].text.size();
    if (end < bytes) continue;
    symbols[i].text.resize(bytes - begin);
    symbols.resize(symbols[i].text.empty() ? i : i + 1);
  }
}

Result<void> SymbolStream::emit(size_t safe_bytes) {
  const auto& symbols = generation_.symbols;
  while (next_ < symbols.size() && bytes_ + symbols[next_].text.size() <= safe_bytes) {
    bytes_ += symbols[next_].text.size();
    if (on_symbol_ && !on_symbol_(symbols[next_])) {
      return fail(ErrorCode::kCancelled, "cancelled");
    }
    ++next_;
  }
  return {};
}

Result<Generation> SymbolStream::finish() {
  YURAI_TRY(emit(generation_.text.size()));
  return std::move(generation_);
}

Result<std::string_view> text_to_continue(const GenerateRequest& request) {
  std::string_view text = request.prompt;
  if (!request.messages.empty()) {
    const auto last = std::find_if(request.messages.rbegin(), request.messages.rend(),
                                   [](const ChatMessage& m) { return m.role == "user"; });
    if (last == request.messages.rend()) {
      return fail(ErrorCode::kInvalidArgument, "the conversation has no user message");
    }
    text = last->content;
  }
  YURAI_TRY(check_utf8(text, "the prompt"));
  YURAI_TRY(check_stops(request.stop));
  return text;
}

}  // namespace yurai
