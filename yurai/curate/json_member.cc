#include "yurai/curate/json_member.h"

#include "yurai/base/json.h"

namespace yurai {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// The end of the string that begins at `at` with a quote.
size_t string_end(std::string_view json, size_t at) {
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

/// The end of the value that begins at `at`.
size_t value_end(std::string_view json, size_t at) {
  if (json[at] == '"') return string_end(json, at);
  size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = string_end(json, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    }
    if (depth == 0 && (c == ',' || kSpace.find(c) != std::string_view::npos)) return at;
    ++at;
  }
  return at;
}

bool is_named(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == std::string_view::npos) {
    return quoted.substr(1, quoted.size() - 2) == name;
  }
  const Json decoded = Json::parse(quoted, nullptr, false);
  return decoded.is_string() && decoded.get_ref<const std::string&>() == name;
}

}  // namespace

std::optional<ByteSpan> find_member(std::string_view object, std::string_view name) {
  const auto skip_space = [&](size_t at) {
    return std::min(object.find_first_not_of(kSpace, at), object.size());
  };
  size_t at = skip_space(skip_space(0) + 1);
  while (at < object.size() && object[at] == '"') {
    const size_t name_end = string_end(object, at);
    const bool found = is_named(object.substr(at, name_end - at), name);
    const size_t value = skip_space(skip_space(name_end) + 1);
    const size_t end = value_end(object, value);
    if (found) return ByteSpan{value, end};
    at = skip_space(skip_space(end) + 1);
  }
  return std::nullopt;
}

std::string with_member(std::string_view object, std::string_view name, std::string_view value) {
  const auto span = find_member(object, name);
  if (!span) return std::string(object);
  std::string out(object.substr(0, span->begin));
  out += dump_json(Json(std::string(value)));
  out += object.substr(span->end);
  return out;
}

std::string document_line(const Document& document, std::string_view text) {
  Json json = {{"text", std::string(text)}};
  for (size_t i = 0; i < kDocumentFields.size(); ++i) {
    const std::string& field = document.*kDocumentMembers[i];
    if (kDocumentMembers[i] != &Document::text && !field.empty()) {
      json[std::string(kDocumentFields[i])] = field;
    }
  }
  return dump_json(json);
}

}  // namespace yurai
