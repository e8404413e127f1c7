#include "yurai/lm/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yurai {
namespace {

/// All events of a stream that comes in pieces of `piece_bytes`.
std::vector<std::string> events_of(std::string_view stream, size_t piece_bytes) {
  SseReader reader;
  std::vector<std::string> all;
  const auto keep = [&](const std::vector<ServerSentEvent>& events) {
    for (const auto& event : events) all.push_back(event.type + "|" + event.data);
  };
  for (size_t i = 0; i < stream.size(); i += piece_bytes) {
    keep(reader.feed(stream.substr(i, piece_bytes)).value());
  }
  keep(reader.finish());
  return all;
}

TEST(SseReader, GivesTheSameEventsHoweverTheBytesAreSplit) {
  const std::string stream =
      "\xEF\xBB\xBF: a comment\r\n\r\ndata: 由来\n\nevent: ping\rdata:x\rdata: y\r\r"
      "id: 7\nretry: 5\nunknown: z\ndata\n\ndata:  two spaces: and a colon\r\n\r\n\n\n"
      "event: no data\n\ndata: [DONE]\n\n";
  const std::vector<std::string> expected = {"|由来", "ping|x\ny", "|", "| two spaces: and a colon",
                                             "|[DONE]"};
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    EXPECT_EQ(events_of(stream, piece), expected) << "pieces of " << piece << " bytes";
  }
}

TEST(SseReader, GivesTheLastEventWhenItsBlankLineIsMissing) {
  EXPECT_THAT(events_of("data: a\n\ndata: [DONE]", 3), testing::ElementsAre("|a", "|[DONE]"));
  EXPECT_THAT(events_of("data: a\n\n: bye\n", 3), testing::ElementsAre("|a"));
}

TEST(SseReader, RefusesAnEventThatGrowsWithoutEnd) {
  SseReader one_line(100);
  EXPECT_EQ(one_line.feed("data: " + std::string(100, 'x')).error().code,
            ErrorCode::kResourceExhausted);
  SseReader many_lines(100);
  Result<std::vector<ServerSentEvent>> events;
  for (int i = 0; i < 100 && events; ++i) events = many_lines.feed("data: x\n");
  EXPECT_EQ(events.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace yurai
