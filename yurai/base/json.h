#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "yurai/base/result.h"

namespace yurai {

/// JSON whose objects keep the order in which they were written: what we print is stable.
using Json = nlohmann::ordered_json;

/// Parses untrusted JSON. Errors (kInvalidArgument) name `what` and the byte; nesting beyond
/// `max_depth`, objects of more than 1,000 members and bytes that are not UTF-8 are errors.
Result<Json> parse_json(std::string_view bytes, std::string_view what, int max_depth = 64);

/// One line, UTF-8 as it is.
std::string dump_json(const Json& json);

/// Member access for manifests and requests: a missing member or a wrong type is kInvalidArgument.
Result<std::string> json_string(const Json& object, std::string_view key);
Result<uint64_t> json_uint(const Json& object, std::string_view key);

/// A text that is not known is null in JSON, empty in C++; of anything else absent is null.
Json or_null(const std::string& text);
template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace yurai
