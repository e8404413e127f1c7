#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "yurai/lm/completion_reader.h"
#include "yurai/lm/sse.h"

/// An event stream of a model's answer: no bytes crash its readers, and the events are the same
/// whether the stream comes whole or in pieces. The first byte is the size of the pieces.
namespace {

constexpr size_t kMaxEventBytes = 4096;

/// The events up to the first failure, as one string.
std::string read(std::string_view stream, size_t piece_bytes) {
  yurai::SseReader reader(kMaxEventBytes);
  std::string all;
  const auto keep = [&](const auto& events) {
    for (const auto& event : events) all += event.type + '\0' + event.data + '\1';
  };
  for (size_t i = 0; i < stream.size(); i += piece_bytes) {
    const auto events = reader.feed(stream.substr(i, piece_bytes));
    if (!events) return "failed";
    keep(*events);
  }
  keep(reader.finish());
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const size_t piece_bytes = size_t{1} + bytes[0];
  if (read(stream, piece_bytes) != read(stream, stream.size() + 1)) std::abort();

  const yurai::LanguageModel::OnSymbol on_symbol;
  yurai::CompletionReader answer(on_symbol);
  yurai::SseReader reader(kMaxEventBytes);
  if (const auto events = reader.feed(stream)) {
    for (const auto& event : *events) {
      if (!answer.add_event(event.data)) return 0;
    }
    (void)std::move(answer).finish();
  }
  (void)yurai::error_message(stream);
  return 0;
}
