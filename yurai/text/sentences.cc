#include "yurai/text/sentences.h"

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr std::u32string_view kEnds = U"。！？．!?…";
constexpr std::u32string_view kClosing = U"」』）)】〉》”’\"'］]";

bool is_space(char32_t c) {
  return c == U' ' || c == U'\t' || c == U'\n' || c == U'\r' || c == U'\u3000';
}

bool is_in(std::u32string_view set, char32_t c) { return set.find(c) != set.npos; }

}  // namespace

std::vector<TextPart> split_sentences(std::string_view text) {
  std::vector<TextPart> sentences;
  TextPart sentence;
  bool begun = false;
  const auto finish = [&] {
    if (begun) sentences.push_back(sentence);
    begun = false;
  };
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decode_char(text, at);
    size_t next = at + char_bytes(text, at);
    if (c == U'\n') finish();
    if (!is_space(c)) {
      if (!begun) sentence.byte_begin = at;
      begun = true;
      sentence.byte_end = next;
    }
    const bool full_stop = c == U'.' && (next == text.size() || is_space(decode_char(text, next)));
    if (begun && (is_in(kEnds, c) || full_stop)) {
      for (; next < text.size(); next += char_bytes(text, next)) {
        const char32_t following = decode_char(text, next);
        if (!is_in(kEnds, following) && !is_in(kClosing, following)) break;
      }
      sentence.byte_end = next;
      finish();
    }
    at = next;
  }
  finish();
  return sentences;
}

}  // namespace yurai
