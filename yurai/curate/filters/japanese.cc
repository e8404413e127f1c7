#include <cstring>

#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"
#include "yurai/curate/filter.h"

namespace yurai {
namespace {

constexpr std::string_view kKuten = "。";

double share(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// [ぁ-んァ-ン]
bool is_common_kana(char32_t c) {
  return (c >= 0x3041 && c <= 0x3093) || (c >= 0x30a1 && c <= 0x30f3);
}

class KanaEarly final : public Filter {
 public:
  explicit KanaEarly(uint64_t chars) : chars_(chars) {}
  static MadeFilter make(FilterOptions& options) {
    YURAI_ASSIGN(const uint64_t chars, options.count("within", 50));
    return std::make_unique<KanaEarly>(chars);
  }
  Measurement measure(const Subject& subject, bool) const override {
    const std::string_view text = subject.text;
    size_t at = 0;
    for (uint64_t i = 0; i < chars_ && at < text.size(); ++i, at += char_bytes(text, at)) {
      if (is_common_kana(decode_char(text, at))) return {.value = 1};
    }
    return {.value = 0};
  }

 private:
  uint64_t chars_;
};

uint64_t count_kuten(std::string_view text) {
  uint64_t count = 0;
  for (size_t at = 0; (at = text.find(kKuten, at)) != std::string_view::npos; at += kKuten.size()) {
    ++count;
  }
  return count;
}

class Kuten final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<Kuten>(); }
  Measurement measure(const Subject& subject, bool) const override {
    if (subject.text.empty()) return {};
    return {.value = share(1000 * count_kuten(subject.text), count_chars(subject.text))};
  }
};

/// Share of the characters that are in a class.
template <bool (*kIn)(char32_t)>
class CharShare final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<CharShare>(); }
  Measurement measure(const Subject& subject, bool) const override {
    const std::string_view text = subject.text;
    if (text.empty()) return {};
    uint64_t in = 0;
    uint64_t all = 0;
    for (size_t at = 0; at < text.size(); at += char_bytes(text, at), ++all) {
      in += kIn(decode_char(text, at));
    }
    return {.value = share(in, all)};
  }
};

bool is_hiragana(char32_t c) { return c >= 0x3041 && c <= 0x3096; }
bool is_japanese_punctuation(char32_t c) {
  return c == U'。' || c == U'、' || c == U'．' || c == U'，' || c == U'！' || c == U'？' ||
         c == U'「' || c == U'」' || c == U'｡' || c == U'､';
}

bool has_kana(std::string_view line) {
  for (size_t at = 0; at < line.size(); at += char_bytes(line, at)) {
    if (is_kana(decode_char(line, at))) return true;
  }
  return false;
}

bool is_url_char(std::string_view text, size_t at) {
  constexpr std::string_view kOthers = "/:%#$&?()~.=+-";
  const char c = text[at];
  return (c > 0 && kOthers.find(c) != std::string_view::npos) ||
         is_word_char(decode_char(text, at));
}

/// Appends `line` without what matches https?://[\w/:%#$&?()~.=+-]+ .
void append_without_urls(std::string_view line, std::string& out) {
  size_t copied = 0;
  for (size_t at = 0; (at = line.find("http", at)) != std::string_view::npos;) {
    size_t end = at + 4;
    if (end < line.size() && line[end] == 's') ++end;
    const size_t path = end + 3;
    if (line.substr(end, 3) != "://" || path >= line.size() || !is_url_char(line, path)) {
      at += 4;
      continue;
    }
    end = path;
    while (end < line.size() && is_url_char(line, end)) end += char_bytes(line, end);
    out.append(line.substr(copied, at - copied));
    at = copied = end;
  }
  out.append(line.substr(copied));
}

/// Takes runs of at least 100 ASCII characters out of out[from, end).
void remove_long_ascii(std::string& out, size_t from) {
  constexpr size_t kRun = 100;
  size_t write = from;
  for (size_t at = from; at < out.size();) {
    size_t end = at;
    const bool ascii = out[at] >= 0;
    while (end < out.size() && (out[end] >= 0) == ascii) ++end;
    if (!ascii || end - at < kRun) {
      std::memmove(out.data() + write, out.data() + at, end - at);
      write += end - at;
    }
    at = end;
  }
  out.resize(write);
}

/// An edit's number is the share of the bytes that it took away.
Measurement edited(std::string_view before, std::string after) {
  if (after == before) return {.value = 0};
  const double removed =
      before.size() < after.size() ? 0 : share(before.size() - after.size(), before.size());
  return {.value = removed, .text = std::move(after)};
}

class JapaneseLines final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<JapaneseLines>(); }
  Measurement measure(const Subject& subject, bool) const override {
    std::string_view rest = subject.text;
    if (rest.empty()) return {};
    std::string out;
    out.reserve(rest.size());
    while (true) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      if (has_kana(line)) {
        const size_t from = out.size();
        append_without_urls(line, out);
        remove_long_ascii(out, from);
      }
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
    return edited(subject.text, std::move(out));
  }
};

constexpr OptionInfo kWithin[] = {{.name = "within",
                                   .fallback = "50",
                                   .english = "characters from the start that are looked at",
                                   .japanese = "先頭から調べる文字数"}};

constexpr FilterInfo kFilters[] = {
    {.name = "japanese",
     .unit = "yes",
     .bounds = {.min = 1},
     .options = kWithin,
     .source = "HojiChar AcceptJapanese; llm-jp-corpus v1",
     .english = "Hiragana or katakana stands in the first characters",
     .japanese = "先頭付近にひらがな・カタカナがある",
     .make = KanaEarly::make},
    {.name = "kuten",
     .unit = "per 1,000 characters",
     .bounds = {.min = 4},
     .source =
         "HojiChar DiscardRareKuten; llm-jp-corpus v1 (4: one in 250, strict 12.5: one in 80)",
     .english = "Full stops (。) in 1,000 characters",
     .japanese = "1,000 文字あたりの句点（。）の数",
     .make = Kuten::make},
    {.name = "hiragana_share",
     .unit = "share",
     .bounds = {.min = 0.15},
     .source = "Swallow corpus rules (0.2 to 0.15 in use)",
     .english = "Hiragana among the characters",
     .japanese = "ひらがなの割合",
     .make = CharShare<is_hiragana>::make},
    {.name = "kana_share",
     .unit = "share",
     .bounds = {.min = 0.2},
     .source = "Yurai",
     .english = "Hiragana, katakana and ー among the characters",
     .japanese = "かな（ひらがな・カタカナ・ー）の割合",
     .make = CharShare<is_kana>::make},
    {.name = "ja_punctuation_share",
     .unit = "share",
     .bounds = {.min = 0.005, .max = 0.3},
     .source = "Yurai",
     .english = "Japanese punctuation (。、！？「」 …) among the characters",
     .japanese = "日本語の約物（。、！？「」など）の割合",
     .make = CharShare<is_japanese_punctuation>::make},
    {.name = "ja_lines",
     .unit = "share removed",
     .edits = true,
     .source = "llm-jp-corpus v1 extract_japanese_text",
     .english =
         "Drops lines without kana, URLs and 100 or more ASCII characters in a row, then joins "
         "the lines",
     .japanese = "かなのない行・URL・100 文字以上続く ASCII を除き、行をつなげる",
     .make = JapaneseLines::make},
};

}  // namespace

std::span<const FilterInfo> japanese_filters() { return kFilters; }

}  // namespace yurai
