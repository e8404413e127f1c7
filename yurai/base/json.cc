#include "yurai/base/json.h"

#include <fmt/format.h>

#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

/// Objects keep their members in a list: to read one of n members takes n² steps.
constexpr uint64_t kMaxMembers = 1000;

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// What makes bytes too costly to parse: brackets nested deeper than `max_depth`, an object with
/// too many members. Looks at brackets and colons outside of strings only.
Result<void> check_cost(std::string_view bytes, std::string_view what, size_t max_depth) {
  std::vector<uint64_t> members;  // of each open bracket
  bool in_string = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (members.size() == max_depth) {
        return bad(fmt::format("{}: nested deeper than {} at byte {}", what, max_depth, i));
      }
      members.push_back(0);
    } else if (members.empty()) {
      continue;
    } else if (c == ']' || c == '}') {
      members.pop_back();
    } else if (c == ':' && ++members.back() > kMaxMembers) {
      return bad(
          fmt::format("{}: an object of more than {} members at byte {}", what, kMaxMembers, i));
    }
  }
  return {};
}

}  // namespace

Result<Json> parse_json(std::string_view bytes, std::string_view what, int max_depth) {
  if (const auto invalid = find_invalid_utf8(bytes)) {
    return bad(fmt::format("{}: byte {} is not UTF-8", what, *invalid));
  }
  if (const size_t nul = bytes.find('\0'); nul != bytes.npos) {  // the parser takes it for the end
    return bad(fmt::format("{}: broken JSON at byte {}", what, nul));
  }
  YURAI_TRY(check_cost(bytes, what, static_cast<size_t>(max_depth)));
  try {
    return Json::parse(bytes);
  } catch (const nlohmann::json::parse_error& error) {
    return bad(
        fmt::format("{}: broken JSON at byte {}", what, error.byte == 0 ? 0 : error.byte - 1));
  } catch (const nlohmann::json::exception& error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e400'"
    std::string_view why = error.what();
    if (const size_t name = why.find("] "); name != why.npos) why.remove_prefix(name + 2);
    return bad(fmt::format("{}: broken JSON: {}", what, for_terminal(why)));
  }
}

std::string dump_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

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
