#include <array>
#include <string>

#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"
#include "yurai/curate/filter.h"

namespace yurai {
namespace {

constexpr std::array<std::string_view, 18> kFootnoteSections = {
    "脚注",      "関連項目",        "日本国内の関連項目", "出典",           "出典・脚注",
    "参照",      "外部リンク",      "参考文献",           "その他関連事項", "Footnotes",
    "See also",  "Further reading", "Bibliography",       "References",     "Notes",
    "Citations", "Sources",         "External links"};

Measurement edited(std::string_view before, std::string after) {
  if (after == before) return {.value = 0};
  return {.value = static_cast<double>(before.size() - after.size()) /
                   static_cast<double>(before.size()),
          .text = std::move(after)};
}

/// Whether white space with a line break in it begins at `at`.
bool line_ends(std::string_view text, size_t at) {
  for (; at < text.size(); at += char_bytes(text, at)) {
    if (text[at] == '\n') return true;
    if (!is_white_space(decode_char(text, at))) return false;
  }
  return false;
}

/// Cuts the text before the first line that is a heading such as 脚注.
class WikiFootnotes final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<WikiFootnotes>(); }
  Measurement measure(const Subject& subject, bool) const override {
    const std::string_view text = subject.text;
    if (text.empty()) return {};
    for (size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos; ++at) {
      const std::string_view rest = text.substr(at + 1);
      for (const std::string_view section : kFootnoteSections) {
        if (rest.starts_with(section) && line_ends(rest, section.size())) {
          return edited(text, std::string(text.substr(0, at)));
        }
      }
    }
    return {.value = 0};
  }
};

bool is_japanese_filler(char32_t c) {
  return c == U',' || c == U'，' || c == U'、' || c == U';' || c == U'；' || is_white_space(c);
}
bool is_english_filler(char32_t c) { return c == U',' || c == U';' || is_white_space(c); }

/// Removes runs of filler after every `open` and before every `close`.
std::string without_filler(std::string_view text, std::string_view open, std::string_view close,
                           bool (*filler)(char32_t)) {
  std::string out;
  out.reserve(text.size());
  bool after_open = false;
  size_t kept = 0;  // of `out`: filler beyond may have to go
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = char_bytes(text, at);
    const std::string_view c = text.substr(at, bytes);
    at += bytes;
    if (filler(decode_char(c, 0))) {
      if (!after_open) out.append(c);
      continue;
    }
    if (c == close) out.resize(kept);
    out.append(c);
    kept = out.size();
    after_open = c == open;
  }
  return out;
}

std::string without(std::string_view text, std::string_view pair, bool space_before) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t found = std::min(text.find(pair, at), text.size());
    size_t end = found;
    if (space_before && found < text.size() && found > at) {
      size_t last = found - 1;
      while (!begins_char(text[last])) --last;
      if (last >= at && is_white_space(decode_char(text, last))) end = last;
    }
    out.append(text.substr(at, end - at));
    at = found + (found < text.size() ? pair.size() : 0);
  }
  return out;
}

/// Removes brackets that hold nothing, and stray punctuation inside brackets.
class EmptyParentheses final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<EmptyParentheses>(); }
  Measurement measure(const Subject& subject, bool) const override {
    if (subject.text.empty()) return {};
    std::string text = without_filler(subject.text, "（", "）", is_japanese_filler);
    text = without(text, "（）", false);
    text = without_filler(text, "(", ")", is_english_filler);
    text = without(text, "()", true);
    return edited(subject.text, std::move(text));
  }
};

constexpr FilterInfo kFilters[] = {
    {.name = "wiki_footnotes",
     .unit = "share removed",
     .edits = true,
     .source = "llm-jp-corpus v1 remove_wikipedia_footnote",
     .english = "Cuts the text before the first heading such as 脚注 or References",
     .japanese = "「脚注」「参考文献」などの見出し以降を切り落とす",
     .make = WikiFootnotes::make},
    {.name = "empty_parentheses",
     .unit = "share removed",
     .edits = true,
     .source = "llm-jp-corpus v1 remove_empty_parenthesis",
     .english = "Removes brackets that hold nothing, and stray punctuation at their edges",
     .japanese = "空の括弧と、括弧の端に残った句読点を除く",
     .make = EmptyParentheses::make},
};

}  // namespace

std::span<const FilterInfo> wikipedia_filters() { return kFilters; }

}  // namespace yurai
