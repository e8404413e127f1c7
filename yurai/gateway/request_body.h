#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/gateway/http.h"

namespace yurai {

/// The JSON object that a request carries. Every error names the member at fault; an optional
/// member that is null is absent.
///
///     YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
///     YURAI_TRY(body.allow({"text", "max_documents"}));
///     YURAI_ASSIGN(const std::string text, body.text("text", 1 << 20));
///     YURAI_ASSIGN(const uint64_t limit, body.integer("max_documents", 10, 0, 1000));
class RequestBody {
 public:
  /// 415 without `content-type: application/json` (which no page of another site can send
  /// unasked), 400 when the body is no JSON object.
  static ApiResult<RequestBody> parse(const ApiRequest& request);

  const Json& json() const { return json_; }

  /// Refuses members other than these: a misspelt option is found, not ignored.
  ApiResult<void> allow(std::initializer_list<std::string_view> names) const;

  /// Whether the member is there and not null.
  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// A required string.
  ApiResult<std::string> text(std::string_view name, size_t max_bytes) const;
  /// A required, non-empty array of strings.
  ApiResult<std::vector<std::string>> texts(std::string_view name, size_t max_count,
                                            size_t max_bytes) const;
  /// Optional members: `fallback` when absent.
  ApiResult<uint64_t> integer(std::string_view name, uint64_t fallback, uint64_t min,
                              uint64_t max) const;
  ApiResult<double> number(std::string_view name, double fallback, double min, double max) const;
  ApiResult<bool> boolean(std::string_view name, bool fallback) const;

 private:
  explicit RequestBody(Json json) : json_(std::move(json)) {}
  const Json* find(std::string_view name) const;

  Json json_;
};

}  // namespace yurai
