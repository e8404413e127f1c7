#include "yurai/gateway/request_parser.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

namespace http = boost::beast::http;

/// Whether the parser found the bytes to be no HTTP (and the connection itself is fine).
bool is_protocol_error(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

std::optional<ApiError> explain(const boost::system::error_code& error,
                                const HttpServerOptions& options) {
  if (error == http::error::body_limit) {
    return ApiError(413, fmt::format("the body is larger than {} bytes", options.max_body_bytes));
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return ApiError(431, fmt::format("the request line and fields are larger than {} bytes",
                                     options.max_header_bytes));
  }
  if (!is_protocol_error(error)) return std::nullopt;
  return ApiError(400, fmt::format("this is not a well-formed HTTP request: {}",
                                   for_terminal(error.message())));
}

void set_limits(RequestParser& parser, const HttpServerOptions& options) {
  parser.header_limit(static_cast<uint32_t>(options.max_header_bytes));
  parser.body_limit(options.max_body_bytes);
}

ApiRequest request_of(http::request<http::string_body> message) {
  ApiRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(to_lower(std::string_view(field.name_string())),
                                 std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

ApiResult<ApiRequest> read_request(std::string_view bytes, const HttpServerOptions& options) {
  RequestParser parser;
  set_limits(parser, options);
  parser.eager(true);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(bytes), error);
  if (!error && !parser.is_done()) error = http::error::need_more;
  if (error) return fail(explain(error, options).value_or(ApiError(400, error.message())));
  return request_of(parser.release());
}

}  // namespace yurai
