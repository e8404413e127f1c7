#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "yurai/base/ascii.h"
#include "yurai/base/hash.h"
#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"
#include "yurai/curate/filters/text_filter.h"
#include "yurai/curate/words_of_text.h"

/// The rules of Rae et al., "Scaling Language Models: Methods, Analysis & Insights from Training
/// Gopher" (2021), A.1.1 and table A1.
namespace yurai {
namespace {

using Number = std::optional<double>;

constexpr std::string_view kSource = "Gopher (Rae et al. 2021), A.1.1";
constexpr std::string_view kRepetitionSource = "Gopher (Rae et al. 2021), table A1";

// ---- quality ----

Number word_count(std::string_view text) { return static_cast<double>(words_of(text).size()); }

Number mean_word_length(std::string_view text) {
  const auto words = words_of(text);
  uint64_t chars = 0;
  for (const std::string_view word : words) chars += count_chars(word);
  return share_of(chars, words.size());
}

uint64_t count(std::string_view text, std::string_view what) {
  uint64_t found = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) {
    ++found;
  }
  return found;
}

Number hash_ratio(std::string_view text) {
  return share_of(count(text, "#"), words_of(text).size());
}
Number ellipsis_ratio(std::string_view text) {
  return share_of(count(text, "...") + count(text, "…"), words_of(text).size());
}

template <class Holds>
Number line_share(std::string_view text, const Holds& holds) {
  const auto lines = lines_of(text);
  return share_of(static_cast<uint64_t>(std::count_if(lines.begin(), lines.end(), holds)),
                  lines.size());
}

Number bullet_lines(std::string_view text) {
  return line_share(text, [](std::string_view line) {
    return line.starts_with("•") || line.starts_with("-") || line.starts_with("・") ||
           line.starts_with("*") || line.starts_with("●") || line.starts_with("■");
  });
}

Number ellipsis_lines(std::string_view text) {
  return line_share(
      text, [](std::string_view line) { return line.ends_with("...") || line.ends_with("…"); });
}

Number alphabetic_words(std::string_view text) {
  const auto words = words_of(text);
  const auto has_letter = [](std::string_view word) {
    for (size_t at = 0; at < word.size(); at += char_bytes(word, at)) {
      const char32_t c = decode_char(word, at);
      if (c >= 0x80 || (c | 0x20) - 'a' < 26) return true;
    }
    return false;
  };
  return share_of(static_cast<uint64_t>(std::count_if(words.begin(), words.end(), has_letter)),
                  words.size());
}

Number stop_words(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kStopWords = {"the", "be",   "to",   "of",
                                                                 "and", "that", "have", "with"};
  std::array<bool, kStopWords.size()> seen{};
  for (const std::string_view word : words_of(text)) {
    if (word.size() > 4) continue;
    const auto found = std::find(kStopWords.begin(), kStopWords.end(), to_lower(word));
    if (found != kStopWords.end()) seen[static_cast<size_t>(found - kStopWords.begin())] = true;
  }
  return static_cast<double>(std::count(seen.begin(), seen.end(), true));
}

// ---- repetition ----

enum class Count { kPieces, kChars };

/// Share of the pieces, or of the text's characters, that stand in pieces seen before.
Number duplicates(const std::vector<std::string_view>& pieces, std::string_view text, Count what) {
  std::unordered_set<std::string_view> seen;
  uint64_t repeated = 0;
  uint64_t repeated_chars = 0;
  for (const std::string_view piece : pieces) {
    if (seen.insert(piece).second) continue;
    ++repeated;
    if (what == Count::kChars) repeated_chars += count_chars(piece);
  }
  return what == Count::kPieces ? share_of(repeated, pieces.size())
                                : share_of(repeated_chars, count_chars(text));
}

Number duplicate_lines(std::string_view text) {
  return duplicates(lines_of(text), text, Count::kPieces);
}
Number duplicate_line_chars(std::string_view text) {
  return duplicates(lines_of(text), text, Count::kChars);
}
Number duplicate_paragraphs(std::string_view text) {
  return duplicates(paragraphs_of(text), text, Count::kPieces);
}
Number duplicate_paragraph_chars(std::string_view text) {
  return duplicates(paragraphs_of(text), text, Count::kChars);
}

/// Words, their hashes and lengths, and what a walk over n-grams needs.
struct HashedWords {
  explicit HashedWords(std::string_view text) {
    for (const std::string_view word : words_of(text)) {
      hashes.push_back(xxh3(word));
      chars.push_back(count_chars(word));
      total += chars.back();
    }
  }
  /// 64 bits: that two n-grams of a document collide is a matter of 1e-9.
  uint64_t ngram(size_t at, size_t n) const {
    uint64_t hash = n;
    for (size_t i = at; i < at + n; ++i) hash = (hash ^ hashes[i]) * 0x9e3779b97f4a7c15ull + i - at;
    return hash ^ (hash >> 29);
  }
  uint64_t ngram_chars(size_t at, size_t n) const {
    uint64_t sum = 0;
    for (size_t i = at; i < at + n; ++i) sum += chars[i];
    return sum;
  }

  std::vector<uint64_t> hashes;
  std::vector<uint64_t> chars;
  uint64_t total = 0;
};

/// Share of the words' characters that the most frequent n-gram covers, if it occurs twice or more;
/// of equally frequent ones the longest counts.
template <size_t kN>
Number top_ngram(std::string_view text) {
  const HashedWords words(text);
  if (words.hashes.size() < kN) return share_of(0, words.total);
  std::unordered_map<uint64_t, uint64_t> counts;
  uint64_t best = 1;
  uint64_t best_chars = 0;
  for (size_t at = 0; at + kN <= words.hashes.size(); ++at) {
    const uint64_t times = ++counts[words.ngram(at, kN)];
    if (times < 2 || times < best) continue;
    const uint64_t chars = words.ngram_chars(at, kN);
    best_chars = times > best ? chars : std::max(best_chars, chars);
    best = times;
  }
  return share_of(best_chars == 0 ? 0 : std::min(best * best_chars, words.total), words.total);
}

/// Share of the words' characters in n-grams that occurred before, counted without overlap.
template <size_t kN>
Number duplicate_ngrams(std::string_view text) {
  const HashedWords words(text);
  std::unordered_set<uint64_t> seen;
  uint64_t repeated = 0;
  for (size_t at = 0; at + kN <= words.hashes.size();) {
    if (seen.insert(words.ngram(at, kN)).second) {
      ++at;
      continue;
    }
    repeated += words.ngram_chars(at, kN);
    at += kN;
  }
  return share_of(repeated, words.total);
}

constexpr FilterInfo rule(std::string_view name, std::string_view unit, Bounds bounds,
                          std::string_view source, std::string_view english,
                          std::string_view japanese, MadeFilter (*make)(FilterOptions&)) {
  return {.name = name,
          .unit = unit,
          .bounds = bounds,
          .source = source,
          .english = english,
          .japanese = japanese,
          .make = make};
}

constexpr FilterInfo kFilters[] = {
    rule("word_count", "words", {50, 100'000}, kSource,
         "Words; a character of Han, kana or Hangul is one",
         "語数（漢字・かなは 1 文字を 1 語とする）", TextFilter<word_count>::make),
    rule("mean_word_length", "characters", {3, 10}, kSource, "Characters a word, on average",
         "1 語の平均文字数（英語向け）", TextFilter<mean_word_length>::make),
    rule("hash_ratio", "per word", {std::nullopt, 0.1}, kSource, "Signs # a word",
         "1 語あたりの # の数", TextFilter<hash_ratio>::make),
    rule("ellipsis_ratio", "per word", {std::nullopt, 0.1}, kSource, "Ellipses a word",
         "1 語あたりの省略記号の数", TextFilter<ellipsis_ratio>::make),
    rule("bullet_line_share", "share", {std::nullopt, 0.9}, kSource,
         "Lines that begin with a bullet", "箇条書きの記号で始まる行の割合",
         TextFilter<bullet_lines>::make),
    rule("ellipsis_line_share", "share", {std::nullopt, 0.3}, kSource,
         "Lines that end with an ellipsis", "省略記号で終わる行の割合",
         TextFilter<ellipsis_lines>::make),
    rule("alphabetic_word_share", "share", {0.8, std::nullopt}, kSource,
         "Words with at least one letter", "文字を含む語の割合",
         TextFilter<alphabetic_words>::make),
    rule("stop_words", "words", {2, std::nullopt}, kSource,
         "How many of the, be, to, of, and, that, have, with occur (English)",
         "the, be, to, of, and, that, have, with のうち現れる数（英語向け）",
         TextFilter<stop_words>::make),
    rule("duplicate_line_share", "share", {std::nullopt, 0.30}, kRepetitionSource,
         "Lines that an earlier line repeats", "前に出た行と同じ行の割合",
         TextFilter<duplicate_lines>::make),
    rule("duplicate_line_char_share", "share", {std::nullopt, 0.20}, kRepetitionSource,
         "Characters in such lines (FineWeb: at most 0.01)", "前に出た行と同じ行の文字の割合",
         TextFilter<duplicate_line_chars>::make),
    rule("duplicate_paragraph_share", "share", {std::nullopt, 0.30}, kRepetitionSource,
         "Paragraphs that an earlier one repeats", "前に出た段落と同じ段落の割合",
         TextFilter<duplicate_paragraphs>::make),
    rule("duplicate_paragraph_char_share", "share", {std::nullopt, 0.20}, kRepetitionSource,
         "Characters in such paragraphs", "前に出た段落と同じ段落の文字の割合",
         TextFilter<duplicate_paragraph_chars>::make),
    rule("top_2gram_share", "share", {std::nullopt, 0.20}, kRepetitionSource,
         "Characters that the most frequent pair of words covers", "最頻の 2 語の並びが占める割合",
         TextFilter<top_ngram<2>>::make),
    rule("top_3gram_share", "share", {std::nullopt, 0.18}, kRepetitionSource,
         "The same for 3 words", "最頻の 3 語の並びが占める割合", TextFilter<top_ngram<3>>::make),
    rule("top_4gram_share", "share", {std::nullopt, 0.16}, kRepetitionSource,
         "The same for 4 words", "最頻の 4 語の並びが占める割合", TextFilter<top_ngram<4>>::make),
    rule("duplicate_5gram_share", "share", {std::nullopt, 0.15}, kRepetitionSource,
         "Characters in runs of 5 words that occurred before", "前に出た 5 語の並びの文字の割合",
         TextFilter<duplicate_ngrams<5>>::make),
    rule("duplicate_6gram_share", "share", {std::nullopt, 0.14}, kRepetitionSource,
         "The same for 6 words", "前に出た 6 語の並びの文字の割合",
         TextFilter<duplicate_ngrams<6>>::make),
    rule("duplicate_7gram_share", "share", {std::nullopt, 0.13}, kRepetitionSource,
         "The same for 7 words", "前に出た 7 語の並びの文字の割合",
         TextFilter<duplicate_ngrams<7>>::make),
    rule("duplicate_8gram_share", "share", {std::nullopt, 0.12}, kRepetitionSource,
         "The same for 8 words", "前に出た 8 語の並びの文字の割合",
         TextFilter<duplicate_ngrams<8>>::make),
    rule("duplicate_9gram_share", "share", {std::nullopt, 0.11}, kRepetitionSource,
         "The same for 9 words", "前に出た 9 語の並びの文字の割合",
         TextFilter<duplicate_ngrams<9>>::make),
    rule("duplicate_10gram_share", "share", {std::nullopt, 0.10}, kRepetitionSource,
         "The same for 10 words", "前に出た 10 語の並びの文字の割合",
         TextFilter<duplicate_ngrams<10>>::make),
};

}  // namespace

std::span<const FilterInfo> gopher_filters() { return kFilters; }

}  // namespace yurai
