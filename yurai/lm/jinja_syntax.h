#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/lm/jinja_value.h"

/// Templates as trees. Internal to yurai/lm.
namespace yurai::jinja {

enum class TokenKind {
  kText,
  kOutputBegin,
  kOutputEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kConstant,
  kSymbol,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< of text, names and symbols
  Value value{};     ///< of constants
  uint32_t line = 1;
};

/// White space is trimmed as transformers asks Jinja to: trim_blocks and lstrip_blocks.
Result<std::vector<Token>> lex(std::string_view source);

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Argument {
  std::string name;  ///< empty: by position
  ExpressionPtr value;
};

struct Expression {
  enum class Kind {
    kConstant,
    kName,
    kList,       ///< operands; tuples too
    kDict,       ///< operands: key, value, key, value, …
    kAttribute,  ///< operands[0].text
    kItem,       ///< operands[0][operands[1]]
    kSlice,      ///< operands[0][1:2:3], each of these may be null
    kCall,       ///< operands[0](arguments)
    kFilter,     ///< operands[0] | text(arguments)
    kTest,       ///< operands[0] is text(arguments)
    kUnary,      ///< text: not, -, +
    kBinary,     ///< text: + - * / // % ** ~ and or, comparisons, in, not in
    kCompare,    ///< operands with operators between
    kIf,         ///< operands[0] if operands[1] else operands[2], which may be missing
  };
  Kind kind = Kind::kConstant;
  std::string text{};
  Value value{};
  std::vector<ExpressionPtr> operands{};
  std::vector<std::string> operators{};
  std::vector<Argument> arguments{};
  uint32_t line = 1;
  uint32_t depth = 1;  ///< of the tree; bounded, so that walking it is safe
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Macro {
  std::string name;
  std::vector<std::pair<std::string, ExpressionPtr>> parameters;  ///< with defaults or null
  Body body;
};

struct Statement {
  enum class Kind { kText, kOutput, kIf, kFor, kSet, kSetBlock, kMacro, kBreak, kContinue };
  Kind kind = Kind::kText;
  uint32_t line = 1;
  std::string text{};                        ///< of kText; the namespace of a set "ns.x = …"
  std::vector<std::string> targets{};        ///< of for and set
  std::vector<ExpressionPtr> expressions{};  ///< output; conditions of if; for: iterable, condition
  std::vector<Body> bodies{};  ///< if: one a condition, then else; for: body, else; set block
  Macro macro{};
};

/// kInvalidArgument with the line where it is no template, or nested too deeply.
Result<Body> parse(std::string_view source);

tl::unexpected<Error> error_at(uint32_t line, std::string_view what);

}  // namespace yurai::jinja
