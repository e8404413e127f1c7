#pragma once

#include <string_view>
#include <utility>

namespace yurai {

/// A filter's unit for a person; one that is not known stays as it is. The page has the same words.
constexpr std::string_view unit_text(std::string_view unit, bool japanese) {
  constexpr std::pair<std::string_view, std::string_view> kJapanese[] = {
      {"bytes", "バイト"},
      {"characters", "文字"},
      {"hits", "出現数"},
      {"per 1,000 characters", "1,000 文字あたり"},
      {"per character", "1 文字あたり"},
      {"per word", "1 語あたり"},
      {"probability", "確率"},
      {"ratio", "比"},
      {"sentences", "文"},
      {"share", "割合"},
      {"share removed", "削った割合"},
      {"words", "語"},
      {"lines", "行"},
      {"yes", "1 はい、0 いいえ"}};
  if (unit == "yes" && !japanese) return "1 yes, 0 no";
  for (const auto& [english, text] : kJapanese) {
    if (japanese && english == unit) return text;
  }
  return unit;
}

}  // namespace yurai
