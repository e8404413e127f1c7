#include "yurai/lm/jinja_builtins.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/jinja_text.h"

namespace yurai::jinja {
namespace {

constexpr std::string_view kDictMethods[] = {"items", "keys", "values", "get"};
constexpr std::string_view kGlobals[] = {"raise_exception", "range", "namespace", "dict"};

List dict_items(const Dict& dict) {
  List list;
  for (const auto& [key, item] : dict) list.emplace_back(List{key, item});
  return list;
}

Result<Value> dict_method(std::string_view name, const Dict& dict, const Arguments& arguments,
                          Budget& budget) {
  YURAI_TRY(budget.spend(dict.size() * 64));
  if (name == "items") return dict_items(dict);
  if (name == "get") {
    const std::string* key = text_or_null(arguments.find(0, "key"));
    const Value* found = key != nullptr ? find(dict, *key) : nullptr;
    if (found != nullptr) return *found;
    const Value* missing = arguments.find(1, "default");
    return missing != nullptr ? *missing : Value(None());
  }
  List list;
  for (const auto& [key, item] : dict) list.push_back(name == "keys" ? Value(key) : item);
  return list;
}

Result<Value> range(const Arguments& arguments, Budget& budget) {
  int64_t numbers[3] = {0, 0, 1};
  const size_t size = arguments.values.size();
  if (size == 0 || size > 3) return wrong("range needs one to three numbers");
  for (size_t i = 0; i < size; ++i) {
    if (!integer_of(arguments.values[i], numbers[size == 1 ? 1 : i]))
      return wrong("range needs whole numbers");
  }
  const auto [begin, end, step] = numbers;
  if (step == 0) return wrong("range with a step of 0");
  List list;
  for (int64_t i = begin; step > 0 ? i < end : i > end;) {
    YURAI_TRY(budget.spend(64));
    list.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return list;
}

Result<Value> global_function(std::string_view name, const Arguments& arguments, Budget& budget) {
  if (name == "range") return range(arguments, budget);
  if (name == "raise_exception") {
    const Value* message = arguments.find(0, "message");
    return wrong(fmt::format("the template says: {}",
                             message != nullptr ? for_terminal(str(*message)) : ""));
  }
  Dict members = arguments.named;
  if (!arguments.values.empty() && arguments.values[0].dict() != nullptr) {
    members.insert(members.begin(), arguments.values[0].dict()->begin(),
                   arguments.values[0].dict()->end());
  }
  for (const auto& [key, item] : members) {
    if (item.depth >= kMaxValueDepth) return wrong("a namespace in another");
  }
  if (name == "dict") return members;
  auto names = std::make_shared<Namespace>();
  names->members = std::move(members);
  return Value(std::move(names));
}

Result<Value> slice_end(const Value& value, bool last, Budget& budget) {
  YURAI_ASSIGN(const List list, items_of(value, budget));
  if (list.empty()) return Value();
  return last ? list.back() : list.front();
}

/// select, reject, selectattr, rejectattr.
Result<Value> select(std::string_view name, const Value& value, const Arguments& arguments,
                     Budget& budget) {
  const bool by_attribute = name.ends_with("attr");
  const bool keep = name.starts_with("select");
  YURAI_ASSIGN(const List list, items_of(value, budget));
  size_t place = 0;
  const std::string* attribute = nullptr;
  if (by_attribute) {
    attribute = text_or_null(arguments.find(place++, ""));
    if (attribute == nullptr)
      return wrong(fmt::format("'{}' needs the name of an attribute", name));
  }
  const std::string* test = text_or_null(arguments.find(place++, ""));
  Arguments rest;
  for (; place < arguments.values.size(); ++place) rest.values.push_back(arguments.values[place]);
  List kept;
  for (const Value& item : list) {
    YURAI_TRY(budget.spend(64));
    const Value subject = attribute != nullptr ? member(item, *attribute) : item;
    bool passes = truth(subject);
    if (test != nullptr) {
      YURAI_ASSIGN(passes, apply_test(*test, subject, rest));
    }
    if (passes == keep) kept.push_back(item);
  }
  return kept;
}

Result<Value> map(const Value& value, const Arguments& arguments, Budget& budget) {
  YURAI_ASSIGN(const List list, items_of(value, budget));
  const Value* attribute = find(arguments.named, "attribute");
  const Value* missing = find(arguments.named, "default");
  const std::string* name = text_or_null(attribute != nullptr ? attribute : arguments.find(0, ""));
  if (name == nullptr) return wrong("map needs an attribute or the name of a filter");
  Arguments rest;
  if (arguments.values.size() > 1)
    rest.values.assign(arguments.values.begin() + 1, arguments.values.end());
  List out;
  for (const Value& item : list) {
    YURAI_TRY(budget.spend(64));
    if (attribute != nullptr) {
      Value found = member(item, *name);
      out.push_back(found.undefined() && missing != nullptr ? *missing : std::move(found));
      continue;
    }
    YURAI_ASSIGN(Value mapped, apply_filter(*name, item, rest, budget));
    out.push_back(std::move(mapped));
  }
  return out;
}

Result<Value> sorted(const Value& value, const Arguments& arguments, Budget& budget) {
  YURAI_ASSIGN(List list, items_of(value, budget));
  const std::string* attribute = text_or_null(find(arguments.named, "attribute"));
  YURAI_TRY(budget.spend(value.weight));
  YURAI_TRY(budget.spend(value.weight * 16));
  const auto key = [&](const Value& item) {
    Value found = attribute != nullptr ? member(item, *attribute) : item;
    return found.text() != nullptr ? Value(lower(*found.text())) : found;
  };
  for (size_t i = 1; i < list.size(); ++i) {
    if (auto order = compare(key(list[0]), key(list[i])); !order) return fail(order.error());
  }
  std::ranges::stable_sort(list, [&](const Value& a, const Value& b) {
    return compare(key(a), key(b)).value_or(0) < 0;
  });
  if (arguments.find(0, "reverse") != nullptr && truth(*arguments.find(0, "reverse"))) {
    std::ranges::reverse(list);
  }
  return list;
}

Result<Value> to_integer(const Value& value, const Arguments& arguments) {
  const Value* missing = arguments.find(0, "default");
  const Value zero = missing != nullptr ? *missing : Value(int64_t{0});
  int64_t whole = 0;
  if (integer_of(value, whole)) return whole;
  double number = 0;
  if (const std::string* text = value.text()) {
    const std::string_view digits = strip(*text, kLeft | kRight, nullptr);
    const char* end = digits.data() + digits.size();
    if (const auto [stop, error] = std::from_chars(digits.data(), end, whole);
        error == std::errc() && stop == end) {
      return whole;
    }
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || stop != end) return zero;
  } else if (!number_of(value, number)) {
    return zero;
  }
  if (!(std::fabs(number) < 9e18)) return zero;
  return static_cast<int64_t>(number);
}

Result<Value> to_float(const Value& value, const Arguments& arguments) {
  double number = 0;
  if (number_of(value, number)) return number;
  if (const std::string* text = value.text()) {
    const std::string_view digits = strip(*text, kLeft | kRight, nullptr);
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    if (error == std::errc() && stop == end) return number;
  }
  const Value* missing = arguments.find(0, "default");
  return missing != nullptr ? *missing : Value(0.0);
}

Result<Value> json_filter(const Value& value, const Arguments& arguments, Budget& budget) {
  const int64_t indent = integer_or(arguments.find(0, "indent"), -1);
  if (indent > 16) return wrong("tojson with an indent of more than 16");
  YURAI_TRY(budget.spend(value.weight * (indent < 0 ? 2 : 4)));
  YURAI_ASSIGN(std::string json, to_json(value, static_cast<int>(indent)));
  return json;
}

Result<Value> indented(const Value& value, const Arguments& arguments, Budget& budget) {
  const int64_t width = integer_or(arguments.find(0, "width"), 4);
  if (width < 0 || width > 64) return wrong("indent by more than 64");
  const Value* first = arguments.find(1, "first");
  const std::string text = str(value);
  const std::string spaces(static_cast<size_t>(width), ' ');
  std::string out;
  const List lines = split_lines(text + "\n");
  YURAI_TRY(budget.spend(text.size() + lines.size() * 64));
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = *lines[i].text();
    if (i > 0) out += '\n';
    if (!line.empty() ? i > 0 || (first != nullptr && truth(*first)) : false) out += spaces;
    out += line;
  }
  return out;
}

}  // namespace

tl::unexpected<Error> wrong(std::string what) {
  return fail(ErrorCode::kInvalidArgument, std::move(what));
}

Result<void> Budget::spend(uint64_t work) {
  if (work > left_) {
    return fail(ErrorCode::kResourceExhausted, "the template does too much; it was stopped");
  }
  left_ -= work;
  return {};
}

const Value* Arguments::find(size_t place, std::string_view name) const {
  if (place < values.size()) return &values[place];
  return jinja::find(named, name);
}

bool is_global(std::string_view name) {
  return std::ranges::find(kGlobals, name) != std::end(kGlobals);
}

bool has_method(const Value& value, std::string_view name) {
  if (value.text() != nullptr) return is_text_method(name);
  return value.dict() != nullptr && std::ranges::find(kDictMethods, name) != std::end(kDictMethods);
}

Result<Value> call_function(const Function& function, const Arguments& arguments, Budget& budget) {
  if (!function.self) return global_function(function.name, arguments, budget);
  if (const std::string* text = function.self->text()) {
    return text_method(function.name, *text, arguments, budget);
  }
  return dict_method(function.name, *function.self->dict(), arguments, budget);
}

Result<List> items_of(const Value& value, Budget& budget) {
  if (value.undefined()) return List();
  if (const List* list = value.list()) {
    YURAI_TRY(budget.spend(list->size() * 16));
    return *list;
  }
  if (const Dict* dict = value.dict()) {
    YURAI_TRY(budget.spend(dict->size() * 64));
    List keys;
    for (const auto& [key, item] : *dict) keys.emplace_back(key);
    return keys;
  }
  if (const std::string* text = value.text()) {
    YURAI_TRY(budget.spend(text->size() * 64));
    return characters(*text);
  }
  return wrong(fmt::format("{} has no items", type_name(value)));
}

Result<bool> contains(const Value& container, const Value& value, Budget& budget) {
  if (container.undefined()) return false;
  if (const std::string* text = container.text()) {
    const std::string* part = value.text();
    if (part == nullptr) return wrong(fmt::format("{} in a text", type_name(value)));
    YURAI_TRY(budget.spend(text->size() * (part->size() / 16 + 1)));
    return text->find(*part) != text->npos;
  }
  if (const Dict* dict = container.dict()) {
    return value.text() != nullptr && find(*dict, *value.text()) != nullptr;
  }
  if (const List* list = container.list()) {
    for (const Value& item : *list) {
      YURAI_TRY(budget.spend(item.weight));
      if (equal(item, value)) return true;
    }
    return false;
  }
  return wrong(fmt::format("'in' {}", type_name(container)));
}

Value member(const Value& value, std::string_view name) {
  const Value* found = nullptr;
  if (const Dict* dict = value.dict()) found = find(*dict, name);
  if (const auto* names = std::get_if<std::shared_ptr<Namespace>>(&value.data)) {
    found = find((*names)->members, name);
  }
  return found != nullptr ? *found : Value();
}

Result<int> compare(const Value& a, const Value& b) {
  double x = 0;
  double y = 0;
  if (number_of(a, x) && number_of(b, y)) return x < y ? -1 : x > y ? 1 : 0;
  if (a.text() != nullptr && b.text() != nullptr) {
    const int order = a.text()->compare(*b.text());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if (a.list() != nullptr && b.list() != nullptr) {
    for (size_t i = 0; i < std::min(a.list()->size(), b.list()->size()); ++i) {
      YURAI_ASSIGN(const int order, compare((*a.list())[i], (*b.list())[i]));
      if (order != 0) return order;
    }
    return a.list()->size() < b.list()->size() ? -1 : a.list()->size() > b.list()->size() ? 1 : 0;
  }
  return wrong(fmt::format("{} and {} have no order", type_name(a), type_name(b)));
}

Result<Value> apply_filter(std::string_view name, const Value& value, const Arguments& arguments,
                           Budget& budget) {
  YURAI_TRY(budget.spend(8));
  if (name == "default" || name == "d") {
    const Value* missing = arguments.find(0, "default_value");
    const Value* boolean = arguments.find(1, "boolean");
    const bool use = value.undefined() || (boolean != nullptr && truth(*boolean) && !truth(value));
    return !use ? value : missing != nullptr ? *missing : Value("");
  }
  if (name == "tojson") return json_filter(value, arguments, budget);
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr") {
    return select(name, value, arguments, budget);
  }
  if (name == "map") return map(value, arguments, budget);
  if (name == "sort") return sorted(value, arguments, budget);
  if (name == "int") return to_integer(value, arguments);
  if (name == "float") return to_float(value, arguments);
  if (name == "first" || name == "last") return slice_end(value, name == "last", budget);
  if (name == "abs") {
    if (const double* real = value.real()) return std::fabs(*real);
    int64_t number = 0;
    if (!integer_of(value, number) || number == INT64_MIN) return wrong("abs needs a number");
    return number < 0 ? -number : number;
  }
  if (name == "length" || name == "count") {
    if (const std::string* text = value.text()) {
      YURAI_TRY(budget.spend(text->size()));
      return static_cast<int64_t>(count_chars(*text));
    }
    if (value.dict() != nullptr) return static_cast<int64_t>(value.dict()->size());
    if (value.list() != nullptr) return static_cast<int64_t>(value.list()->size());
    if (value.undefined()) return int64_t{0};
    return wrong(fmt::format("{} has no length", type_name(value)));
  }
  if (name == "items") {
    if (value.undefined()) return List();
    if (value.dict() == nullptr) return wrong("items needs a dict");
    return dict_method("items", *value.dict(), arguments, budget);
  }
  if (name == "dictsort") {
    if (value.dict() == nullptr) return wrong("dictsort needs a dict");
    YURAI_ASSIGN(Value items, dict_method("items", *value.dict(), arguments, budget));
    return sorted(items, {}, budget);
  }
  if (name == "list" || name == "reverse") {
    YURAI_ASSIGN(List list, items_of(value, budget));
    if (name == "list") return list;
    std::ranges::reverse(list);
    if (value.text() == nullptr) return list;
    YURAI_ASSIGN(std::string reversed, join(list, "", budget));
    return reversed;
  }
  if (name == "join") {
    YURAI_ASSIGN(List list, items_of(value, budget));
    const Value* separator = arguments.find(0, "d");
    const std::string* attribute = text_or_null(arguments.find(1, "attribute"));
    if (attribute != nullptr) {
      for (Value& item : list) item = member(item, *attribute);
    }
    YURAI_ASSIGN(std::string joined,
                 join(list, separator != nullptr ? str(*separator) : "", budget));
    return joined;
  }
  // The others are of texts, and make one of what is none.
  YURAI_TRY(budget.spend(value.weight));
  const std::string text = str(value);
  if (name == "trim") return strip(text, kLeft | kRight, text_or_null(arguments.find(0, "chars")));
  if (name == "string" || name == "safe") return text;
  if (name == "lower" || name == "upper" || name == "capitalize" || name == "title") {
    return text_method(std::string(name), text, {}, budget);
  }
  if (name == "replace") return text_method("replace", text, arguments, budget);
  if (name == "indent") return indented(value, arguments, budget);
  return unsupported("filter", name, value);
}

Result<bool> apply_test(std::string_view name, const Value& value, const Arguments& arguments) {
  const Value* other = arguments.find(0, "");
  int64_t whole = 0;
  double number = 0;
  if (name == "defined") return !value.undefined();
  if (name == "undefined") return value.undefined();
  if (name == "none") return value.none();
  if (name == "string") return value.text() != nullptr;
  if (name == "mapping") return value.dict() != nullptr;
  if (name == "sequence" || name == "iterable") {
    return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr ||
           value.undefined();
  }
  if (name == "boolean") return value.boolean() != nullptr;
  if (name == "true") return value.boolean() != nullptr && *value.boolean();
  if (name == "false") return value.boolean() != nullptr && !*value.boolean();
  if (name == "integer") return value.integer() != nullptr;
  if (name == "float") return value.real() != nullptr;
  if (name == "number") return number_of(value, number);
  if (name == "callable") {
    return std::holds_alternative<Function>(value.data) ||
           std::holds_alternative<const Macro*>(value.data);
  }
  if (name == "odd" || name == "even" || name == "divisibleby") {
    const int64_t by = name == "divisibleby" ? integer_or(other, 0) : 2;
    if (!integer_of(value, whole) || by == 0 || by == -1) return wrong("whole numbers are needed");
    return (whole % by == 0) == (name != "odd");
  }
  if (name == "lower") return value.text() != nullptr && lower(*value.text()) == *value.text();
  if (name == "upper") return value.text() != nullptr && upper(*value.text()) == *value.text();
  if (other == nullptr) return unsupported("test", name, value);
  if (name == "in") {
    Budget budget;
    return contains(*other, value, budget);
  }
  if (name == "eq" || name == "equalto" || name == "==") return equal(value, *other);
  if (name == "ne" || name == "!=") return !equal(value, *other);
  if (name == "sameas") return value.data.index() == other->data.index() && equal(value, *other);
  YURAI_ASSIGN(const int order, compare(value, *other));
  if (name == "gt" || name == "greaterthan" || name == ">") return order > 0;
  if (name == "ge" || name == ">=") return order >= 0;
  if (name == "lt" || name == "lessthan" || name == "<") return order < 0;
  if (name == "le" || name == "<=") return order <= 0;
  return unsupported("test", name, value);
}

}  // namespace yurai::jinja
