#include "yurai/lm/jinja_evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/jinja_builtins.h"

namespace yurai::jinja {
namespace {

using Kind = Expression::Kind;

constexpr uint32_t kMaxCalls = 32;  // of macros in macros, and the blocks in each

enum class Flow { kOn, kBreak, kContinue };

/// The names of a block and, behind them, of those around it.
struct Scope {
  Scope* outer = nullptr;
  Dict names{};

  void set(const std::string& name, Value value) {
    const auto member = std::ranges::find(names, name, &std::pair<std::string, Value>::first);
    if (member == names.end()) {
      names.emplace_back(name, std::move(value));
    } else {
      member->second = std::move(value);
    }
  }
};

Result<Value> arithmetic(const std::string& op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  if (op == "+") overflow = __builtin_add_overflow(a, b, &result);
  if (op == "-") overflow = __builtin_sub_overflow(a, b, &result);
  if (op == "*") overflow = __builtin_mul_overflow(a, b, &result);
  if (op == "//" || op == "%") {
    if (b == 0) return wrong("division by zero");
    if (b == -1) return arithmetic("*", op == "%" ? 0 : a, -1);
    const int64_t down = (a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0;
    result = op == "//" ? a / b - down : a % b + down * b;
  }
  if (op == "**") {
    if (b < 0) return std::pow(static_cast<double>(a), static_cast<double>(b));
    if (b > 64) return wrong("a power beyond 64 bits");
    result = 1;
    for (int64_t i = 0; i < b && !overflow; ++i)
      overflow = __builtin_mul_overflow(result, a, &result);
  }
  if (op == "/") {
    if (b == 0) return wrong("division by zero");
    return static_cast<double>(a) / static_cast<double>(b);
  }
  if (overflow) return wrong("a number beyond 64 bits");
  return result;
}

Result<Value> arithmetic(const std::string& op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "**") return std::pow(a, b);
  if (b == 0) return wrong("division by zero");
  if (op == "/") return a / b;
  if (op == "//") return std::floor(a / b);
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

class Evaluator {
 public:
  explicit Evaluator(const Dict& variables) {
    globals_.names = variables;
    scope_ = &globals_;
  }

  Result<std::string> run(const Body& body) {
    YURAI_TRY(this->body(body));
    return std::move(out_);
  }

 private:
  /// While it lives, names that are set are its own.
  class ScopeGuard {
   public:
    ScopeGuard(Scope*& current, Scope* outer) : current_(current), before_(current) {
      scope.outer = outer;
      current_ = &scope;
    }
    ~ScopeGuard() { current_ = before_; }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;
    Scope scope;

   private:
    Scope*& current_;
    Scope* before_;
  };

  // ---- statements ----

  Result<void> print(const std::string& text) {
    YURAI_TRY(budget_.spend(text.size()));
    if (out_.size() + text.size() > kMaxOutputBytes) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("the template prints more than {} bytes", kMaxOutputBytes));
    }
    out_ += text;
    return {};
  }

  Result<Flow> body(const Body& body) {
    for (const auto& statement : body) {
      auto flow = run(*statement);
      if (!flow) return located(std::move(flow).error(), statement->line);
      if (*flow != Flow::kOn) return *flow;
    }
    return Flow::kOn;
  }

  /// The error with the line of the innermost statement.
  tl::unexpected<Error> located(Error error, uint32_t line) {
    if (!located_) error.message = fmt::format("chat template, line {}: {}", line, error.message);
    located_ = true;
    return fail(std::move(error));
  }

  Result<Flow> run(const Statement& statement) {
    using StatementKind = Statement::Kind;
    YURAI_TRY(budget_.spend(16));
    YURAI_TRY(check_stop());
    switch (statement.kind) {
      case StatementKind::kText:
        YURAI_TRY(print(statement.text));
        return Flow::kOn;
      case StatementKind::kOutput: {
        YURAI_ASSIGN(const Value value, evaluate(*statement.expressions[0]));
        YURAI_TRY(budget_.spend(value.weight));
        YURAI_TRY(print(str(value)));
        return Flow::kOn;
      }
      case StatementKind::kIf:
        for (size_t i = 0; i < statement.expressions.size(); ++i) {
          YURAI_ASSIGN(const Value condition, evaluate(*statement.expressions[i]));
          if (truth(condition)) return body(statement.bodies[i]);
        }
        if (statement.bodies.size() == statement.expressions.size()) return Flow::kOn;
        return body(statement.bodies.back());
      case StatementKind::kFor:
        YURAI_TRY(loop(statement));
        return Flow::kOn;
      case StatementKind::kSet:
        YURAI_TRY(set(statement));
        return Flow::kOn;
      case StatementKind::kSetBlock: {
        YURAI_ASSIGN(std::string text, captured(statement.bodies[0]));
        YURAI_TRY(assign(statement, std::move(text)));
        return Flow::kOn;
      }
      case StatementKind::kMacro:
        scope_->set(statement.macro.name, &statement.macro);
        return Flow::kOn;
      case StatementKind::kBreak:
        return Flow::kBreak;
      case StatementKind::kContinue:
        return Flow::kContinue;
    }
    return Flow::kOn;
  }

  /// What a body prints.
  Result<std::string> captured(const Body& body) {
    std::string before = std::exchange(out_, {});
    auto flow = this->body(body);
    std::string text = std::exchange(out_, std::move(before));
    if (!flow) return fail(std::move(flow).error());
    return text;
  }

  Result<void> set(const Statement& statement) {
    YURAI_ASSIGN(Value value, evaluate(*statement.expressions[0]));
    return assign(statement, std::move(value));
  }
  Result<void> assign(const Statement& statement, Value value) {
    if (statement.text.empty()) return bind(*scope_, statement.targets, std::move(value));
    const Value target = lookup(statement.text);
    const auto* names = std::get_if<std::shared_ptr<Namespace>>(&target.data);
    if (names == nullptr) {
      return wrong(
          fmt::format("'{}' is no namespace, whose members alone can be set", statement.text));
    }
    if (value.depth >= kMaxValueDepth)
      return wrong("a namespace in a namespace, or values too deep");
    Scope members;
    members.names = std::move((*names)->members);
    members.set(statement.targets[0], std::move(value));
    (*names)->members = std::move(members.names);
    return {};
  }

  Result<void> bind(Scope& scope, const std::vector<std::string>& targets, Value value) {
    if (targets.size() == 1) {
      scope.set(targets[0], std::move(value));
      return {};
    }
    YURAI_ASSIGN(const List items, items_of(value, budget_));
    if (items.size() != targets.size()) {
      return wrong(fmt::format("{} values for {} names", items.size(), targets.size()));
    }
    for (size_t i = 0; i < items.size(); ++i) scope.set(targets[i], items[i]);
    return {};
  }

  Result<void> loop(const Statement& statement) {
    YURAI_ASSIGN(const Value iterable, evaluate(*statement.expressions[0]));
    YURAI_ASSIGN(List items, items_of(iterable, budget_));
    if (statement.expressions.size() > 1) {
      List kept;
      for (Value& item : items) {
        ScopeGuard guard(scope_, scope_);
        YURAI_TRY(bind(guard.scope, statement.targets, item));
        YURAI_ASSIGN(const Value keep, evaluate(*statement.expressions[1]));
        if (truth(keep)) kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    const auto number = [](size_t value) { return Value(static_cast<int64_t>(value)); };
    for (size_t i = 0; i < items.size(); ++i) {
      YURAI_TRY(budget_.spend(256));
      ScopeGuard guard(scope_, scope_);
      YURAI_TRY(bind(guard.scope, statement.targets, items[i]));
      Dict facts = {{"index", number(i + 1)},
                    {"index0", number(i)},
                    {"revindex", number(items.size() - i)},
                    {"revindex0", number(items.size() - i - 1)},
                    {"first", Value(i == 0)},
                    {"last", Value(i + 1 == items.size())},
                    {"length", number(items.size())},
                    {"previtem", i > 0 ? items[i - 1] : Value()},
                    {"nextitem", i + 1 < items.size() ? items[i + 1] : Value()}};
      auto loop = std::make_shared<Namespace>();
      loop->members = std::move(facts);
      guard.scope.set("loop", Value(std::move(loop)));
      YURAI_ASSIGN(const Flow flow, body(statement.bodies[0]));
      if (flow == Flow::kBreak) break;
    }
    if (!items.empty() || statement.bodies.size() < 2) return {};
    ScopeGuard guard(scope_, scope_);
    YURAI_TRY(body(statement.bodies[1]));
    return {};
  }

  Result<Value> call_macro(const Macro& macro, const Arguments& arguments) {
    if (calls_ == kMaxCalls) {
      return fail(ErrorCode::kResourceExhausted, "macros call each other too deeply");
    }
    ScopeGuard guard(scope_, &globals_);
    if (arguments.values.size() > macro.parameters.size()) {
      return wrong(
          fmt::format("macro '{}' takes {} arguments", macro.name, macro.parameters.size()));
    }
    for (size_t i = 0; i < macro.parameters.size(); ++i) {
      const auto& [name, missing] = macro.parameters[i];
      Value value;
      if (const Value* given = arguments.find(i, name)) {
        value = *given;
      } else if (missing) {
        YURAI_ASSIGN(value, evaluate(*missing));
      }
      guard.scope.set(name, std::move(value));
    }
    ++calls_;
    auto text = captured(macro.body);
    --calls_;
    if (!text) return fail(std::move(text).error());
    return std::move(*text);
  }

  // ---- expressions ----

  Value lookup(std::string_view name) const {
    for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
      if (const Value* found = find(scope->names, name)) return *found;
    }
    if (is_global(name)) return Function{nullptr, std::string(name)};
    return {};
  }

  Result<Value> evaluate(const Expression& expression) {
    YURAI_TRY(budget_.spend(8));
    YURAI_ASSIGN(Value value, evaluate_any(expression));
    if (value.depth > kMaxValueDepth) return wrong("values too deep in each other");
    return value;
  }

  Result<Value> evaluate_any(const Expression& expression) {
    const auto operand = [&](size_t i) { return evaluate(*expression.operands[i]); };
    switch (expression.kind) {
      case Kind::kConstant:
        return expression.value;
      case Kind::kName:
        return lookup(expression.text);
      case Kind::kList: {
        List list;
        for (size_t i = 0; i < expression.operands.size(); ++i) {
          YURAI_ASSIGN(Value item, operand(i));
          list.push_back(std::move(item));
        }
        return list;
      }
      case Kind::kDict:
        return dict(expression);
      case Kind::kAttribute: {
        YURAI_ASSIGN(const Value value, operand(0));
        return attribute(value, expression.text);
      }
      case Kind::kItem:
        return item(expression);
      case Kind::kSlice:
        return slice(expression);
      case Kind::kCall:
        return call(expression);
      case Kind::kFilter: {
        YURAI_ASSIGN(const Value value, operand(0));
        YURAI_ASSIGN(const Arguments arguments, this->arguments(expression));
        return apply_filter(expression.text, value, arguments, budget_);
      }
      case Kind::kTest: {
        YURAI_ASSIGN(const Value value, operand(0));
        YURAI_ASSIGN(const Arguments arguments, this->arguments(expression));
        for (const Value& argument : arguments.values) YURAI_TRY(budget_.spend(argument.weight));
        YURAI_TRY(budget_.spend(value.text() != nullptr ? value.weight : 8));
        YURAI_ASSIGN(const bool passes, apply_test(expression.text, value, arguments));
        return passes;
      }
      case Kind::kUnary:
        return unary(expression);
      case Kind::kBinary:
        return binary(expression);
      case Kind::kCompare:
        return comparison(expression);
      case Kind::kIf: {
        YURAI_ASSIGN(const Value condition, operand(1));
        if (truth(condition)) return operand(0);
        return expression.operands[2] ? operand(2) : Result<Value>(Value());
      }
    }
    return Value();
  }

  Result<Value> dict(const Expression& expression) {
    Scope members;
    for (size_t i = 0; i < expression.operands.size(); i += 2) {
      YURAI_ASSIGN(const Value key, evaluate(*expression.operands[i]));
      YURAI_ASSIGN(Value value, evaluate(*expression.operands[i + 1]));
      if (key.text() == nullptr) return wrong("keys of dicts are texts");
      YURAI_TRY(budget_.spend(members.names.size()));
      members.set(*key.text(), std::move(value));
    }
    return std::move(members.names);
  }

  Result<Value> attribute(const Value& value, const std::string& name) {
    if (value.undefined()) return wrong(fmt::format("'{}' of what is undefined", name));
    if (has_method(value, name)) return Function{std::make_shared<const Value>(value), name};
    return member(value, name);
  }

  Result<Value> item(const Expression& expression) {
    YURAI_ASSIGN(const Value value, evaluate(*expression.operands[0]));
    YURAI_ASSIGN(const Value index, evaluate(*expression.operands[1]));
    if (value.undefined()) return wrong("an item of what is undefined");
    if (const std::string* key = index.text()) {
      Value found = member(value, *key);
      return found.undefined() && has_method(value, *key) ? attribute(value, *key) : found;
    }
    int64_t at = 0;
    if (!integer_of(index, at) || (value.list() == nullptr && value.text() == nullptr))
      return Value();
    if (const std::string* text = value.text()) {
      YURAI_TRY(budget_.spend(text->size()));
      const auto size = static_cast<int64_t>(count_chars(*text));
      if (at < 0) at += size;
      if (at < 0 || at >= size) return Value();
      return last_chars(first_chars(*text, static_cast<size_t>(at) + 1), 1);
    }
    const auto size = static_cast<int64_t>(value.list()->size());
    if (at < 0) at += size;
    if (at < 0 || at >= size) return Value();
    return (*value.list())[static_cast<size_t>(at)];
  }

  Result<Value> slice(const Expression& expression) {
    YURAI_ASSIGN(const Value value, evaluate(*expression.operands[0]));
    if (value.text() == nullptr && value.list() == nullptr) {
      return wrong(fmt::format("a slice of {}", type_name(value)));
    }
    YURAI_ASSIGN(const List items, items_of(value, budget_));
    const auto size = static_cast<int64_t>(items.size());
    std::optional<int64_t> parts[3];
    for (size_t i = 0; i < 3; ++i) {
      if (!expression.operands[i + 1]) continue;
      YURAI_ASSIGN(const Value part, evaluate(*expression.operands[i + 1]));
      int64_t number = 0;
      if (part.none()) continue;
      if (!integer_of(part, number)) return wrong("a slice needs whole numbers");
      parts[i] = number;
    }
    const int64_t step = parts[2].value_or(1);
    if (step == 0) return wrong("a slice with a step of 0");
    const int64_t lowest = step > 0 ? 0 : -1;
    const int64_t highest = step > 0 ? size : size - 1;
    const auto bound = [&](std::optional<int64_t> at, int64_t missing) {
      if (!at) return missing;
      return std::clamp(*at < 0 ? std::max(*at, -size - 1) + size : *at, lowest, highest);
    };
    const int64_t begin = bound(parts[0], step > 0 ? lowest : highest);
    const int64_t end = bound(parts[1], step > 0 ? highest : lowest);
    List kept;
    for (int64_t i = begin; step > 0 ? i < end : i > end;) {
      kept.push_back(items[static_cast<size_t>(i)]);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    if (value.text() == nullptr) return kept;
    std::string text;
    for (const Value& character : kept) text += *character.text();
    return text;
  }

  Result<Arguments> arguments(const Expression& expression) {
    Arguments arguments;
    for (const Argument& argument : expression.arguments) {
      YURAI_ASSIGN(Value value, evaluate(*argument.value));
      if (argument.name.empty()) {
        arguments.values.push_back(std::move(value));
      } else {
        arguments.named.emplace_back(argument.name, std::move(value));
      }
    }
    return arguments;
  }

  Result<Value> call(const Expression& expression) {
    YURAI_ASSIGN(const Value callee, evaluate(*expression.operands[0]));
    YURAI_ASSIGN(const Arguments arguments, this->arguments(expression));
    if (const auto* function = std::get_if<Function>(&callee.data)) {
      return call_function(*function, arguments, budget_);
    }
    if (const auto* macro = std::get_if<const Macro*>(&callee.data)) {
      return call_macro(**macro, arguments);
    }
    const std::string& name = expression.operands[0]->text;
    return wrong(fmt::format("'{}' is no function here", for_terminal(name)));
  }

  Result<Value> unary(const Expression& expression) {
    YURAI_ASSIGN(const Value value, evaluate(*expression.operands[0]));
    if (expression.text == "not") return !truth(value);
    int64_t whole = 0;
    if (integer_of(value, whole)) {
      return arithmetic("*", whole, expression.text == "-" ? int64_t{-1} : int64_t{1});
    }
    double number = 0;
    if (!number_of(value, number))
      return wrong(fmt::format("'{}' of {}", expression.text, type_name(value)));
    return expression.text == "-" ? -number : number;
  }

  Result<Value> binary(const Expression& expression) {
    const std::string& op = expression.text;
    YURAI_ASSIGN(Value left, evaluate(*expression.operands[0]));
    if (op == "and" && !truth(left)) return left;
    if (op == "or" && truth(left)) return left;
    YURAI_ASSIGN(Value right, evaluate(*expression.operands[1]));
    if (op == "and" || op == "or") return right;
    if (op == "~") {
      YURAI_TRY(budget_.spend(left.weight));
      YURAI_TRY(budget_.spend(right.weight));
      return str(left) + str(right);
    }
    int64_t i = 0;
    int64_t j = 0;
    if (integer_of(left, i) && integer_of(right, j)) return arithmetic(op, i, j);
    double x = 0;
    double y = 0;
    if (number_of(left, x) && number_of(right, y)) return arithmetic(op, x, y);
    if (op == "+" && left.text() != nullptr && right.text() != nullptr) {
      YURAI_TRY(budget_.spend(left.text()->size() + right.text()->size()));
      return *left.text() + *right.text();
    }
    if (op == "+" && left.list() != nullptr && right.list() != nullptr) {
      YURAI_TRY(budget_.spend(32 * (left.list()->size() + right.list()->size())));
      List joined = *left.list();
      joined.insert(joined.end(), right.list()->begin(), right.list()->end());
      return joined;
    }
    if (op == "*" && integer_of(left, i)) std::swap(left, right);
    if (op == "*" && left.text() != nullptr && integer_of(right, i)) {
      const auto times = static_cast<uint64_t>(std::max<int64_t>(i, 0));
      YURAI_TRY(budget_.spend(times));
      YURAI_TRY(budget_.spend(times * left.text()->size()));
      std::string repeated;
      for (uint64_t time = 0; time < times; ++time) repeated += *left.text();
      return repeated;
    }
    return wrong(fmt::format("{} {} {}", type_name(left), op, type_name(right)));
  }

  Result<Value> comparison(const Expression& expression) {
    YURAI_ASSIGN(Value left, evaluate(*expression.operands[0]));
    for (size_t i = 0; i < expression.operators.size(); ++i) {
      const std::string& op = expression.operators[i];
      YURAI_ASSIGN(Value right, evaluate(*expression.operands[i + 1]));
      YURAI_TRY(budget_.spend(std::min(left.weight, right.weight)));
      bool holds = false;
      if (op == "in" || op == "not in") {
        YURAI_ASSIGN(holds, contains(right, left, budget_));
        holds = holds == (op == "in");
      } else if (op == "==" || op == "!=") {
        holds = equal(left, right) == (op == "==");
      } else {
        YURAI_ASSIGN(const int order, compare(left, right));
        holds = op == "<"    ? order < 0
                : op == "<=" ? order <= 0
                : op == ">"  ? order > 0
                             : order >= 0;
      }
      if (!holds) return false;
      left = std::move(right);
    }
    return true;
  }

  Scope globals_;
  Scope* scope_ = nullptr;
  Budget budget_;
  std::string out_;
  uint32_t calls_ = 0;
  bool located_ = false;
};

}  // namespace

Result<std::string> evaluate(const Body& body, const Dict& variables) {
  return Evaluator(variables).run(body);
}

}  // namespace yurai::jinja
