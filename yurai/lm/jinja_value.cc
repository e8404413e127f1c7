#include "yurai/lm/jinja_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "yurai/base/utf8.h"

namespace yurai::jinja {
namespace {

/// Python's repr of a float: the shortest digits that read back the same.
std::string repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[400];
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  std::string text(buffer, end);
  if (fixed && text.find('.') == text.npos) text += ".0";
  return text;
}

/// Python's repr of a text.
std::string repr(const std::string& text) {
  const bool quotes = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = quotes ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + quote;
}

std::string repr(const Value& value) {
  if (const std::string* text = value.text()) return repr(*text);
  if (const List* list = value.list()) {
    std::string out = "[";
    for (const Value& item : *list) out += (out.size() > 1 ? ", " : "") + repr(item);
    return out + "]";
  }
  if (const Dict* dict = value.dict()) {
    std::string out = "{";
    for (const auto& [key, item] : *dict) {
      out += (out.size() > 1 ? ", " : "") + repr(key) + ": " + repr(item);
    }
    return out + "}";
  }
  return value.undefined() ? "Undefined" : str(value);
}

/// Makes `value` as deep and heavy as what it holds.
void add_part(Value& value, const Value& part, uint64_t key_bytes) {
  value.depth = std::max(value.depth, part.depth + 1);
  if (__builtin_add_overflow(value.weight, part.weight + 2 * key_bytes, &value.weight)) {
    value.weight = uint64_t{1} << 62;
  }
}

}  // namespace

Value::Value(List list) : depth(1) {
  for (const Value& item : list) add_part(*this, item, 0);
  data = std::make_shared<const List>(std::move(list));
}
Value::Value(Dict dict) : depth(1) {
  for (const auto& [key, item] : dict) add_part(*this, item, key.size());
  data = std::make_shared<const Dict>(std::move(dict));
}

Value from_json(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t{INT64_MAX}) {
    return json.get<double>();
  }
  if (json.is_number()) return json.get<int64_t>();
  if (json.is_string()) return json.get_ref<const std::string&>();
  if (json.is_array()) {
    List list;
    for (const Json& item : json) list.push_back(from_json(item));
    return list;
  }
  if (json.is_object()) {
    Dict dict;
    for (const auto& [key, item] : json.items()) dict.emplace_back(key, from_json(item));
    return dict;
  }
  return None();
}

const Value* find(const Dict& dict, std::string_view key) {
  const auto member = std::ranges::find(dict, key, &std::pair<std::string, Value>::first);
  return member == dict.end() ? nullptr : &member->second;
}

bool truth(const Value& value) {
  if (value.undefined() || value.none()) return false;
  if (const std::string* text = value.text()) return !text->empty();
  if (const List* list = value.list()) return !list->empty();
  if (const Dict* dict = value.dict()) return !dict->empty();
  double number = 1;
  number_of(value, number);
  return number != 0;
}

bool number_of(const Value& value, double& number) {
  if (const double* real = value.real()) {
    number = *real;
    return true;
  }
  int64_t integer = 0;
  if (!integer_of(value, integer)) return false;
  number = static_cast<double>(integer);
  return true;
}

bool integer_of(const Value& value, int64_t& number) {
  if (const bool* flag = value.boolean()) {
    number = *flag ? 1 : 0;
    return true;
  }
  if (const int64_t* integer = value.integer()) number = *integer;
  return value.integer() != nullptr;
}

bool equal(const Value& a, const Value& b) {
  int64_t i = 0;
  int64_t j = 0;
  if (integer_of(a, i) && integer_of(b, j)) return i == j;
  double x = 0;
  double y = 0;
  if (number_of(a, x) && number_of(b, y)) return x == y;
  if (a.data.index() != b.data.index()) return false;
  if (a.undefined() || a.none()) return true;
  if (a.text() != nullptr) return *a.text() == *b.text();
  if (a.list() != nullptr) {
    return std::ranges::equal(*a.list(), *b.list(), equal);
  }
  if (a.dict() != nullptr) {
    return a.dict()->size() == b.dict()->size() &&
           std::ranges::all_of(*a.dict(), [&](const auto& member) {
             const Value* other = find(*b.dict(), member.first);
             return other != nullptr && equal(member.second, *other);
           });
  }
  if (const auto* names = std::get_if<std::shared_ptr<Namespace>>(&a.data)) {
    return *names == std::get<std::shared_ptr<Namespace>>(b.data);
  }
  return false;
}

std::string str(const Value& value) {
  if (value.undefined()) return "";
  if (value.none()) return "None";
  if (const bool* flag = value.boolean()) return *flag ? "True" : "False";
  if (const int64_t* integer = value.integer()) return std::to_string(*integer);
  if (const double* real = value.real()) return repr(*real);
  if (const std::string* text = value.text()) return *text;
  if (value.list() != nullptr || value.dict() != nullptr) return repr(value);
  return fmt::format("<{}>", type_name(value));
}

namespace {

Result<void> append_json(const Value& value, int indent, int level, std::string& out) {
  const auto line = [&](int at) {
    if (indent < 0) return;
    out += '\n';
    out.append(static_cast<size_t>(indent * at), ' ');
  };
  const std::string_view comma = indent < 0 ? ", " : ",";
  if (const List* list = value.list()) {
    out += '[';
    for (size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += comma;
      line(level + 1);
      YURAI_TRY(append_json((*list)[i], indent, level + 1, out));
    }
    if (!list->empty()) line(level);
    out += ']';
  } else if (const Dict* dict = value.dict()) {
    out += '{';
    for (size_t i = 0; i < dict->size(); ++i) {
      if (i > 0) out += comma;
      line(level + 1);
      out += dump_json(Json((*dict)[i].first)) + ": ";
      YURAI_TRY(append_json((*dict)[i].second, indent, level + 1, out));
    }
    if (!dict->empty()) line(level);
    out += '}';
  } else if (const std::string* text = value.text()) {
    out += dump_json(Json(*text));
  } else if (value.none()) {
    out += "null";
  } else if (const bool* flag = value.boolean()) {
    out += *flag ? "true" : "false";
  } else if (value.integer() != nullptr || value.real() != nullptr) {
    out += str(value);
  } else {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no JSON", type_name(value)));
  }
  return {};
}

}  // namespace

Result<std::string> to_json(const Value& value, int indent) {
  std::string out;
  YURAI_TRY(append_json(value, indent, 0, out));
  return out;
}

std::string_view type_name(const Value& value) {
  constexpr std::string_view kNames[] = {"undefined", "None",     "bool", "int",
                                         "float",     "str",      "list", "dict",
                                         "namespace", "function", "macro"};
  return kNames[value.data.index()];
}

List characters(std::string_view text) {
  List list;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    list.emplace_back(text.substr(at, char_bytes(text, at)));
  }
  return list;
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

}  // namespace yurai::jinja
