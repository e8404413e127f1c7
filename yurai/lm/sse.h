#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

struct ServerSentEvent {
  std::string type;  ///< of the `event:` line; empty when there was none
  std::string data;  ///< the `data:` lines, joined with a line feed
};

/// Reads a text/event-stream that arrives in pieces, which may break anywhere (WHATWG HTML,
/// "Server-sent events"). Comments, `id:` and `retry:` are passed over. Data is bytes: whether it
/// is UTF-8, its reader checks.
///
///     SseReader reader;
///     YURAI_ASSIGN(const auto events, reader.feed("data: {\"a\":1}\n\ndata: [DO"));  // one event
class SseReader {
 public:
  explicit SseReader(size_t max_event_bytes = 8u << 20) : max_event_bytes_(max_event_bytes) {}

  /// The events that these bytes complete. kResourceExhausted when an event grows beyond the limit.
  Result<std::vector<ServerSentEvent>> feed(std::string_view bytes);

  /// At the end of the stream: the event whose closing blank line never came, if there is one with
  /// data. (The standard drops it; servers that close right after their last line exist.)
  std::vector<ServerSentEvent> finish();

 private:
  void end_line(std::vector<ServerSentEvent>& events);

  size_t max_event_bytes_;
  std::string line_;
  ServerSentEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;  ///< a line feed now belongs to the carriage return before it
  bool first_line_ = true;
};

}  // namespace yurai
