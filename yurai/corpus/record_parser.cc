#include "yurai/corpus/record_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/encoding.h"

namespace yurai {
namespace {

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// Bytes that end a run of ordinary characters in a JSON string: quote, backslash, controls.
constexpr std::array<bool, 256> kEndsRun = [] {
  std::array<bool, 256> ends{};
  for (size_t i = 0; i < 0x20; ++i) ends[i] = true;
  ends[static_cast<unsigned char>('"')] = true;
  ends[static_cast<unsigned char>('\\')] = true;
  return ends;
}();

/// Walks through JSON text that is known to be UTF-8.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  /// The next byte, '\0' at the end (a NUL byte never is in the text).
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  size_t at() const { return at_; }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  tl::unexpected<Error> broken(std::string_view what) const {
    return bad(at_ < text_.size() ? fmt::format("broken JSON at byte {}: {}", at_, what)
                                  : fmt::format("broken JSON: it ends at byte {}: {}", at_, what));
  }

  /// A string, its opening quote next; appended to `out`, if there is one.
  Result<void> string(std::string* out) {
    ++at_;
    while (true) {
      const size_t run = at_;
      while (at_ < text_.size() && !kEndsRun[static_cast<unsigned char>(text_[at_])]) ++at_;
      if (out != nullptr) out->append(text_.substr(run, at_ - run));
      if (take('"')) return {};
      if (peek() != '\\') {
        return broken(at_ < text_.size() ? "a control character must be escaped"
                                         : "a string is not closed");
      }
      YURAI_TRY(escape(out));
    }
  }

  /// Any value; checks all of it and drops it.
  Result<void> skip_value(int depth) {
    switch (peek()) {
      case '"':
        return string(nullptr);
      case '{':
      case '[':
        return skip_container(depth);
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default: {
        YURAI_TRY(number());
        return {};
      }
    }
  }

  /// A number's own characters.
  Result<std::string_view> number() {
    const size_t begin = at_;
    take('-');
    if (!take('0') && digits() == 0) return broken("a value must stand here");
    if (take('.') && digits() == 0) return broken("a digit must stand here");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (digits() == 0) return broken("a digit must stand here");
    }
    return text_.substr(begin, at_ - begin);
  }

  Result<void> literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return broken("a value must stand here");
    at_ += word.size();
    return {};
  }

  /// After a member or an element: whether another one follows, else `close` was taken.
  Result<bool> another(char close) {
    skip_space();
    if (take(',')) {
      skip_space();
      return true;
    }
    if (take(close)) return false;
    return broken(fmt::format("',' or '{}' must stand here", close));
  }

  /// A member's name and the colon; appended to `name`, if there is one.
  Result<void> member_name(std::string* name) {
    if (peek() != '"') return broken("a member's name in quotes must stand here");
    YURAI_TRY(string(name));
    skip_space();
    if (!take(':')) return broken("':' must stand here");
    skip_space();
    return {};
  }

 private:
  size_t digits() {
    const size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - begin;
  }

  Result<void> skip_container(int depth) {
    if (depth >= kMaxNesting) {
      return bad(fmt::format("nested deeper than {} at byte {}", kMaxNesting, at_));
    }
    const bool object = text_[at_++] == '{';
    const char close = object ? '}' : ']';
    skip_space();
    if (take(close)) return {};
    for (bool more = true; more;) {
      if (object) YURAI_TRY(member_name(nullptr));
      YURAI_TRY(skip_value(depth + 1));
      YURAI_ASSIGN(more, another(close));
    }
    return {};
  }

  Result<void> escape(std::string* out) {
    ++at_;
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t letter = kLetters.find(peek()); peek() != '\0' && letter != kLetters.npos) {
      ++at_;
      if (out != nullptr) out->push_back(kMeanings[letter]);
      return {};
    }
    if (!take('u')) return broken("unknown escape");
    YURAI_ASSIGN(char32_t code, hex4());
    if (code >= 0xDC00 && code <= 0xDFFF) return broken("a low surrogate stands alone");
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (!take('\\') || !take('u')) return broken("a high surrogate stands alone");
      YURAI_ASSIGN(const char32_t low, hex4());
      if (low < 0xDC00 || low > 0xDFFF) return broken("a high surrogate stands alone");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (out != nullptr) append_char(code, *out);
    return {};
  }

  Result<char32_t> hex4() {
    char32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return broken("four hex digits must stand here");
      code = code * 16 + static_cast<char32_t>(digit);
    }
    return code;
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string_view type_name(char first) {
  switch (first) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case 't':
    case 'f':
      return "true or false";
    default:
      return "a number";
  }
}

/// The value of a mapped member.
Result<void> read_field(Scanner& scanner, size_t field, const FieldMap& map, Document& document) {
  std::string& out = document.*kDocumentMembers[field];
  const char first = scanner.peek();
  if (first == '"') return scanner.string(&out);
  const size_t begin = scanner.at();
  if (&out == &document.id && (first == '-' || (first >= '0' && first <= '9'))) {
    YURAI_ASSIGN(const std::string_view digits, scanner.number());
    if (digits.find_first_of(".eE") == std::string_view::npos) {
      out = digits;
      return {};
    }
  } else {
    YURAI_TRY(scanner.skip_value(1));
  }
  if (first == 'n') return {};
  return bad(fmt::format("'{}' must be a string, not {} (byte {})", for_terminal(map[field]),
                         type_name(first), begin));
}

/// Reads a line that is UTF-8 without raw NUL bytes.
Result<Document> parse_object(std::string_view line, const FieldMap& map) {
  Scanner scanner(line);
  scanner.skip_space();
  if (scanner.peek() != '{') {
    return bad(fmt::format("a record must be a JSON object (byte {})", scanner.at()));
  }
  scanner.take('{');
  scanner.skip_space();
  Document document;
  std::array<bool, kDocumentFields.size()> seen{};
  bool has_text = false;
  std::string name;
  bool more = !scanner.take('}');
  while (more) {
    name.clear();
    YURAI_TRY(scanner.member_name(&name));
    const size_t value_at = scanner.at();
    const char first = scanner.peek();
    std::optional<size_t> read_as;
    for (size_t field = 0; field < map.size(); ++field) {
      if (map[field] != name) continue;
      if (seen[field]) {
        return bad(fmt::format("'{}' stands twice (byte {})", for_terminal(name), value_at));
      }
      seen[field] = true;
      if (read_as) {  // two of our fields come from this member
        document.*kDocumentMembers[field] = document.*kDocumentMembers[*read_as];
      } else {
        YURAI_TRY(read_field(scanner, field, map, document));
        read_as = field;
      }
      has_text |= kDocumentMembers[field] == &Document::text && first == '"';
    }
    if (!read_as) YURAI_TRY(scanner.skip_value(1));
    YURAI_ASSIGN(more, scanner.another('}'));
  }
  scanner.skip_space();
  if (scanner.at() != line.size()) return scanner.broken("more follows the object");
  if (!has_text) {
    const auto text_field =
        static_cast<size_t>(std::find(kDocumentFields.begin(), kDocumentFields.end(), "text") -
                            kDocumentFields.begin());
    return bad(fmt::format("'{}' is missing", for_terminal(map[text_field])));
  }
  return document;
}

}  // namespace

FieldMap default_field_map() {
  FieldMap map;
  std::copy(kDocumentFields.begin(), kDocumentFields.end(), map.begin());
  return map;
}

Result<FieldMap> parse_field_map(std::string_view text) {
  FieldMap map = default_field_map();
  std::array<bool, kDocumentFields.size()> given{};
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view pair = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size()) {
      return bad(fmt::format("'{}' is no renaming; write ours=theirs, such as text=content",
                             for_terminal(pair)));
    }
    const auto field =
        std::find(kDocumentFields.begin(), kDocumentFields.end(), pair.substr(0, equals));
    if (field == kDocumentFields.end()) {
      return bad(fmt::format("'{}' is no field of a document; there are {}",
                             for_terminal(pair.substr(0, equals)),
                             fmt::join(kDocumentFields, ", ")));
    }
    const auto number = static_cast<size_t>(field - kDocumentFields.begin());
    if (given[number]) return bad(fmt::format("'{}' is renamed twice", *field));
    given[number] = true;
    map[number] = pair.substr(equals + 1);
  }
  return map;
}

Result<Document> parse_record(std::string_view line, const FieldMap& map) {
  YURAI_TRY(check_utf8_text(line));
  auto document = parse_object(line, map);
  if (!document && line.find('\x1b') != std::string_view::npos) {  // ISO-2022-JP is ASCII bytes
    document.error().message += encoding_hint(line);
  }
  return document;
}

}  // namespace yurai
