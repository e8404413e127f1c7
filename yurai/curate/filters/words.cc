#include <cmath>
#include <limits>

#include "yurai/curate/filter.h"
#include "yurai/curate/word_matcher.h"

namespace yurai {
namespace {

/// Hits of a list of words.
class Words final : public Filter {
 public:
  Words(WordMatcher matcher, uint64_t limit) : matcher_(std::move(matcher)), limit_(limit) {}

  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const auto words, options.word_list("list"));
    YURAI_ASSIGN(const bool katakana_alone, options.flag("katakana_alone", true));
    uint64_t limit = std::numeric_limits<uint64_t>::max();
    const auto max = options.bounds().max;
    if (max && *max >= 0 && *max < 1e15) limit = static_cast<uint64_t>(std::floor(*max)) + 1;
    return std::make_unique<Words>(WordMatcher(words, katakana_alone), limit);
  }

  Measurement measure(const Subject& subject, bool exact) const override {
    Measurement found;
    const uint64_t limit = exact ? std::numeric_limits<uint64_t>::max() : limit_;
    const uint64_t hits = matcher_.count(subject.text, limit, &found.evidence);
    found.value = static_cast<double>(hits);
    found.at_least = hits == limit;
    return found;
  }

 private:
  WordMatcher matcher_;
  uint64_t limit_;  ///< one more hit than the bounds allow
};

constexpr OptionInfo kOptions[] = {
    {.name = "list",
     .english = "file of words, one a line, in the folder that --words names",
     .japanese = "単語ファイル（1 行 1 語、--words のフォルダー内）"},
    {.name = "katakana_alone",
     .fallback = "true",
     .english = "words of katakana count only where no katakana stands beside them",
     .japanese = "カタカナ語は前後にカタカナがないときだけ数える"},
};

constexpr FilterInfo kFilters[] = {
    {.name = "words",
     .unit = "hits",
     .bounds = {.max = 3},
     .options = kOptions,
     .source = "HojiChar NgWordsFilterJa, DiscardAds; llm-jp-corpus v1",
     .english = "Hits of a list of words: leftmost-first, not overlapping",
     .japanese = "単語リストの出現数（左から、リストの順に、重ならないように数える）",
     .make = Words::make},
};

}  // namespace

std::span<const FilterInfo> words_filters() { return kFilters; }

}  // namespace yurai
