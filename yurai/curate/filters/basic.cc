#include <unicode/uchar.h>

#include <algorithm>

#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"
#include "yurai/curate/filters/text_filter.h"
#include "yurai/curate/words_of_text.h"

namespace yurai {
namespace {

using Number = std::optional<double>;

Number not_empty(std::string_view text) { return is_blank_text(text) ? 0 : 1; }
Number length(std::string_view text) { return static_cast<double>(count_chars(text)); }
Number bytes(std::string_view text) { return static_cast<double>(text.size()); }

Number mean_line_length(std::string_view text) {
  const auto lines = lines_of(text);
  uint64_t chars = 0;
  for (const std::string_view line : lines) chars += count_chars(line);
  return share_of(chars, lines.size());
}

Number max_line_length(std::string_view text) {
  size_t longest = 0;
  for (const std::string_view line : lines_of(text)) {
    longest = std::max(longest, count_chars(line));
  }
  return static_cast<double>(longest);
}

Number alphanumeric_share(std::string_view text) {
  uint64_t in = 0;
  uint64_t all = 0;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at), ++all) {
    const char32_t c = decode_char(text, at);
    in += c < 0x80 ? is_word_char(c) && c != '_' : u_isalnum(static_cast<UChar32>(c)) != 0;
  }
  return share_of(in, all);
}

Number ascii_share(std::string_view text) {
  const auto ascii = std::count_if(text.begin(), text.end(), [](char c) { return c >= 0; });
  return share_of(static_cast<uint64_t>(ascii), count_chars(text));
}

/// Bytes of http:// and https:// links up to white space, a quote, a bracket or a Japanese
/// character.
Number link_share(std::string_view text) {
  uint64_t linked = 0;
  for (size_t at = 0; (at = text.find("http", at)) != std::string_view::npos;) {
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with("http://") && !rest.starts_with("https://")) {
      at += 4;
      continue;
    }
    const auto ends = [](char c) {
      return c <= ' ' || c == '"' || c == '<' || c == '>' || c == ')' || c == ']' || c == '\'';
    };
    const auto end = std::find_if(rest.begin(), rest.end(), ends);
    const auto length = static_cast<size_t>(end - rest.begin());
    linked += length;
    at += length;
  }
  return share_of(linked, text.size());
}

constexpr FilterInfo kFilters[] = {
    {.name = "not_empty",
     .unit = "yes",
     .bounds = {.min = 1},
     .source = "llm-jp-corpus v1 is_not_empty",
     .english = "The text is more than white space",
     .japanese = "空白以外の文字がある",
     .make = TextFilter<not_empty>::make},
    {.name = "length",
     .unit = "characters",
     .bounds = {.min = 200, .max = 50'000},
     .source = "HojiChar DocumentLengthFilter",
     .english = "Characters of the text",
     .japanese = "本文の文字数",
     .make = TextFilter<length>::make},
    {.name = "bytes",
     .unit = "bytes",
     .bounds = {.min = 1},
     .source = "Yurai",
     .english = "Bytes of the text in UTF-8",
     .japanese = "本文の UTF-8 バイト数",
     .make = TextFilter<bytes>::make},
    {.name = "mean_line_length",
     .unit = "characters",
     .bounds = {.min = 10, .max = 100'000},
     .source = "RedPajama, StarCoder (code: at most 100)",
     .english = "Characters a line, on average; empty lines don't count",
     .japanese = "1 行の平均文字数（空行は数えない）",
     .make = TextFilter<mean_line_length>::make},
    {.name = "max_line_length",
     .unit = "characters",
     .bounds = {.max = 100'000},
     .source = "RedPajama, StarCoder (code: at most 1,000)",
     .english = "Characters of the longest line",
     .japanese = "最長の行の文字数",
     .make = TextFilter<max_line_length>::make},
    {.name = "alphanumeric_share",
     .unit = "share",
     .bounds = {.min = 0.25},
     .source = "RedPajama, StarCoder has_valid_alphanum_fraction",
     .english = "Letters and digits of any script among the characters",
     .japanese = "文字・数字（あらゆる文字体系）の割合",
     .make = TextFilter<alphanumeric_share>::make},
    {.name = "ascii_share",
     .unit = "share",
     .bounds = {.max = 0.5},
     .source = "Yurai, for Japanese",
     .english = "ASCII among the characters",
     .japanese = "ASCII 文字の割合",
     .make = TextFilter<ascii_share>::make},
    {.name = "link_share",
     .unit = "share",
     .bounds = {.max = 0.2},
     .source = "Yurai; the field's link-density rule on plain text",
     .english = "Bytes of http(s) links among the bytes",
     .japanese = "リンク（http/https）が占めるバイトの割合",
     .make = TextFilter<link_share>::make},
};

}  // namespace

std::span<const FilterInfo> basic_filters() { return kFilters; }

}  // namespace yurai
