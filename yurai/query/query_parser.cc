#include "yurai/query/query_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

enum class TokenKind { kEnd, kPhrase, kOpen, kClose, kAnd, kOr, kNot, kWithin };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t byte = 0;
  std::string text;
};

tl::unexpected<Error> wrong(size_t byte, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("byte {} of the query: {}", byte, what));
}

bool is_space(char32_t c) {
  return c == U' ' || c == U'\t' || c == U'\n' || c == U'\r' || c == U'\u3000';
}

TokenKind kind_of_word(std::string_view word) {
  if (word == "AND") return TokenKind::kAnd;
  if (word == "OR") return TokenKind::kOr;
  if (word == "NOT") return TokenKind::kNot;
  if (word == "WITHIN") return TokenKind::kWithin;
  return TokenKind::kPhrase;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<PhraseQuery> parse() {
    YURAI_TRY(advance());
    YURAI_ASSIGN(query_.root, parse_or(0));
    if (token_.kind == TokenKind::kWithin) YURAI_TRY(parse_within());
    if (token_.kind == TokenKind::kClose) return wrong(token_.byte, "')' closes nothing");
    if (token_.kind != TokenKind::kEnd) {
      return wrong(token_.byte,
                   "AND, OR, NOT or WITHIN is needed between phrases; put a phrase that has spaces "
                   "in quotes");
    }
    return std::move(query_);
  }

 private:
  /// Reads the next token into `token_`.
  Result<void> advance() {
    while (at_ < text_.size() && is_space(decode_char(text_, at_))) at_ += char_bytes(text_, at_);
    token_ = {TokenKind::kEnd, at_, {}};
    if (at_ == text_.size()) return {};
    const char c = text_[at_];
    if (c == '(' || c == ')') {
      ++at_;
      token_.kind = c == '(' ? TokenKind::kOpen : TokenKind::kClose;
      return {};
    }
    if (c == '"') return read_quoted();
    while (at_ < text_.size() && !is_space(decode_char(text_, at_)) && text_[at_] != '(' &&
           text_[at_] != ')' && text_[at_] != '"') {
      at_ += char_bytes(text_, at_);
    }
    token_.text = text_.substr(token_.byte, at_ - token_.byte);
    token_.kind = kind_of_word(token_.text);
    return {};
  }

  Result<void> read_quoted() {
    token_.kind = TokenKind::kPhrase;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') {
        if (++at_ == text_.size()) break;
        if (text_[at_] != '"' && text_[at_] != '\\') {
          return wrong(at_, "in quotes only \\\" and \\\\ stand after a backslash");
        }
      }
      token_.text += text_[at_];
    }
    if (at_ == text_.size()) return wrong(token_.byte, "this quote is never closed");
    ++at_;
    if (token_.text.empty()) return wrong(token_.byte, "the phrase in these quotes is empty");
    return {};
  }

  Result<QueryNode> parse_or(int depth) {
    YURAI_ASSIGN(QueryNode first, parse_and(depth));
    if (token_.kind != TokenKind::kOr) return first;
    QueryNode node{QueryNode::Kind::kOr, 0, {}};
    node.parts.push_back(std::move(first));
    while (token_.kind == TokenKind::kOr) {
      YURAI_TRY(advance());
      YURAI_ASSIGN(QueryNode next, parse_and(depth));
      node.parts.push_back(std::move(next));
    }
    return node;
  }

  Result<QueryNode> parse_and(int depth) {
    const size_t begin = token_.byte;
    QueryNode node{QueryNode::Kind::kAnd, 0, {}};
    bool wanted = false;
    do {
      if (token_.kind == TokenKind::kAnd) YURAI_TRY(advance());
      const bool negated = token_.kind == TokenKind::kNot;
      if (negated) YURAI_TRY(advance());
      YURAI_ASSIGN(QueryNode part, parse_one(depth));
      if (negated) {
        QueryNode negation{QueryNode::Kind::kNot, 0, {}};
        negation.parts.push_back(std::move(part));
        node.parts.push_back(std::move(negation));
      } else {
        wanted = true;
        node.parts.push_back(std::move(part));
      }
    } while (token_.kind == TokenKind::kAnd || token_.kind == TokenKind::kNot);
    if (!wanted) {
      return wrong(begin, "NOT needs a phrase beside it that is wanted, such as A NOT B");
    }
    if (node.parts.size() > 1) return node;
    QueryNode only = std::move(node.parts.front());
    return only;
  }

  Result<QueryNode> parse_one(int depth) {
    if (token_.kind == TokenKind::kOpen) {
      const size_t open = token_.byte;
      if (depth == kMaxQueryDepth) {
        return wrong(open, fmt::format("brackets are nested deeper than {}", kMaxQueryDepth));
      }
      YURAI_TRY(advance());
      YURAI_ASSIGN(QueryNode inside, parse_or(depth + 1));
      if (token_.kind == TokenKind::kEnd) return wrong(open, "this '(' is never closed");
      if (token_.kind != TokenKind::kClose) {
        return wrong(token_.byte,
                     "AND, OR, NOT or ')' is needed here; put a phrase that has "
                     "spaces in quotes");
      }
      YURAI_TRY(advance());
      return inside;
    }
    if (token_.kind != TokenKind::kPhrase) {
      return wrong(token_.byte, token_.kind == TokenKind::kEnd
                                    ? "a phrase is needed here, but the query ends"
                                    : "a phrase is needed here; put AND, OR, NOT or WITHIN in "
                                      "quotes to look for the word");
    }
    YURAI_ASSIGN(const size_t number, phrase_number());
    YURAI_TRY(advance());
    return QueryNode{QueryNode::Kind::kPhrase, number, {}};
  }

  Result<size_t> phrase_number() {
    auto& phrases = query_.phrases;
    const auto same = std::find(phrases.begin(), phrases.end(), token_.text);
    const auto number = static_cast<size_t>(same - phrases.begin());
    if (same != phrases.end()) return number;
    if (phrases.size() == kMaxQueryPhrases) {
      return wrong(token_.byte, fmt::format("more than {} phrases", kMaxQueryPhrases));
    }
    phrases.push_back(token_.text);
    return number;
  }

  Result<void> parse_within() {
    YURAI_TRY(advance());
    if (token_.kind == TokenKind::kPhrase && token_.text == "DOCUMENT") return advance();
    uint64_t chars = 0;
    const char* end = token_.text.data() + token_.text.size();
    const auto parsed = std::from_chars(token_.text.data(), end, chars);
    if (token_.kind != TokenKind::kPhrase || parsed.ec != std::errc() || parsed.ptr != end ||
        chars < 1 || chars > kMaxWithinChars) {
      return wrong(token_.byte,
                   fmt::format("WITHIN takes a number of characters from 1 to {}, or DOCUMENT",
                               kMaxWithinChars));
    }
    query_.within_chars = chars;
    return advance();
  }

  std::string_view text_;
  size_t at_ = 0;
  Token token_;
  PhraseQuery query_;
};

std::string quoted(std::string_view phrase) {
  std::string out = "\"";
  for (const char c : phrase) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string shown(const PhraseQuery& query, const QueryNode& node, bool inside) {
  switch (node.kind) {
    case QueryNode::Kind::kPhrase:
      return quoted(query.phrases[node.phrase]);
    case QueryNode::Kind::kNot:
      return "NOT " + shown(query, node.parts[0], true);
    case QueryNode::Kind::kAnd:
    case QueryNode::Kind::kOr:
      break;
  }
  const bool is_and = node.kind == QueryNode::Kind::kAnd;
  std::string out;
  for (const QueryNode& part : node.parts) {
    const bool negated = part.kind == QueryNode::Kind::kNot;
    if (!out.empty()) out += is_and ? (negated ? " " : " AND ") : " OR ";
    out += shown(query, part, true);
  }
  return inside ? "(" + out + ")" : out;
}

}  // namespace

Result<PhraseQuery> parse_phrase_query(std::string_view text) {
  if (text.size() > kMaxQueryBytes) {
    return fail(
        ErrorCode::kResourceExhausted,
        fmt::format("the query has {} bytes, at most {} are read", text.size(), kMaxQueryBytes));
  }
  if (const auto invalid = find_invalid_utf8(text)) return wrong(*invalid, "not UTF-8");
  return Parser(text).parse();
}

std::string to_string(const PhraseQuery& query) {
  return shown(query, query.root, false) + (query.within_chars
                                                ? fmt::format(" WITHIN {}", *query.within_chars)
                                                : std::string(" WITHIN DOCUMENT"));
}

}  // namespace yurai
