#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/lm/jinja_syntax.h"

namespace yurai::jinja {
namespace {

using Kind = Expression::Kind;

constexpr uint32_t kMaxDepth = 200;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Body> run() {
    YURAI_ASSIGN(Body body, this->body({}));
    if (here().kind != TokenKind::kEnd) return unexpected();
    return body;
  }

 private:
  /// While it lives, one level deeper.
  struct Level {
    explicit Level(uint32_t& depth_of) : depth(depth_of) { ++depth; }
    ~Level() { --depth; }
    uint32_t& depth;
  };

  const Token& here() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool is(TokenKind kind, std::string_view text) const {
    return here().kind == kind && here().text == text;
  }
  bool is_symbol(std::string_view text) const { return is(TokenKind::kSymbol, text); }
  bool is_name(std::string_view text) const { return is(TokenKind::kName, text); }
  bool skip(TokenKind kind, std::string_view text) {
    if (!is(kind, text)) return false;
    ++at_;
    return true;
  }
  bool skip_symbol(std::string_view text) { return skip(TokenKind::kSymbol, text); }
  bool skip_name(std::string_view text) { return skip(TokenKind::kName, text); }
  tl::unexpected<Error> unexpected() const {
    return error_at(here().line, fmt::format("'{}' was not expected", for_terminal(here().text)));
  }
  Result<void> expect(TokenKind kind, std::string_view text) {
    if (skip(kind, text)) return {};
    return error_at(here().line,
                    fmt::format("'{}' instead of '{}'", for_terminal(here().text), text));
  }
  Result<void> expect_symbol(std::string_view text) { return expect(TokenKind::kSymbol, text); }
  Result<void> end_block() { return expect(TokenKind::kBlockEnd, "%}"); }
  Result<std::string> name() {
    if (here().kind != TokenKind::kName) return unexpected();
    return tokens_[at_++].text;
  }

  // ---- expressions ----

  Result<ExpressionPtr> finish(ExpressionPtr expression) {
    expression->line = here().line;
    const auto count = [&](const ExpressionPtr& part) {
      if (part) expression->depth = std::max(expression->depth, part->depth + 1);
    };
    for (const ExpressionPtr& operand : expression->operands) count(operand);
    for (const Argument& argument : expression->arguments) count(argument.value);
    if (expression->depth > kMaxDepth) return error_at(here().line, "nested too deeply");
    return expression;
  }
  template <class... Operands>
  Result<ExpressionPtr> make(Kind kind, std::string text, Operands... operands) {
    auto expression = std::make_unique<Expression>();
    expression->kind = kind;
    expression->text = std::move(text);
    (expression->operands.push_back(std::move(operands)), ...);
    return finish(std::move(expression));
  }
  Result<ExpressionPtr> constant(Value value) {
    auto expression = std::make_unique<Expression>();
    expression->value = std::move(value);
    return finish(std::move(expression));
  }

  /// An expression, or several with commas between: a tuple.
  Result<ExpressionPtr> tuple(bool with_condition = true) {
    YURAI_ASSIGN(ExpressionPtr first, with_condition ? expression() : disjunction());
    if (!is_symbol(",")) return first;
    auto list = std::make_unique<Expression>();
    list->kind = Kind::kList;
    list->operands.push_back(std::move(first));
    while (skip_symbol(",")) {
      if (is_symbol(")") || here().kind == TokenKind::kBlockEnd ||
          here().kind == TokenKind::kOutputEnd) {
        break;
      }
      YURAI_ASSIGN(ExpressionPtr item, with_condition ? expression() : disjunction());
      list->operands.push_back(std::move(item));
    }
    return finish(std::move(list));
  }

  Result<ExpressionPtr> expression() {
    const Level level(depth_);
    if (depth_ > kMaxDepth) return error_at(here().line, "nested too deeply");
    YURAI_ASSIGN(ExpressionPtr value, disjunction());
    while (skip_name("if")) {
      YURAI_ASSIGN(ExpressionPtr condition, disjunction());
      ExpressionPtr otherwise;
      if (skip_name("else")) {
        YURAI_ASSIGN(otherwise, expression());
      }
      YURAI_ASSIGN(
          value, make(Kind::kIf, "", std::move(value), std::move(condition), std::move(otherwise)));
    }
    return value;
  }

  Result<ExpressionPtr> disjunction() {
    YURAI_ASSIGN(ExpressionPtr left, conjunction());
    while (skip_name("or")) {
      YURAI_ASSIGN(ExpressionPtr right, conjunction());
      YURAI_ASSIGN(left, make(Kind::kBinary, "or", std::move(left), std::move(right)));
    }
    return left;
  }
  Result<ExpressionPtr> conjunction() {
    YURAI_ASSIGN(ExpressionPtr left, negation());
    while (skip_name("and")) {
      YURAI_ASSIGN(ExpressionPtr right, negation());
      YURAI_ASSIGN(left, make(Kind::kBinary, "and", std::move(left), std::move(right)));
    }
    return left;
  }
  Result<ExpressionPtr> negation() {
    const Level level(depth_);
    if (depth_ > kMaxDepth) return error_at(here().line, "nested too deeply");
    if (!is_name("not")) return comparison();
    ++at_;
    YURAI_ASSIGN(ExpressionPtr operand, negation());
    return make(Kind::kUnary, "not", std::move(operand));
  }
  Result<ExpressionPtr> comparison() {
    YURAI_ASSIGN(ExpressionPtr left, sum());
    auto chain = std::make_unique<Expression>();
    chain->kind = Kind::kCompare;
    while (true) {
      std::string op;
      for (const std::string_view symbol : {"==", "!=", ">=", "<=", ">", "<"}) {
        if (op.empty() && skip_symbol(symbol)) op = symbol;
      }
      if (op.empty() && skip_name("in")) op = "in";
      if (op.empty() && is_name("not") && next().text == "in") {
        at_ += 2;
        op = "not in";
      }
      if (op.empty()) break;
      chain->operators.push_back(std::move(op));
      YURAI_ASSIGN(ExpressionPtr right, sum());
      chain->operands.push_back(std::move(right));
    }
    if (chain->operands.empty()) return left;
    chain->operands.insert(chain->operands.begin(), std::move(left));
    return finish(std::move(chain));
  }

  using Rule = Result<ExpressionPtr> (Parser::*)();
  Result<ExpressionPtr> binary(Rule part, std::initializer_list<std::string_view> symbols) {
    YURAI_ASSIGN(ExpressionPtr left, (this->*part)());
    while (here().kind == TokenKind::kSymbol &&
           std::ranges::find(symbols, std::string_view(here().text)) != symbols.end()) {
      std::string op = tokens_[at_++].text;
      YURAI_ASSIGN(ExpressionPtr right, (this->*part)());
      YURAI_ASSIGN(left, make(Kind::kBinary, std::move(op), std::move(left), std::move(right)));
    }
    return left;
  }
  Result<ExpressionPtr> sum() { return binary(&Parser::concatenation, {"+", "-"}); }
  Result<ExpressionPtr> concatenation() { return binary(&Parser::product, {"~"}); }
  Result<ExpressionPtr> product() { return binary(&Parser::power, {"*", "/", "//", "%"}); }
  Result<ExpressionPtr> power() { return binary(&Parser::unary_filtered, {"**"}); }
  Result<ExpressionPtr> unary_filtered() { return unary(true); }

  Result<ExpressionPtr> unary(bool with_filters) {
    const Level level(depth_);
    if (depth_ > kMaxDepth) return error_at(here().line, "nested too deeply");
    ExpressionPtr value;
    if (is_symbol("-") || is_symbol("+")) {
      std::string op = tokens_[at_++].text;
      YURAI_ASSIGN(ExpressionPtr operand, unary(false));
      YURAI_ASSIGN(value, make(Kind::kUnary, std::move(op), std::move(operand)));
    } else {
      YURAI_ASSIGN(value, primary());
    }
    YURAI_ASSIGN(value, postfix(std::move(value)));
    return with_filters ? filters(std::move(value)) : Result<ExpressionPtr>(std::move(value));
  }

  Result<ExpressionPtr> primary() {
    const Token& token = here();
    if (token.kind == TokenKind::kName) {
      ++at_;
      const std::string& word = token.text;
      if (word == "true" || word == "True") return constant(true);
      if (word == "false" || word == "False") return constant(false);
      if (word == "none" || word == "None") return constant(None());
      return make(Kind::kName, word);
    }
    if (token.kind == TokenKind::kConstant) {
      Value value = token.value;
      ++at_;
      while (value.text() != nullptr && here().kind == TokenKind::kConstant &&
             here().value.text() != nullptr) {  // texts side by side are one
        value = *value.text() + *here().value.text();
        ++at_;
      }
      return constant(std::move(value));
    }
    if (skip_symbol("(")) {
      if (skip_symbol(")")) return make(Kind::kList, "");
      YURAI_ASSIGN(ExpressionPtr value, tuple());
      YURAI_TRY(expect_symbol(")"));
      return value;
    }
    const bool list = is_symbol("[");
    if (!list && !is_symbol("{")) return unexpected();
    ++at_;
    auto items = std::make_unique<Expression>();
    items->kind = list ? Kind::kList : Kind::kDict;
    const std::string_view end = list ? "]" : "}";
    while (!skip_symbol(end)) {
      if (!items->operands.empty()) YURAI_TRY(expect_symbol(","));
      if (skip_symbol(end)) break;
      YURAI_ASSIGN(ExpressionPtr item, expression());
      items->operands.push_back(std::move(item));
      if (list) continue;
      YURAI_TRY(expect_symbol(":"));
      YURAI_ASSIGN(ExpressionPtr value, expression());
      items->operands.push_back(std::move(value));
    }
    return finish(std::move(items));
  }

  Result<ExpressionPtr> postfix(ExpressionPtr value) {
    while (true) {
      if (skip_symbol(".")) {
        if (here().kind == TokenKind::kConstant && here().value.integer() != nullptr) {
          YURAI_ASSIGN(ExpressionPtr index, constant(tokens_[at_++].value));
          YURAI_ASSIGN(value, make(Kind::kItem, "", std::move(value), std::move(index)));
          continue;
        }
        YURAI_ASSIGN(std::string member, name());
        YURAI_ASSIGN(value, make(Kind::kAttribute, std::move(member), std::move(value)));
      } else if (skip_symbol("[")) {
        YURAI_ASSIGN(value, subscript(std::move(value)));
      } else if (is_symbol("(")) {
        auto call = std::make_unique<Expression>();
        call->kind = Kind::kCall;
        call->operands.push_back(std::move(value));
        YURAI_ASSIGN(call->arguments, arguments());
        YURAI_ASSIGN(value, finish(std::move(call)));
      } else {
        return value;
      }
    }
  }

  Result<ExpressionPtr> subscript(ExpressionPtr value) {
    ExpressionPtr parts[3];
    size_t num_colons = 0;
    while (!skip_symbol("]")) {
      if (is_symbol(":")) {
        if (++num_colons > 2) return unexpected();
        ++at_;
      } else if (parts[num_colons]) {
        return unexpected();
      } else {
        YURAI_ASSIGN(parts[num_colons], expression());
      }
    }
    if (num_colons > 0) {
      return make(Kind::kSlice, "", std::move(value), std::move(parts[0]), std::move(parts[1]),
                  std::move(parts[2]));
    }
    if (!parts[0]) return unexpected();
    return make(Kind::kItem, "", std::move(value), std::move(parts[0]));
  }

  Result<std::vector<Argument>> arguments() {
    std::vector<Argument> list;
    YURAI_TRY(expect_symbol("("));
    while (!skip_symbol(")")) {
      if (!list.empty()) YURAI_TRY(expect_symbol(","));
      if (skip_symbol(")")) break;
      Argument argument;
      if (here().kind == TokenKind::kName && next().kind == TokenKind::kSymbol &&
          next().text == "=") {
        argument.name = here().text;
        at_ += 2;
      }
      YURAI_ASSIGN(argument.value, expression());
      list.push_back(std::move(argument));
    }
    return list;
  }

  Result<ExpressionPtr> filters(ExpressionPtr value) {
    while (true) {
      if (skip_symbol("|")) {
        YURAI_ASSIGN(value, filter(std::move(value)));
      } else if (skip_name("is")) {
        YURAI_ASSIGN(value, test(std::move(value)));
      } else if (is_symbol("(")) {
        YURAI_ASSIGN(value, postfix(std::move(value)));
      } else {
        return value;
      }
    }
  }

  Result<ExpressionPtr> filter(ExpressionPtr value) {
    auto filter = std::make_unique<Expression>();
    filter->kind = Kind::kFilter;
    YURAI_ASSIGN(filter->text, name());
    filter->operands.push_back(std::move(value));
    if (is_symbol("(")) {
      YURAI_ASSIGN(filter->arguments, arguments());
    }
    return finish(std::move(filter));
  }

  Result<ExpressionPtr> test(ExpressionPtr value) {
    const bool negated = skip_name("not");
    auto test = std::make_unique<Expression>();
    test->kind = Kind::kTest;
    YURAI_ASSIGN(test->text, name());
    test->operands.push_back(std::move(value));
    const Token& token = here();
    const bool word = token.kind == TokenKind::kName && token.text != "else" &&
                      token.text != "or" && token.text != "and" && token.text != "if" &&
                      token.text != "is" && token.text != "not" && token.text != "in";
    if (is_symbol("(")) {
      YURAI_ASSIGN(test->arguments, arguments());
    } else if (word || token.kind == TokenKind::kConstant || is_symbol("[") || is_symbol("{")) {
      Argument argument;
      YURAI_ASSIGN(argument.value, primary());
      YURAI_ASSIGN(argument.value, postfix(std::move(argument.value)));
      test->arguments.push_back(std::move(argument));
    }
    YURAI_ASSIGN(ExpressionPtr finished, finish(std::move(test)));
    if (!negated) return finished;
    return make(Kind::kUnary, "not", std::move(finished));
  }

  // ---- statements ----

  /// Statements up to a block that begins with one of these words, which stays.
  Result<Body> body(std::initializer_list<std::string_view> ends) {
    const Level level(depth_);
    if (depth_ > kMaxDepth) return error_at(here().line, "nested too deeply");
    Body body;
    while (here().kind != TokenKind::kEnd) {
      auto statement = std::make_unique<Statement>();
      statement->line = here().line;
      if (here().kind == TokenKind::kText) {
        statement->text = here().text;
        ++at_;
      } else if (here().kind == TokenKind::kOutputBegin) {
        ++at_;
        statement->kind = Statement::Kind::kOutput;
        YURAI_ASSIGN(ExpressionPtr value, tuple());
        statement->expressions.push_back(std::move(value));
        YURAI_TRY(expect(TokenKind::kOutputEnd, "}}"));
      } else {
        if (here().kind != TokenKind::kBlockBegin) return unexpected();
        if (std::ranges::find(ends, std::string_view(next().text)) != ends.end()) return body;
        ++at_;
        if (skip_name("generation") || skip_name("endgeneration")) {  // marks what an answer is
          YURAI_TRY(end_block());
          continue;
        }
        YURAI_TRY(block(*statement));
      }
      body.push_back(std::move(statement));
    }
    if (ends.size() > 0) {
      return error_at(here().line, fmt::format("'{}' is missing", *(ends.end() - 1)));
    }
    return body;
  }

  Result<void> block(Statement& statement) {
    YURAI_ASSIGN(const std::string word, name());
    if (word == "if") return if_block(statement);
    if (word == "for") return for_block(statement);
    if (word == "set") return set_block(statement);
    if (word == "macro") return macro_block(statement);
    if (word == "break" || word == "continue") {
      if (loops_ == 0) return error_at(statement.line, fmt::format("'{}' is in no loop", word));
      statement.kind = word == "break" ? Statement::Kind::kBreak : Statement::Kind::kContinue;
      return end_block();
    }
    return error_at(statement.line,
                    fmt::format("'{}' is not supported; we have if, for, set, macro, break, "
                                "continue, raw, generation",
                                for_terminal(word)));
  }

  Result<void> if_block(Statement& statement) {
    statement.kind = Statement::Kind::kIf;
    while (true) {
      YURAI_ASSIGN(ExpressionPtr condition, tuple());
      statement.expressions.push_back(std::move(condition));
      YURAI_TRY(end_block());
      YURAI_ASSIGN(Body branch, body({"elif", "else", "endif"}));
      statement.bodies.push_back(std::move(branch));
      ++at_;
      if (skip_name("elif")) continue;
      if (skip_name("else")) {
        YURAI_TRY(end_block());
        YURAI_ASSIGN(Body otherwise, body({"endif"}));
        statement.bodies.push_back(std::move(otherwise));
        ++at_;
      }
      YURAI_TRY(expect(TokenKind::kName, "endif"));
      return end_block();
    }
  }

  Result<void> targets(Statement& statement) {
    const bool bracket = skip_symbol("(");
    do {
      YURAI_ASSIGN(std::string target, name());
      statement.targets.push_back(std::move(target));
    } while (skip_symbol(","));
    return bracket ? expect_symbol(")") : Result<void>();
  }

  Result<void> for_block(Statement& statement) {
    statement.kind = Statement::Kind::kFor;
    YURAI_TRY(targets(statement));
    YURAI_TRY(expect(TokenKind::kName, "in"));
    YURAI_ASSIGN(ExpressionPtr list, tuple(false));
    statement.expressions.push_back(std::move(list));
    if (skip_name("if")) {
      YURAI_ASSIGN(ExpressionPtr condition, expression());
      statement.expressions.push_back(std::move(condition));
    }
    YURAI_TRY(end_block());
    ++loops_;
    YURAI_ASSIGN(Body loop, body({"else", "endfor"}));
    --loops_;
    statement.bodies.push_back(std::move(loop));
    ++at_;
    if (skip_name("else")) {
      YURAI_TRY(end_block());
      YURAI_ASSIGN(Body otherwise, body({"endfor"}));
      statement.bodies.push_back(std::move(otherwise));
      ++at_;
    }
    YURAI_TRY(expect(TokenKind::kName, "endfor"));
    return end_block();
  }

  Result<void> set_block(Statement& statement) {
    statement.kind = Statement::Kind::kSet;
    YURAI_TRY(targets(statement));
    if (statement.targets.size() == 1 && skip_symbol(".")) {
      statement.text = std::move(statement.targets[0]);
      YURAI_ASSIGN(statement.targets[0], name());
    }
    if (skip_symbol("=")) {
      YURAI_ASSIGN(ExpressionPtr value, tuple());
      statement.expressions.push_back(std::move(value));
      return end_block();
    }
    if (statement.targets.size() > 1) return unexpected();
    statement.kind = Statement::Kind::kSetBlock;
    YURAI_TRY(end_block());
    YURAI_ASSIGN(Body text, body({"endset"}));
    statement.bodies.push_back(std::move(text));
    at_ += 2;
    return end_block();
  }

  Result<void> macro_block(Statement& statement) {
    statement.kind = Statement::Kind::kMacro;
    YURAI_ASSIGN(statement.macro.name, name());
    YURAI_TRY(expect_symbol("("));
    while (!skip_symbol(")")) {
      if (!statement.macro.parameters.empty()) YURAI_TRY(expect_symbol(","));
      YURAI_ASSIGN(std::string parameter, name());
      ExpressionPtr missing;
      if (skip_symbol("=")) {
        YURAI_ASSIGN(missing, expression());
      }
      statement.macro.parameters.emplace_back(std::move(parameter), std::move(missing));
    }
    YURAI_TRY(end_block());
    const uint32_t outside = std::exchange(loops_, 0);
    YURAI_ASSIGN(statement.macro.body, body({"endmacro"}));
    loops_ = outside;
    at_ += 2;
    if (here().kind == TokenKind::kName) ++at_;  // endmacro may repeat the name
    return end_block();
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  uint32_t loops_ = 0;
};

}  // namespace

Result<Body> parse(std::string_view source) {
  YURAI_ASSIGN(std::vector<Token> tokens, lex(source));
  return Parser(std::move(tokens)).run();
}

}  // namespace yurai::jinja
