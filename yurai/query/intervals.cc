#include "yurai/query/intervals.h"

#include <algorithm>
#include <iterator>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using Intervals = std::vector<TextInterval>;  // by begin, none inside of another: so by end too

TextInterval hull(const TextInterval& a, const TextInterval& b) {
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

/// Keeps what holds no other.
Intervals minimal(Intervals intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const TextInterval& a, const TextInterval& b) {
    return a.begin != b.begin ? a.begin > b.begin : a.end < b.end;
  });
  Intervals kept;  // from the last begin on: each must end before all that begin later
  for (const TextInterval& interval : intervals) {
    if (kept.empty() || interval.end < kept.back().end) kept.push_back(interval);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

class Evaluation {
 public:
  Evaluation(const PhraseQuery& query, const std::vector<Intervals>& occurrences,
             std::string_view text)
      : within_chars_(query.within_chars.value()), occurrences_(occurrences), chars_(text) {}

  Intervals holds(const QueryNode& node) const {
    switch (node.kind) {
      case QueryNode::Kind::kPhrase: {
        const Intervals& found = occurrences_[node.phrase];
        Intervals fitting;
        std::copy_if(found.begin(), found.end(), std::back_inserter(fitting),
                     [&](const TextInterval& interval) { return fits(interval); });
        return fitting;
      }
      case QueryNode::Kind::kOr: {
        Intervals all;
        for (const QueryNode& part : node.parts) {
          const Intervals found = holds(part);
          all.insert(all.end(), found.begin(), found.end());
        }
        return minimal(std::move(all));
      }
      case QueryNode::Kind::kAnd:
        return all_parts(node);
      case QueryNode::Kind::kNot:
        break;  // only a part of kAnd
    }
    return {};
  }

 private:
  bool fits(const TextInterval& interval) const {
    const uint64_t bytes = interval.end - interval.begin;
    if (bytes <= within_chars_) return true;
    return bytes <= 4 * within_chars_ && chars_.chars(interval) <= within_chars_;
  }

  Intervals all_parts(const QueryNode& node) const {
    std::optional<Intervals> both;
    for (const QueryNode& part : node.parts) {
      if (part.kind == QueryNode::Kind::kNot) continue;
      Intervals found = holds(part);
      both = both ? combine(*both, found) : std::move(found);
      if (both->empty()) return {};
    }
    for (const QueryNode& part : node.parts) {
      if (part.kind != QueryNode::Kind::kNot) continue;
      const Intervals unwanted = holds(part.parts[0]);
      std::erase_if(*both, [&](const TextInterval& match) { return is_near(match, unwanted); });
    }
    return std::move(*both);
  }

  /// The minimal hulls of one of each. Such a hull begins and ends with the nearest on either side,
  /// or is one that holds one of the other.
  Intervals combine(const Intervals& a, const Intervals& b) const {
    Intervals hulls;
    add_nearest(a, b, hulls);
    add_nearest(b, a, hulls);
    return minimal(std::move(hulls));
  }

  void add_nearest(const Intervals& a, const Intervals& b, Intervals& hulls) const {
    for (const TextInterval& one : a) {
      const auto by_begin = std::lower_bound(
          b.begin(), b.end(), one.begin,
          [](const TextInterval& other, uint64_t begin) { return other.begin < begin; });
      const auto by_end =
          std::lower_bound(b.begin(), b.end(), one.end,
                           [](const TextInterval& other, uint64_t end) { return other.end < end; });
      for (const auto& near : {by_begin, by_end}) {
        if (near != b.begin()) add_if_fits(hull(one, near[-1]), hulls);
        if (near != b.end()) add_if_fits(hull(one, *near), hulls);
      }
    }
  }

  void add_if_fits(const TextInterval& interval, Intervals& hulls) const {
    if (fits(interval)) hulls.push_back(interval);
  }

  bool is_near(const TextInterval& match, const Intervals& unwanted) const {
    const uint64_t reach = 4 * within_chars_;
    const uint64_t from = match.end < reach ? 0 : match.end - reach;
    auto other =
        std::lower_bound(unwanted.begin(), unwanted.end(), from,
                         [](const TextInterval& one, uint64_t begin) { return one.begin < begin; });
    for (; other != unwanted.end() && other->begin < match.begin + reach; ++other) {
      if (fits(hull(match, *other))) return true;
    }
    return false;
  }

  const uint64_t within_chars_;
  const std::vector<Intervals>& occurrences_;
  const CharCounter chars_;
};

}  // namespace

CharCounter::CharCounter(std::string_view text) : text_(text) {
  uint64_t chars = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at % kStep == 0) before_step_.push_back(chars);
    chars += begins_char(text[at]) ? 1 : 0;
  }
  before_step_.push_back(chars);
}

uint64_t CharCounter::before(uint64_t offset) const {
  uint64_t chars = before_step_[offset / kStep];
  for (uint64_t at = offset / kStep * kStep; at < offset; ++at) {
    chars += begins_char(text_[at]) ? 1 : 0;
  }
  return chars;
}

std::vector<TextInterval> minimal_intervals(
    const PhraseQuery& query, const std::vector<std::vector<TextInterval>>& occurrences,
    std::string_view text) {
  return Evaluation(query, occurrences, text).holds(query.root);
}

}  // namespace yurai
