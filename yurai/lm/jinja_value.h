#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// Values of chat templates, which act as Python's do. Internal to yurai/lm.
namespace yurai::jinja {

/// Walks over values recurse: deeper ones are an error.
inline constexpr uint32_t kMaxValueDepth = 100;

struct Macro;
struct Value;
using List = std::vector<Value>;
using Dict = std::vector<std::pair<std::string, Value>>;  ///< in order; keys are text

struct Undefined {};
struct None {};
/// `namespace(…)`: the one thing that a template changes.
struct Namespace {
  Dict members;
};
/// A method of a value, or a function that every template has; called by its name.
struct Function {
  std::shared_ptr<const Value> self;  ///< null: a global function
  std::string name;
};

/// What a value holds is shared and never changed, but for namespaces.
struct Value {
  std::variant<Undefined, None, bool, int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
               Function, const Macro*>
      data;
  uint32_t depth = 0;    ///< of lists and dicts in each other; at most kMaxValueDepth
  uint64_t weight = 32;  ///< about how many bytes all that it holds takes, shared parts each time

  Value() = default;
  Value(None none) : data(none) {}
  Value(bool value) : data(value) {}
  Value(int64_t value) : data(value) {}
  Value(double value) : data(value) {}
  Value(std::string text)
      : data(std::make_shared<const std::string>(std::move(text))),
        weight(32 + 2 * this->text()->size()) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(List list);
  Value(Dict dict);
  Value(Function function) : data(std::move(function)) {}
  Value(const Macro* macro) : data(macro) {}
  /// As deep as may be: in no list or other namespace, so that none holds itself.
  Value(std::shared_ptr<Namespace> names) : data(std::move(names)), depth(kMaxValueDepth) {}

  template <class T>
  const T* get() const {
    const auto* shared = std::get_if<std::shared_ptr<const T>>(&data);
    return shared != nullptr ? shared->get() : nullptr;
  }
  const std::string* text() const { return get<std::string>(); }
  const List* list() const { return get<List>(); }
  const Dict* dict() const { return get<Dict>(); }
  bool undefined() const { return std::holds_alternative<Undefined>(data); }
  bool none() const { return std::holds_alternative<None>(data); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data); }
  const double* real() const { return std::get_if<double>(&data); }
  const bool* boolean() const { return std::get_if<bool>(&data); }
};

Value from_json(const Json& json);

const Value* find(const Dict& dict, std::string_view key);
bool truth(const Value& value);
/// Python's ==.
bool equal(const Value& a, const Value& b);
/// A number, true and false among them; nothing for others.
bool number_of(const Value& value, double& number);
/// A whole number, true and false among them.
bool integer_of(const Value& value, int64_t& number);

/// As Python's str() has it: what `{{ value }}` prints.
std::string str(const Value& value);
/// json.dumps(value, ensure_ascii=False), in lines where indent >= 0; kInvalidArgument for what is
/// no JSON.
Result<std::string> to_json(const Value& value, int indent);
/// "dict", for messages.
std::string_view type_name(const Value& value);

/// The characters of a text, each as text.
List characters(std::string_view text);
/// Python's white space, U+3000 among it.
bool is_space(char32_t c);

}  // namespace yurai::jinja
