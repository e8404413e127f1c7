#include "yurai/base/json.h"

#include <fmt/format.h>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

/// Offset of the bracket that nests deeper than `max_depth`, or npos. Brackets in strings don't
/// nest.
size_t find_too_deep(std::string_view bytes, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return i;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string_view::npos;
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<Json> parse_json(std::string_view bytes, std::string_view what, int max_depth) {
  if (const auto invalid = find_invalid_utf8(bytes)) {
    return bad(fmt::format("{}: byte {} is not UTF-8", what, *invalid));
  }
  if (const size_t at = find_too_deep(bytes, max_depth); at != std::string_view::npos) {
    return bad(fmt::format("{}: nested deeper than {} at byte {}", what, max_depth, at));
  }
  try {
    return Json::parse(bytes);
  } catch (const nlohmann::json::parse_error& error) {
    return bad(
        fmt::format("{}: broken JSON at byte {}", what, error.byte == 0 ? 0 : error.byte - 1));
  } catch (const nlohmann::json::exception& error) {
    return bad(fmt::format("{}: broken JSON ({})", what, for_terminal(error.what())));
  }
}

std::string dump_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> json_string(const Json& object, std::string_view key) {
  const auto member = object.is_object() ? object.find(key) : object.end();
  if (member == object.end()) return bad(fmt::format("'{}' is missing", key));
  if (!member->is_string()) return bad(fmt::format("'{}' must be a string", key));
  return member->get<std::string>();
}

Result<uint64_t> json_uint(const Json& object, std::string_view key) {
  const auto member = object.is_object() ? object.find(key) : object.end();
  if (member == object.end()) return bad(fmt::format("'{}' is missing", key));
  if (!member->is_number_unsigned())
    return bad(fmt::format("'{}' must be a whole number >= 0", key));
  return member->get<uint64_t>();
}

}  // namespace yurai
