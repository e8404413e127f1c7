#include "yurai/gateway/request_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

/// A name from outside, short enough for a message.
std::string shown(std::string_view name) { return for_terminal(first_chars(name, 100)); }

bool is_json(std::string_view content_type) {
  std::string type = to_lower(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return type == "application/json";
}

}  // namespace

ApiResult<RequestBody> RequestBody::parse(const ApiRequest& request) {
  if (!is_json(request.header("content-type"))) {
    return refuse(415, "send JSON, with 'content-type: application/json'", "",
                  "unsupported_media_type");
  }
  auto json = parse_json(request.body, "body");
  if (!json) return refuse(400, json.error().message, "", "invalid_json");
  if (!json->is_object()) return refuse(400, "body: must be a JSON object", "", "invalid_json");
  return RequestBody(std::move(*json));
}

const Json* RequestBody::find(std::string_view name) const {
  const auto member = json_.find(name);
  return member == json_.end() || member->is_null() ? nullptr : &*member;
}

ApiResult<void> RequestBody::allow(std::initializer_list<std::string_view> names) const {
  for (const auto& [name, value] : json_.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return refuse(400,
                    fmt::format("'{}' is no member of this request; it takes {}", shown(name),
                                fmt::join(names, ", ")),
                    shown(name), "unknown_parameter");
    }
  }
  return {};
}

ApiResult<std::string> RequestBody::text(std::string_view name, size_t max_bytes) const {
  const Json* member = find(name);
  if (member == nullptr || !member->is_string()) {
    return refuse(400, fmt::format("'{}' must be a string", name), std::string(name));
  }
  const auto& value = member->get_ref<const std::string&>();
  if (value.size() > max_bytes) {
    return refuse(413, fmt::format("'{}' is larger than {} bytes", name, max_bytes),
                  std::string(name), "too_large");
  }
  return value;
}

ApiResult<std::vector<std::string>> RequestBody::texts(std::string_view name, size_t max_count,
                                                       size_t max_bytes) const {
  const Json* member = find(name);
  const bool strings = member != nullptr && member->is_array() && !member->empty() &&
                       std::all_of(member->begin(), member->end(),
                                   [](const Json& item) { return item.is_string(); });
  if (!strings) {
    return refuse(400, fmt::format("'{}' must be a non-empty array of strings", name),
                  std::string(name));
  }
  if (member->size() > max_count) {
    return refuse(413, fmt::format("'{}' holds more than {} strings", name, max_count),
                  std::string(name), "too_large");
  }
  std::vector<std::string> values;
  for (const Json& item : *member) {
    values.push_back(item.get<std::string>());
    if (values.back().size() > max_bytes) {
      return refuse(413, fmt::format("'{}' holds a string larger than {} bytes", name, max_bytes),
                    std::string(name), "too_large");
    }
  }
  return values;
}

ApiResult<uint64_t> RequestBody::integer(std::string_view name, uint64_t fallback, uint64_t min,
                                         uint64_t max) const {
  const Json* member = find(name);
  if (member == nullptr) return fallback;
  const bool whole = member->is_number_unsigned();
  const uint64_t value = whole ? member->get<uint64_t>() : 0;
  if (!whole || value < min || value > max) {
    return refuse(400, fmt::format("'{}' must be a whole number from {} to {}", name, min, max),
                  std::string(name));
  }
  return value;
}

ApiResult<double> RequestBody::number(std::string_view name, double fallback, double min,
                                      double max) const {
  const Json* member = find(name);
  if (member == nullptr) return fallback;
  const double value = member->is_number() ? member->get<double>() : 0;
  if (!member->is_number() || !(value >= min && value <= max)) {
    return refuse(400, fmt::format("'{}' must be a number from {} to {}", name, min, max),
                  std::string(name));
  }
  return value;
}

ApiResult<bool> RequestBody::boolean(std::string_view name, bool fallback) const {
  const Json* member = find(name);
  if (member == nullptr) return fallback;
  if (!member->is_boolean()) {
    return refuse(400, fmt::format("'{}' must be true or false", name), std::string(name));
  }
  return member->get<bool>();
}

}  // namespace yurai
