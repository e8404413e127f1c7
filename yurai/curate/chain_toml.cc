#include "yurai/curate/chain_toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ASSERT(expr) static_assert(true)  // some fail on bad input, before its error is made
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr int kMaxDepth = 16;

Result<Json> convert(const toml::node& node, std::string_view chain, int depth) {
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("chain '{}', line {}: {}", for_terminal(chain),
                            node.source().begin.line, what));
  };
  if (depth > kMaxDepth) return bad("tables are nested too deep");
  if (const toml::table* table = node.as_table()) {
    Json json = Json::object();
    for (const auto& [key, value] : *table) {
      YURAI_ASSIGN(json[std::string(key.str())], convert(value, chain, depth + 1));
    }
    return json;
  }
  if (const toml::array* array = node.as_array()) {
    Json json = Json::array();
    for (const toml::node& item : *array) {
      YURAI_ASSIGN(Json value, convert(item, chain, depth + 1));
      json.push_back(std::move(value));
    }
    return json;
  }
  if (const auto* value = node.as_string()) return Json(value->get());
  if (const auto* value = node.as_integer()) return Json(value->get());
  if (const auto* value = node.as_floating_point()) return Json(value->get());
  if (const auto* value = node.as_boolean()) return Json(value->get());
  return bad("a date or a time has no meaning in a chain");
}

/// Where a byte beyond ASCII stands outside of strings and comments: TOML has it nowhere, and the
/// parser's tables have no answer for some of these characters (full-width brackets).
std::optional<size_t> find_stray_character(std::string_view toml) {
  for (size_t at = 0; at < toml.size(); ++at) {
    const char c = toml[at];
    if (static_cast<unsigned char>(c) >= 0x80) return at;
    if (c == '#') at = std::min(toml.find('\n', at), toml.size());
    if (c != '"' && c != '\'') continue;
    const std::string three(3, c);
    const bool lines = toml.substr(at, 3) == three;
    for (at += lines ? 3 : 1; at < toml.size(); ++at) {
      if (toml[at] == '\\' && c == '"') {
        ++at;
      } else if (!lines && (toml[at] == c || toml[at] == '\n')) {
        break;
      } else if (lines && toml.substr(at, 3) == three) {
        at = std::min(toml.find_first_not_of(c, at + 3), at + 5) - 1;  // it may end in two quotes
        break;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Json> toml_to_json(std::string_view toml_text, std::string_view name) {
  if (const auto invalid = find_invalid_utf8(toml_text)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("chain '{}' is not UTF-8 at byte {}", for_terminal(name), *invalid));
  }
  if (const auto stray = find_stray_character(toml_text)) {
    const std::string_view before = toml_text.substr(0, *stray);
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("chain '{}', line {}: a character beyond ASCII stands outside of quotes",
                    for_terminal(name), 1 + std::ranges::count(before, '\n')));
  }
  const toml::parse_result parsed = toml::parse(toml_text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("chain '{}', line {}, column {}: {}", for_terminal(name),
                            error.source().begin.line, error.source().begin.column,
                            for_terminal(error.description())));
  }
  return convert(parsed.table(), name, 0);
}

}  // namespace yurai
