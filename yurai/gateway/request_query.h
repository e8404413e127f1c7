#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "yurai/gateway/http.h"

namespace yurai {

/// The parameters behind a target's '?'. Every error names the one at fault.
///
///     YURAI_ASSIGN(const RequestQuery query, RequestQuery::parse(request, {"q", "limit"}));
///     YURAI_ASSIGN(const uint64_t limit, query.integer("limit", 20, 1, 1000));
class RequestQuery {
 public:
  /// Refuses parameters other than these: a misspelt one is found, not ignored.
  static ApiResult<RequestQuery> parse(const ApiRequest& request,
                                       std::initializer_list<std::string_view> names);

  /// Empty when it is absent.
  std::string_view text(std::string_view name) const;
  ApiResult<uint64_t> integer(std::string_view name, uint64_t fallback, uint64_t min,
                              uint64_t max) const;
  /// A finite number, if it is there.
  ApiResult<std::optional<double>> number(std::string_view name) const;

 private:
  explicit RequestQuery(QueryParameters parameters) : parameters_(std::move(parameters)) {}
  const std::string* find(std::string_view name) const;

  QueryParameters parameters_;
};

/// "RANK-CHECK": where a list goes on. `bound_to` is what the list depends on: a cursor is not
/// valid for anything else.
std::string make_cursor(uint64_t first, std::string_view bound_to);
/// Undoes make_cursor; 0 for an absent one. `what` names the list: "search".
ApiResult<uint64_t> read_cursor(std::string_view cursor, std::string_view bound_to,
                                std::string_view what);

}  // namespace yurai
