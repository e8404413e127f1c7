#include <algorithm>
#include <array>
#include <string>

#include "yurai/base/ascii.h"
#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"
#include "yurai/curate/filters/text_filter.h"
#include "yurai/curate/words_of_text.h"

/// The rules of C4 (Raffel et al. 2020, 2.2) and FineWeb (Penedo et al. 2024, 3.6).
namespace yurai {
namespace {

using Number = std::optional<double>;

/// Occurrences of a phrase, in any case of ASCII letters.
template <const char* kPhrase>
class Phrase final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<Phrase>(); }
  Measurement measure(const Subject& subject, bool) const override {
    const std::string lower = to_lower(subject.text);
    const std::string_view phrase = kPhrase;
    Measurement found;
    uint64_t hits = 0;
    for (size_t at = 0; (at = lower.find(phrase, at)) != std::string::npos; at += phrase.size()) {
      ++hits;
      if (found.evidence.size() < kMaxEvidence) found.evidence.push_back({at, at + phrase.size()});
    }
    found.value = static_cast<double>(hits);
    return found;
  }
};
constexpr char kLoremIpsum[] = "lorem ipsum";
constexpr char kCurlyBracket[] = "{";

Number sentences(std::string_view text) {
  uint64_t count = 0;
  for (const std::string_view line : lines_of(text)) {
    bool open = false;
    for (size_t at = 0; at < line.size();) {
      const size_t next = at + char_bytes(line, at);
      const char32_t c = decode_char(line, at);
      const bool japanese_end = c == U'。' || c == U'！' || c == U'？';
      const bool english_end =
          (c == '.' || c == '!' || c == '?') && (next == line.size() || line[next] == ' ');
      if (japanese_end || english_end) {
        count += open;
        open = false;
      } else if (is_word_char(c)) {
        open = true;
      }
      at = next;
    }
    count += open;
  }
  return static_cast<double>(count);
}

Number line_punctuation_share(std::string_view text) {
  const auto lines = lines_of(text);
  return share_of(static_cast<uint64_t>(std::count_if(lines.begin(), lines.end(), ends_sentence)),
                  lines.size());
}

Number newline_ratio(std::string_view text) {
  const auto newlines = std::count(text.begin(), text.end(), '\n');
  return share_of(static_cast<uint64_t>(newlines), words_of(text).size());
}

class ShortLines final : public Filter {
 public:
  explicit ShortLines(uint64_t chars) : chars_(chars) {}
  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const uint64_t chars, options.count("chars", 30));
    return std::make_unique<ShortLines>(chars);
  }
  Measurement measure(const Subject& subject, bool) const override {
    const auto lines = lines_of(subject.text);
    const auto is_short = [this](std::string_view line) { return count_chars(line) <= chars_; };
    return {.value =
                share_of(static_cast<uint64_t>(std::count_if(lines.begin(), lines.end(), is_short)),
                         lines.size())};
  }

 private:
  uint64_t chars_;
};

/// Keeps the lines that end a sentence, have enough words and speak neither of JavaScript nor of
/// cookies and terms.
class C4Lines final : public Filter {
 public:
  explicit C4Lines(uint64_t min_words) : min_words_(min_words) {}
  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const uint64_t min_words, options.count("min_words", 3));
    return std::make_unique<C4Lines>(min_words);
  }
  Measurement measure(const Subject& subject, bool) const override {
    if (subject.text.empty()) return {};
    std::string kept;
    for (const std::string_view line : lines_of(subject.text)) {
      if (!keeps(line)) continue;
      if (!kept.empty()) kept += '\n';
      kept += line;
    }
    if (kept == subject.text) return {.value = 0};
    const size_t before = subject.text.size();
    return {.value = share_of(before - kept.size(), before), .text = std::move(kept)};
  }

 private:
  bool keeps(std::string_view line) const {
    static constexpr std::array<std::string_view, 7> kPolicy = {
        "javascript",   "terms of use",   "privacy policy", "cookie policy",
        "uses cookies", "use of cookies", "use cookies"};
    if (!ends_sentence(line) || line.ends_with("...") || line.ends_with("…")) return false;
    if (words_of(line).size() < min_words_) return false;
    const std::string lower = to_lower(line);
    return std::none_of(kPolicy.begin(), kPolicy.end(), [&](std::string_view phrase) {
      return lower.find(phrase) != std::string::npos;
    });
  }

  uint64_t min_words_;
};

constexpr OptionInfo kMinWords[] = {{.name = "min_words",
                                     .fallback = "3",
                                     .english = "words that a line must have",
                                     .japanese = "行に必要な語数"}};
constexpr OptionInfo kChars[] = {{.name = "chars",
                                  .fallback = "30",
                                  .english = "characters of a line that is still short",
                                  .japanese = "短い行とみなす文字数"}};

constexpr std::string_view kC4 = "C4 (Raffel et al. 2020), 2.2";
constexpr std::string_view kFineWeb = "FineWeb (Penedo et al. 2024), 3.6";

constexpr FilterInfo kFilters[] = {
    {.name = "c4_lines",
     .unit = "share removed",
     .edits = true,
     .options = kMinWords,
     .source = kC4,
     .english =
         "Keeps lines that end a sentence and have enough words; drops JavaScript and cookie "
         "notices",
     .japanese = "文として終わり語数の足りる行だけを残し、JavaScript や Cookie の案内を除く",
     .make = C4Lines::make},
    {.name = "lorem_ipsum",
     .unit = "hits",
     .bounds = {.max = 0},
     .source = kC4,
     .english = "The phrase \"lorem ipsum\"",
     .japanese = "lorem ipsum の出現数",
     .make = Phrase<kLoremIpsum>::make},
    {.name = "curly_brackets",
     .unit = "hits",
     .bounds = {.max = 0},
     .source = kC4,
     .english = "Opening curly brackets: code",
     .japanese = "波括弧 { の数（プログラムの目印）",
     .make = Phrase<kCurlyBracket>::make},
    {.name = "sentences",
     .unit = "sentences",
     .bounds = {.min = 5},
     .source = kC4,
     .english = "Sentences, also those that end with 。！？",
     .japanese = "文の数（。！？で終わる文も数える）",
     .make = TextFilter<sentences>::make},
    {.name = "line_punctuation_share",
     .unit = "share",
     .bounds = {.min = 0.12},
     .source = kFineWeb,
     .english = "Lines that end with punctuation",
     .japanese = "句読点で終わる行の割合",
     .make = TextFilter<line_punctuation_share>::make},
    {.name = "short_line_share",
     .unit = "share",
     .bounds = {.max = 0.67},
     .options = kChars,
     .source = kFineWeb,
     .english = "Short lines",
     .japanese = "短い行の割合",
     .make = ShortLines::make},
    {.name = "newline_ratio",
     .unit = "per word",
     .bounds = {.max = 0.3},
     .source = "datatrove's FineWeb filter",
     .english = "Line breaks a word",
     .japanese = "1 語あたりの改行の数",
     .make = TextFilter<newline_ratio>::make},
};

}  // namespace

std::span<const FilterInfo> web_filters() { return kFilters; }

}  // namespace yurai
