#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "yurai/query/query_parser.h"

/// Where a query holds in a text: its minimal intervals, after Clarke, Cormack and Burkowski. A
/// phrase holds at its occurrences; OR where one of its parts does; AND in the hull of one interval
/// of each part that is not longer than allowed, unless a part under NOT has an interval whose hull
/// with it is not longer either. Of intervals one of which holds another only the inner is kept.
namespace yurai {

/// Bytes [begin, end) of a text.
struct TextInterval {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool operator==(const TextInterval&) const = default;
};

/// Places of characters in a text, in little time and space. The text must outlive it.
class CharCounter {
 public:
  explicit CharCounter(std::string_view text);
  /// Characters of [begin, end), which lie on character borders.
  uint64_t chars(TextInterval interval) const {
    return before(interval.end) - before(interval.begin);
  }

 private:
  uint64_t before(uint64_t offset) const;
  static constexpr uint64_t kStep = 256;
  std::string_view text_;
  std::vector<uint64_t> before_step_;
};

/// All intervals of the query, which says within how many characters, in `text`, by begin.
/// `occurrences[i]` are those of phrase i, by begin.
std::vector<TextInterval> minimal_intervals(
    const PhraseQuery& query, const std::vector<std::vector<TextInterval>>& occurrences,
    std::string_view text);

}  // namespace yurai
