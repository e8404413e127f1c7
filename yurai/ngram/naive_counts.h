#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/utf8.h"
#include "yurai/index/corpus_index.h"

/// For tests: what an index answers, by looking everywhere.
namespace yurai::testing {

inline bool is_word_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

inline bool is_point(std::string_view text, size_t at, PointMode points) {
  if (at == 0) return true;
  if (at == text.size()) return points == PointMode::kChar;
  if (!begins_char(text[at])) return false;
  return points == PointMode::kChar || !is_word_char(text[at - 1]) || !is_word_char(text[at]);
}

/// The symbols that follow `context` in the documents, by count, then bytes.
inline std::vector<NextSymbol> naive_next(const std::vector<std::string>& documents,
                                          std::string_view context, PointMode points) {
  std::map<std::string, uint64_t> counts;
  for (const std::string& text : documents) {
    for (size_t at = 0; at + context.size() <= text.size(); ++at) {
      // The empty context also stands at the end of every document.
      const bool is_end = context.empty() && at == text.size();
      if (!is_end && !is_point(text, at, points)) continue;
      if (std::string_view(text).substr(at, context.size()) != context) continue;
      const size_t after = at + context.size();
      ++counts[after == text.size() ? "" : text.substr(after, char_bytes(text, after))];
    }
  }
  std::vector<NextSymbol> next;
  for (const auto& [text, count] : counts) next.push_back({text, count});
  std::stable_sort(next.begin(), next.end(),
                   [](const NextSymbol& a, const NextSymbol& b) { return a.count > b.count; });
  return next;
}

inline uint64_t naive_count(const std::vector<std::string>& documents, std::string_view text,
                            PointMode points) {
  uint64_t count = 0;
  for (const NextSymbol& symbol : naive_next(documents, text, points)) count += symbol.count;
  return count;
}

}  // namespace yurai::testing
