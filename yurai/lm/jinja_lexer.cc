#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/jinja_syntax.h"

namespace yurai::jinja {
namespace {

bool is_name_begin(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Lexer {
 public:
  explicit Lexer(std::string_view source) {
    for (size_t i = 0; i < source.size(); ++i) {  // lines end in \n
      if (source[i] == '\r') {
        source_ += '\n';
        if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      } else {
        source_ += source[i];
      }
    }
    if (source_.ends_with('\n')) source_.pop_back();
    rest_ = source_;
  }

  Result<std::vector<Token>> run() {
    while (!rest_.empty()) YURAI_TRY(step());
    add(TokenKind::kEnd, "end of the template");
    return std::move(tokens_);
  }

 private:
  void add(TokenKind kind, std::string text, Value value = {}) {
    tokens_.push_back({kind, std::move(text), std::move(value), line_});
  }
  void take(size_t size) {
    for (const char c : rest_.substr(0, size)) line_ += c == '\n' ? 1 : 0;
    rest_.remove_prefix(std::min(size, rest_.size()));
  }
  void take_blanks() {
    size_t end = 0;
    while (end < rest_.size()) {
      const size_t size = char_bytes(rest_, end);
      if (!is_space(decode_char(rest_, end))) break;
      end += size;
    }
    take(end);
  }

  /// Text up to the next tag, then the tag.
  Result<void> step() {
    size_t begin = 0;
    for (;; ++begin) {
      begin = std::min(rest_.find('{', begin), rest_.size());
      if (begin + 1 >= rest_.size()) begin = rest_.size();
      if (begin == rest_.size() || std::string_view("{%#").find(rest_[begin + 1]) < 3) break;
    }
    std::string_view text = rest_.substr(0, begin);
    const bool tag = begin < rest_.size();
    const char kind = tag ? rest_[begin + 1] : '\0';
    const char sign = begin + 2 < rest_.size() ? rest_[begin + 2] : '\0';
    const std::string_view whole = text;
    if (tag && sign == '-') {
      text = stripped(text);
    } else if (tag && sign != '+' && kind != '{') {  // lstrip_blocks
      const size_t line = text.rfind('\n') + 1;      // npos + 1 is 0
      const bool blank = std::ranges::all_of(text.substr(line), is_blank);
      if (blank && (line > 0 || line_starts_)) text = text.substr(0, line);
    }
    if (!text.empty()) add(TokenKind::kText, std::string(text));
    line_starts_ = false;
    take(whole.size());
    if (!tag) return {};
    take(sign == '-' || sign == '+' ? 3 : 2);
    if (kind == '#') return comment();
    add(kind == '{' ? TokenKind::kOutputBegin : TokenKind::kBlockBegin, "tag");
    YURAI_TRY(inside(kind == '{' ? "}}" : "%}"));
    return kind == '%' ? raw() : Result<void>();
  }

  static std::string_view stripped(std::string_view text) {
    while (!text.empty()) {
      const size_t last = char_floor(text, text.size() - 1);
      if (!is_space(decode_char(text, last))) break;
      text = text.substr(0, last);
    }
    return text;
  }

  Result<void> comment() {
    const size_t end = rest_.find("#}");
    if (end == rest_.npos) return error_at(line_, "a comment without an end");
    const char sign = end > 0 ? rest_[end - 1] : '\0';
    take(end + 2);
    after_tag(sign, true);
    return {};
  }

  /// `-%}` takes all white space that follows, `%}` a line's end, `+%}` and `}}` nothing.
  void after_tag(char sign, bool block) {
    if (sign == '-') {
      take_blanks();
    } else if (block && sign != '+' && rest_.starts_with('\n')) {
      take(1);
      line_starts_ = true;
    }
    if (tokens_.empty()) line_starts_ = true;
  }

  /// The words of a tag, through its end.
  Result<void> inside(std::string_view end) {
    int open = 0;  // brackets: "}}" may end two dicts
    while (true) {
      while (!rest_.empty() && is_blank(rest_.front())) take(1);
      if (rest_.empty()) return error_at(line_, "a tag without an end");
      const char c = rest_.front();
      const bool sign = (c == '-' || (c == '+' && end == "%}")) && rest_.substr(1).starts_with(end);
      if (open == 0 && (sign || rest_.starts_with(end))) {
        add(end == "}}" ? TokenKind::kOutputEnd : TokenKind::kBlockEnd, std::string(end));
        take(sign ? 3 : 2);
        after_tag(sign ? c : '\0', end == "%}");
        return {};
      }
      if (is_name_begin(c)) {
        size_t size = 1;
        while (size < rest_.size() && (is_name_begin(rest_[size]) || is_digit(rest_[size]))) ++size;
        add(TokenKind::kName, std::string(rest_.substr(0, size)));
        take(size);
      } else if (is_digit(c)) {
        YURAI_TRY(number());
      } else if (c == '"' || c == '\'') {
        YURAI_TRY(quoted(c));
      } else {
        YURAI_TRY(symbol(open));
      }
    }
  }

  Result<void> number() {
    size_t size = 0;
    bool real = false;
    while (size < rest_.size()) {
      const char c = rest_[size];
      const bool point = c == '.' && !real && size + 1 < rest_.size() && is_digit(rest_[size + 1]);
      if (!is_digit(c) && c != '_' && !point) break;
      real |= point;
      ++size;
    }
    std::string digits(rest_.substr(0, size));
    std::erase(digits, '_');
    const char* end = digits.data() + digits.size();
    int64_t integer = 0;
    double value = 0;
    const auto parsed = real ? std::from_chars(digits.data(), end, value)
                             : std::from_chars(digits.data(), end, integer);
    if (parsed.ec != std::errc()) return error_at(line_, "a number that is too large");
    add(TokenKind::kConstant, digits, real ? Value(value) : Value(integer));
    take(size);
    return {};
  }

  Result<void> quoted(char quote) {
    std::string text;
    size_t at = 1;
    const auto hex = [&](size_t digits) {
      uint32_t value = 0;
      if (at + digits > rest_.size()) return false;
      const auto parsed = std::from_chars(rest_.data() + at, rest_.data() + at + digits, value, 16);
      if (parsed.ec != std::errc() || parsed.ptr != rest_.data() + at + digits) return false;
      if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
      at += digits;
      append_char(value, text);
      return true;
    };
    while (at < rest_.size() && rest_[at] != quote) {
      const char c = rest_[at++];
      if (c != '\\' || at == rest_.size()) {
        text += c;
        continue;
      }
      const char escaped = rest_[at++];
      constexpr std::string_view kEscapes = "ntrabfv0\\'\"";
      constexpr std::string_view kMeanings("\n\t\r\a\b\f\v\0\\'\"", 11);
      const size_t known = kEscapes.find(escaped);
      if (known != kEscapes.npos) {
        text += kMeanings[known];
      } else if (escaped == 'x' || escaped == 'u' || escaped == 'U') {
        if (!hex(escaped == 'x' ? 2 : escaped == 'u' ? 4 : 8)) {
          return error_at(line_, "a broken escape in a text");
        }
      } else if (escaped != '\n') {
        text += '\\';
        text += escaped;
      }
    }
    if (at >= rest_.size()) return error_at(line_, "a text without an end");
    add(TokenKind::kConstant, "text", Value(std::move(text)));
    take(at + 1);
    return {};
  }

  Result<void> symbol(int& open) {
    constexpr std::string_view kSymbols[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                             "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                             ">",  "<",  "=",  ".",  ":",  "|",  ","};
    for (const std::string_view symbol : kSymbols) {
      if (!rest_.starts_with(symbol)) continue;
      if (std::string_view("[({").find(symbol) < 3) ++open;
      if (std::string_view("])}").find(symbol) < 3 && --open < 0) {
        return error_at(line_, fmt::format("'{}' closes nothing", symbol));
      }
      add(TokenKind::kSymbol, std::string(symbol));
      take(symbol.size());
      return {};
    }
    return error_at(line_, fmt::format("'{}' has no meaning here",
                                       for_terminal(rest_.substr(0, char_bytes(rest_, 0)))));
  }

  /// After `{% raw %}`: text until `{% endraw %}`.
  Result<void> raw() {
    const size_t n = tokens_.size();
    if (n < 3 || tokens_[n - 2].text != "raw" || tokens_[n - 2].kind != TokenKind::kName ||
        tokens_[n - 3].kind != TokenKind::kBlockBegin) {
      return {};
    }
    tokens_.resize(n - 3);
    for (size_t at = rest_.find("{%"); at != rest_.npos; at = rest_.find("{%", at + 1)) {
      size_t end = at + 2;
      const bool strip = rest_.substr(end).starts_with('-');
      if (strip) ++end;
      while (end < rest_.size() && is_blank(rest_[end])) ++end;
      if (!rest_.substr(end).starts_with("endraw")) continue;
      const std::string_view text = rest_.substr(0, at);
      add(TokenKind::kText, std::string(strip ? stripped(text) : text));
      take(end + 6);
      return raw_end();
    }
    return error_at(line_, "a raw block without an end");
  }
  Result<void> raw_end() {
    while (!rest_.empty() && is_blank(rest_.front())) take(1);
    const bool strip = rest_.starts_with('-');
    if (strip) take(1);
    if (!rest_.starts_with("%}")) return error_at(line_, "an endraw without an end");
    take(2);
    after_tag(strip ? '-' : '\0', true);
    return {};
  }

  std::string source_;
  std::string_view rest_;
  std::vector<Token> tokens_;
  uint32_t line_ = 1;
  bool line_starts_ = true;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view source) { return Lexer(source).run(); }

tl::unexpected<Error> error_at(uint32_t line, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("chat template, line {}: {}", line, what));
}

}  // namespace yurai::jinja
