#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/lm/jinja_builtins.h"

/// What Python does with texts. Internal to yurai/lm.
namespace yurai::jinja {

enum Side { kLeft = 1, kRight = 2 };

/// Python's strip: white space, or the characters of `set`.
std::string_view strip(std::string_view text, int sides, const std::string* set = nullptr);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
/// At each \n, \r, \r\n; the last line may lack one.
List split_lines(std::string_view text);
Result<std::string> join(const List& list, std::string_view separator, Budget& budget);

/// `text.name(…)`.
Result<Value> text_method(const std::string& name, const std::string& text,
                          const Arguments& arguments, Budget& budget);
bool is_text_method(std::string_view name);

/// Of an argument that may be missing, or of another kind.
const std::string* text_or_null(const Value* value);
int64_t integer_or(const Value* value, int64_t missing);

/// "filter 'x' of str is not supported".
tl::unexpected<Error> unsupported(std::string_view what, std::string_view name, const Value& value);

}  // namespace yurai::jinja
