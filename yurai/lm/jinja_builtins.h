#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/lm/jinja_value.h"

/// Filters, tests, methods and functions of chat templates. Internal to yurai/lm.
namespace yurai::jinja {

/// What a template may still do: steps, and bytes looked at or made.
class Budget {
 public:
  /// kResourceExhausted when it is used up.
  Result<void> spend(uint64_t work);

 private:
  uint64_t left_ = uint64_t{64} << 20;
};

struct Arguments {
  std::vector<Value> values;
  Dict named;

  /// The argument at a place or of a name; null where it is missing.
  const Value* find(size_t place, std::string_view name) const;
};

Result<Value> apply_filter(std::string_view name, const Value& value, const Arguments& arguments,
                           Budget& budget);
Result<bool> apply_test(std::string_view name, const Value& value, const Arguments& arguments);
/// `self.name(…)`, or a global function where self is null.
Result<Value> call_function(const Function& function, const Arguments& arguments, Budget& budget);
bool is_global(std::string_view name);
bool has_method(const Value& value, std::string_view name);

/// What `for` goes through: the items of a list, the keys of a dict, the characters of a text.
Result<List> items_of(const Value& value, Budget& budget);
/// Whether `value` stands in `container`.
Result<bool> contains(const Value& container, const Value& value, Budget& budget);
/// `value.name`, `value[name]`: a member of a dict or a namespace, else undefined.
Value member(const Value& value, std::string_view name);
/// -1, 0, 1; kInvalidArgument where the two have no order.
Result<int> compare(const Value& a, const Value& b);

tl::unexpected<Error> wrong(std::string what);

}  // namespace yurai::jinja
