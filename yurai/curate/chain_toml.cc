#include "yurai/curate/chain_toml.h"

#include <fmt/format.h>

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

}  // namespace

Result<Json> toml_to_json(std::string_view toml_text, std::string_view name) {
  if (const auto invalid = find_invalid_utf8(toml_text)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("chain '{}' is not UTF-8 at byte {}", for_terminal(name), *invalid));
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
