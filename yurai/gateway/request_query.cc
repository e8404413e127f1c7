#include "yurai/gateway/request_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

/// The whole of `text` as a number.
template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

ApiResult<RequestQuery> RequestQuery::parse(const ApiRequest& request,
                                            std::initializer_list<std::string_view> names) {
  YURAI_ASSIGN(QueryParameters parameters, parse_query(query_of(request.target)));
  for (const auto& [name, value] : parameters) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string shown = for_terminal(name.substr(0, 100));
    const std::string known =
        names.size() == 0 ? "none" : fmt::format("{}", fmt::join(names, ", "));
    return refuse(400, fmt::format("'{}' is no parameter of this; it takes {}", shown, known),
                  shown, "unknown_parameter");
  }
  return RequestQuery(std::move(parameters));
}

const std::string* RequestQuery::find(std::string_view name) const {
  for (const auto& [known, value] : parameters_) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::string_view RequestQuery::text(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string_view() : *value;
}

ApiResult<uint64_t> RequestQuery::integer(std::string_view name, uint64_t fallback, uint64_t min,
                                          uint64_t max) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  const auto value = parsed<uint64_t>(*text);
  if (!value || *value < min || *value > max) {
    return refuse(400, fmt::format("'{}' must be a whole number from {} to {}", name, min, max),
                  std::string(name));
  }
  return *value;
}

ApiResult<std::optional<double>> RequestQuery::number(std::string_view name) const {
  const std::string* text = find(name);
  if (text == nullptr) return std::optional<double>();
  const auto value = parsed<double>(*text);
  if (!value || !std::isfinite(*value)) {
    return refuse(400, fmt::format("'{}' must be a number", name), std::string(name));
  }
  return value;
}

std::string make_cursor(uint64_t first, std::string_view bound_to) {
  return fmt::format("{:x}-{:016x}", first, xxh3(fmt::format("{}\n{}", first, bound_to)));
}

ApiResult<uint64_t> read_cursor(std::string_view cursor, std::string_view bound_to,
                                std::string_view what) {
  if (cursor.empty()) return 0;
  uint64_t first = 0;
  const auto got = std::from_chars(cursor.data(), cursor.data() + cursor.size(), first, 16);
  if (got.ec != std::errc() || make_cursor(first, bound_to) != cursor) {
    return refuse(
        400, fmt::format("'cursor' is not one that this {0} gave; {0} again from the start", what),
        "cursor", "invalid_cursor");
  }
  return first;
}

}  // namespace yurai
