#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"
#include "yurai/query/intervals.h"
#include "yurai/query/query_parser.h"
#include "yurai/record/trace.h"

/// For tests and the fuzzer: a query's answer by trying everything.
namespace yurai::testing {

class NaiveQuery {
 public:
  NaiveQuery(const PhraseQuery& query, std::string_view text, PointMode points)
      : query_(query), text_(text), points_(points) {}

  std::vector<TextInterval> matches() const { return holds(query_.root); }

 private:
  static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  }
  bool is_point(size_t at) const {
    return points_ == PointMode::kChar || at == 0 || !is_word(text_[at - 1]) || !is_word(text_[at]);
  }
  bool fits(const TextInterval& i) const {
    return !query_.within_chars ||
           count_chars(text_.substr(i.begin, i.end - i.begin)) <= *query_.within_chars;
  }
  static TextInterval hull(const TextInterval& a, const TextInterval& b) {
    return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
  }
  static std::vector<TextInterval> minimal(const std::vector<TextInterval>& all) {
    std::vector<TextInterval> kept;
    for (const TextInterval& one : all) {
      const bool holds_another =
          std::any_of(all.begin(), all.end(), [&](const TextInterval& other) {
            return other != one && other.begin >= one.begin && other.end <= one.end;
          });
      if (!holds_another && std::find(kept.begin(), kept.end(), one) == kept.end()) {
        kept.push_back(one);
      }
    }
    std::sort(kept.begin(), kept.end(),
              [](const TextInterval& a, const TextInterval& b) { return a.begin < b.begin; });
    return kept;
  }

  std::vector<TextInterval> holds(const QueryNode& node) const {
    std::vector<TextInterval> all;
    if (node.kind == QueryNode::Kind::kPhrase) {
      const std::string& phrase = query_.phrases[node.phrase];
      for (size_t at = 0; at + phrase.size() <= text_.size(); ++at) {
        const TextInterval one{at, at + phrase.size()};
        if (text_.substr(at, phrase.size()) == phrase && is_point(at) && fits(one)) {
          all.push_back(one);
        }
      }
      return all;
    }
    if (node.kind == QueryNode::Kind::kOr) {
      for (const QueryNode& part : node.parts) {
        for (const TextInterval& one : holds(part)) all.push_back(one);
      }
      return minimal(all);
    }
    bool first = true;
    for (const QueryNode& part : node.parts) {
      if (part.kind == QueryNode::Kind::kNot) continue;
      const auto found = holds(part);
      std::vector<TextInterval> hulls;
      for (const TextInterval& a : all) {
        for (const TextInterval& b : found) {
          if (fits(hull(a, b))) hulls.push_back(hull(a, b));
        }
      }
      all = first ? found : hulls;
      first = false;
    }
    all = minimal(all);
    for (const QueryNode& part : node.parts) {
      if (part.kind != QueryNode::Kind::kNot) continue;
      const auto unwanted = holds(part.parts[0]);
      std::erase_if(all, [&](const TextInterval& match) {
        return std::any_of(unwanted.begin(), unwanted.end(),
                           [&](const TextInterval& other) { return fits(hull(match, other)); });
      });
    }
    return all;
  }

  const PhraseQuery& query_;
  std::string_view text_;
  PointMode points_;
};

/// Matches in all texts; of WITHIN DOCUMENT the texts with one.
inline uint64_t naive_query_count(const PhraseQuery& query, const std::vector<std::string>& texts,
                                  PointMode points) {
  uint64_t count = 0;
  for (const std::string& text : texts) {
    const size_t matches = NaiveQuery(query, text, points).matches().size();
    count += query.within_chars ? matches : std::min<size_t>(1, matches);
  }
  return count;
}

}  // namespace yurai::testing
