#include "yurai/curate/words_of_text.h"

#include <array>

#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"

namespace yurai {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_white_space(decode_char(text, 0))) {
    text.remove_prefix(char_bytes(text, 0));
  }
  while (!text.empty()) {
    const size_t last = char_floor(text, text.size() - 1);
    if (!is_white_space(decode_char(text, last))) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

/// Scripts that write no spaces between words.
bool stands_alone(char32_t c) {
  return (c >= 0x3041 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0xff66 && c <= 0xff9f) || (c >= 0x20000 && c <= 0x3ffff) || c == 0x3005;
}

bool joins_words(char32_t c) { return c == '\'' || c == '-' || c == U'’'; }

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> paragraphs_of(std::string_view text) {
  std::vector<std::string_view> paragraphs;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find("\n\n", at), text.size());
    const std::string_view paragraph = trim(text.substr(at, end - at));
    if (!paragraph.empty()) paragraphs.push_back(paragraph);
    at = end;
    while (at < text.size() && text[at] == '\n') ++at;
  }
  return paragraphs;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  bool open = false;
  const auto close = [&](size_t end) {
    if (open) words.push_back(text.substr(begin, end - begin));
    open = false;
  };
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decode_char(text, at);
    const size_t next = at + char_bytes(text, at);
    if (stands_alone(c)) {
      close(at);
      if (is_word_char(c) || c == 0x30fc || c == 0xff70)
        words.push_back(text.substr(at, next - at));
    } else if (is_word_char(c)) {
      if (!open) begin = at;
      open = true;
    } else if (!(open && joins_words(c) && next < text.size() &&
                 is_word_char(decode_char(text, next)) && !stands_alone(decode_char(text, next)))) {
      close(at);
    }
    at = next;
  }
  close(text.size());
  return words;
}

bool ends_sentence(std::string_view line) {
  static constexpr std::array<char32_t, 12> kClosing = {U'"', U'\'', U')',  U'」', U'』', U'”',
                                                        U'’', U'）', U'］', U']',  U'】', U'〉'};
  static constexpr std::array<char32_t, 10> kEnds = {U'.',  U'!',  U'?',  U'…', U'。',
                                                     U'！', U'？', U'．', U'｡', U'♪'};
  const auto in = [](const auto& set, char32_t c) {
    for (const char32_t member : set) {
      if (member == c) return true;
    }
    return false;
  };
  while (!line.empty()) {
    const size_t last = char_floor(line, line.size() - 1);
    const char32_t c = decode_char(line, last);
    if (in(kEnds, c)) return true;
    if (!in(kClosing, c)) return false;
    line.remove_suffix(line.size() - last);
  }
  return false;
}

}  // namespace yurai
