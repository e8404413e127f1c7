#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// Requests and responses as plain values: what handlers, tests and the fuzzer see. No socket here.
///
///     ApiRequest request{.method = "GET", .target = "/v1/search?q=%E7%8C%AB"};
///     YURAI_ASSIGN(const auto query, parse_query(query_of(request.target)));
///     return json_response({{"count", 3}});
namespace yurai {

/// Fields in the order they came; names in lower case.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct ApiRequest {
  std::string method;  ///< "GET", "POST", …
  std::string target;  ///< as sent: path and query, still percent-encoded
  HttpFields headers;
  std::string body;
  std::stop_token stop;  ///< the caller went away, the time is up, or the server ends

  /// The first field with this lower-case name; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// Where a response that comes piece by piece goes. Not thread-safe.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  /// Sends status and fields; once, before the first `write`.
  virtual void begin(int status, const HttpFields& headers) = 0;
  /// Sends bytes as they are, waiting while the reader is slow. False: nobody reads any more.
  virtual bool write(std::string_view bytes) = 0;
};

struct ApiResponse {
  int status = 200;
  HttpFields headers;
  std::string body;
  /// When set, the response is what this writes: status and fields too. Runs on the thread that
  /// made the response, after it was returned; the request outlives it. False: what was written is
  /// not all, and the connection is cut so that the reader knows.
  std::function<bool(ResponseWriter&)> stream;
};

/// What a refused request is told, in OpenAI's shape: {"error":{"message","type","param","code"}}.
struct ApiError {
  int status = 400;
  std::string message;
  std::string type;   ///< "invalid_request_error", "server_error", …
  std::string param;  ///< the member or parameter at fault; empty: none
  std::string code;   ///< "not_found", "model_not_found", …; empty: none

  ApiError(int status, std::string message, std::string param = {}, std::string code = {});
  /// A failure of the library: its status is http_status(code). What the disk says (kCorrupt, kIo)
  /// stays with the server: the message holds no path.
  ApiError(Error error);  // NOLINT(google-explicit-constructor): YURAI_TRY passes errors up
};

/// A value, or what the caller is told. YURAI_TRY and YURAI_ASSIGN work with it.
template <class T>
class [[nodiscard]] ApiResult : public tl::expected<T, ApiError> {
 public:
  using tl::expected<T, ApiError>::expected;
  ApiResult() = default;
};

inline tl::unexpected<ApiError> fail(ApiError error) {
  return tl::unexpected<ApiError>(std::move(error));
}
/// `return refuse(400, "'limit' must be 1 to 1000", "limit");`
inline tl::unexpected<ApiError> refuse(int status, std::string message, std::string param = {},
                                       std::string code = {}) {
  return fail(ApiError(status, std::move(message), std::move(param), std::move(code)));
}

ApiResponse json_response(const Json& json, int status = 200);
ApiResponse error_response(const ApiError& error);

/// The standard phrase of a status, such as "Not Found".
std::string_view reason_phrase(int status);

/// The time now, as the Date field gives it.
std::string http_date();

/// Adds "name: value" and the end of the line to a response's head, without what would end the line
/// early.
void append_field(std::string& head, std::string_view name, std::string_view value);

/// The path of a target, and what follows its '?'.
std::string_view path_of(std::string_view target);
std::string_view query_of(std::string_view target);

/// Undoes percent-encoding once; with `plus_is_space`, '+' too. A '%' without two hex digits is an
/// error.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Letters, digits and "-._~" stay; every other byte becomes %XX.
std::string percent_encode(std::string_view text);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// "q=a+b&limit=3" → {{"q", "a b"}, {"limit", "3"}}. A name given twice or text that is not UTF-8
/// is an error with that param.
ApiResult<QueryParameters> parse_query(std::string_view query);

}  // namespace yurai
