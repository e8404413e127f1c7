#include "yurai/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kMaxPatternBytes = 64 << 10;
constexpr uint32_t kMatchLimit = 10'000'000;    // steps of one match
constexpr size_t kMaxJitStackBytes = 16 << 20;  // of a thread that needs it

// White space and words as Oniguruma has them; PCRE2's \s has U+180E too, its \w no marks.
constexpr std::string_view kSpaces = R"(\t-\r\x{85}\p{Z})";
constexpr std::string_view kWordChars = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

tl::unexpected<Error> refuse(std::string_view pattern, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("regular expression '{}': {}",
                                                       for_terminal(pattern.substr(0, 200)), what));
}

/// Walks a pattern once and writes it anew.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        YURAI_TRY(escape(false));
      } else if (c == '[') {
        YURAI_TRY(char_class());
      } else if (c == '(') {
        YURAI_TRY(group());
      } else if (c == '}' && next_is('+')) {
        return refuse(pattern_, "'}+' repeats in Ruby and is possessive elsewhere; not supported");
      } else {
        take();
      }
    }
    return std::move(out_);
  }

 private:
  bool next_is(char c) const { return at_ + 1 < pattern_.size() && pattern_[at_ + 1] == c; }
  void take(size_t count = 1) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  Result<void> group() {
    if (!next_is('?')) {
      if (next_is('*')) return refuse(pattern_, "verbs '(*' are not supported");
      take();
      return {};
    }
    const std::string_view rest = pattern_.substr(at_ + 2);
    for (const std::string_view kind : {":", "=", "!", ">", "<=", "<!"}) {
      if (rest.starts_with(kind)) {
        take(2 + kind.size());
        return {};
      }
    }
    // (?i), (?i:, (?-i): Ruby's m is another one.
    const size_t end = rest.find_first_not_of("i-");
    if (end != 0 && end != rest.npos && (rest[end] == ':' || rest[end] == ')')) {
      take(2 + end + 1);
      return {};
    }
    return refuse(pattern_, fmt::format("the group at byte {} is of an unknown kind", at_));
  }

  Result<void> char_class() {
    take();
    if (at_ < pattern_.size() && pattern_[at_] == '^') take();
    if (at_ < pattern_.size() && pattern_[at_] == ']') {
      return refuse(pattern_, "a ']' at the beginning of a class must be written '\\]'");
    }
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      if (pattern_[at_] == '\\') {
        YURAI_TRY(escape(true));
      } else if (pattern_[at_] == '[') {
        const size_t end = pattern_.find(":]", at_);
        if (!next_is(':') || end == pattern_.npos) {
          return refuse(pattern_, "classes within classes are not supported");
        }
        take(end + 2 - at_);
      } else if (pattern_[at_] == '&' && next_is('&')) {
        return refuse(pattern_, "'&&' in a class is not supported");
      } else {
        take();
      }
    }
    if (at_ == pattern_.size()) return refuse(pattern_, "a '[' is not closed");
    take();
    return {};
  }

  Result<void> escape(bool in_class) {
    if (at_ + 1 == pattern_.size()) return refuse(pattern_, "it ends in '\\'");
    const char c = pattern_[at_ + 1];
    if ((static_cast<unsigned char>(c) & 0x80) != 0 || std::isalnum(c) == 0) {
      take(2);
      return {};
    }
    const auto write = [&](std::string_view members, bool negated) {
      out_ += in_class ? std::string(members) : fmt::format("[{}{}]", negated ? "^" : "", members);
      at_ += 2;
    };
    switch (c) {
      case 's':
        write(kSpaces, false);
        return {};
      case 'S':
        if (in_class) {
          write("\\S\\x{180E}", false);  // what PCRE2's \S lacks
        } else {
          write(kSpaces, true);
        }
        return {};
      case 'w':
        write(kWordChars, false);
        return {};
      case 'W':
        if (in_class) return refuse(pattern_, "'\\W' in a class is not supported");
        write(kWordChars, true);
        return {};
      case 'h':
        write("0-9a-fA-F", false);
        return {};
      case 'v':
        out_ += "\\x0b";
        at_ += 2;
        return {};
      case 'u':
        return hex_escape(4);
      case 'x':
        if (at_ + 2 < pattern_.size() && pattern_[at_ + 2] == '{') {
          take(2);  // \x{…} means the same
          return {};
        }
        return hex_escape(2);
      case 'p':
      case 'P':
        return property();
      case 'd':
      case 'D':
      case 'n':
      case 'r':
      case 't':
      case 'f':
      case 'a':
      case 'e':
        take(2);
        return {};
      case 'A':
      case 'z':
      case 'Z':
        if (!in_class) {
          take(2);
          return {};
        }
        [[fallthrough]];
      default:
        return refuse(pattern_, fmt::format("'\\{}' is not supported", c));
    }
  }

  Result<void> hex_escape(size_t digits) {
    const std::string_view hex = pattern_.substr(at_ + 2, digits);
    const bool sound = hex.size() == digits && std::all_of(hex.begin(), hex.end(), [](char c) {
                         return std::isxdigit(static_cast<unsigned char>(c)) != 0;
                       });
    if (!sound) return refuse(pattern_, "a code point is written in two or four hex digits");
    out_ += fmt::format("\\x{{{}}}", hex);
    at_ += 2 + digits;
    return {};
  }

  /// General categories have one or two letters; other names are scripts, which PCRE2 would
  /// otherwise take for script extensions.
  Result<void> property() {
    const size_t end = pattern_.find('}', at_);
    if (!next_is(pattern_[at_ + 1]) || at_ + 2 >= pattern_.size() || pattern_[at_ + 2] != '{' ||
        end == pattern_.npos) {
      return refuse(pattern_, "a property is written '\\p{Name}'");
    }
    std::string_view name = pattern_.substr(at_ + 3, end - at_ - 3);
    bool negated = pattern_[at_ + 1] == 'P';
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
    if (!plain) return refuse(pattern_, "a property has an odd name");
    const bool is_script = name.size() > 2 && name != "Alphabetic";
    out_ += fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', is_script ? "sc:" : "", name);
    at_ = end + 1;
    return {};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
};

struct MatchData {
  explicit MatchData(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)),
        context(pcre2_match_context_create(nullptr)) {
    YURAI_CHECK(data != nullptr && context != nullptr);
    pcre2_set_match_limit(context, kMatchLimit);
  }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  ~MatchData() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
  /// More room than the machine's own 32 KiB, for matches that go back far.
  void grow_stack() {
    stack = pcre2_jit_stack_create(64 << 10, kMaxJitStackBytes, nullptr);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }

  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack = nullptr;
};

}  // namespace

struct Regex::Code {
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
  pcre2_code* code = nullptr;
  std::string literal;  ///< of Regex::literal
  std::string shown;
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<std::string> to_pcre2(std::string_view pattern) {
  if (pattern.empty()) return refuse(pattern, "it is empty");
  if (pattern.size() > kMaxPatternBytes) {
    return refuse(pattern, fmt::format("longer than {} bytes", kMaxPatternBytes));
  }
  return Translator(pattern).run();
}

Result<Regex> Regex::compile(std::string_view pattern, std::string_view shown) {
  auto code = std::make_unique<Code>();
  code->shown = shown;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  YURAI_CHECK(context != nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context, 100);
  int error = 0;
  PCRE2_SIZE offset = 0;
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                             PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                             &error, &offset, context);
  pcre2_compile_context_free(context);
  if (code->code == nullptr) {
    std::string message(256, '\0');
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message.data()), message.size());
    return refuse(shown, message.c_str());
  }
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);  // without it, matching is only slower
  return Regex(std::move(code));
}

Result<Regex> Regex::parse(std::string_view pattern) {
  YURAI_ASSIGN(const std::string translated, to_pcre2(pattern));
  const bool plain = pattern.find_first_of("\\[](){}.*+?^$|") == pattern.npos;
  return plain ? literal(pattern) : compile(translated, pattern);
}

Result<Regex> Regex::literal(std::string_view text) {
  if (text.empty()) return refuse(text, "it is empty");
  auto code = std::make_unique<Code>();
  code->literal = text;
  return Regex(std::move(code));
}

Regex Regex::own(std::string_view pattern) { return compile(pattern, pattern).value(); }

Result<std::vector<TextRange>> Regex::find_all(std::string_view text) const {
  std::vector<TextRange> found;
  if (!code_->literal.empty()) {
    const size_t size = code_->literal.size();
    for (size_t at = text.find(code_->literal); at != text.npos;
         at = text.find(code_->literal, at + size)) {
      found.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + size)});
    }
    return found;
  }
  MatchData match(code_->code);
  size_t last_end = text.npos;  // of the match before
  for (size_t at = 0; at <= text.size();) {
    const auto search = [&] {
      return pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                         PCRE2_NO_UTF_CHECK, match.data, match.context);
    };
    int rc = search();
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT && match.stack == nullptr) {
      match.grow_stack();
      rc = search();
    }
    if (rc == PCRE2_ERROR_NOMATCH) break;
    if (rc < 0) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("regular expression '{}': gave up at byte {} of the text (error {})",
                              for_terminal(code_->shown.substr(0, 200)), at, rc));
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.data);
    if (ends[0] == ends[1] && ends[1] == last_end) {  // an empty one right behind another
      at += at < text.size() ? char_bytes(text, at) : 1;
      continue;
    }
    found.push_back({static_cast<uint32_t>(ends[0]), static_cast<uint32_t>(ends[1])});
    at = last_end = ends[1];
  }
  return found;
}

}  // namespace yurai
