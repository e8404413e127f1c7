#include "yurai/search/entry_sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace yurai {
namespace {

constexpr size_t kFewEntries = 48;
constexpr int kDigitBits = 8;

/// Sorts by the highest digit in which two values of `value` differ, then each part alike; entries
/// that have the same are handed to `equal`.
template <class Value, class Equal>
void sort_by(std::span<TermInDocument> entries, const Value& value, const Equal& equal) {
  if (entries.size() <= kFewEntries) {
    std::sort(entries.begin(), entries.end());
    return;
  }
  uint64_t differing = 0;
  for (const TermInDocument& entry : entries) differing |= value(entry) ^ value(entries[0]);
  if (differing == 0) return equal(entries);
  const int shift = std::max(0, static_cast<int>(std::bit_width(differing)) - kDigitBits);
  const auto digit = [&](const TermInDocument& entry) {
    return static_cast<size_t>(value(entry) >> shift & ((1 << kDigitBits) - 1));
  };
  std::array<size_t, 1 << kDigitBits> ends{}, next{};
  for (const TermInDocument& entry : entries) ++ends[digit(entry)];
  size_t sum = 0;
  for (size_t d = 0; d < ends.size(); ++d) {
    next[d] = sum;
    ends[d] = sum += ends[d];
  }
  for (size_t d = 0; d < ends.size(); ++d) {
    while (next[d] < ends[d]) {
      TermInDocument& entry = entries[next[d]];
      const size_t home = digit(entry);
      if (home == d) {
        ++next[d];
      } else {
        std::swap(entry, entries[next[home]++]);
      }
    }
  }
  size_t begin = 0;
  for (const size_t end : ends) {
    sort_by(entries.subspan(begin, end - begin), value, equal);
    begin = end;
  }
}

}  // namespace

void sort_entries(std::span<TermInDocument> entries) {
  sort_by(
      entries, [](const TermInDocument& entry) { return entry.key; },
      [](std::span<TermInDocument> equal) {
        sort_by(
            equal, [](const TermInDocument& entry) { return uint64_t{entry.posting.document}; },
            [](std::span<TermInDocument>) {});
      });
}

}  // namespace yurai
