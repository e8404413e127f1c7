#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <optional>

#include "yurai/gateway/http.h"
#include "yurai/gateway/http_server.h"

/// From the bytes of a connection to a request: the limits, and what a sender beyond them is told.
/// For http_server.cc, which reads with it.
namespace yurai {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

void set_limits(RequestParser& parser, const HttpServerOptions& options);

/// What the sender of such bytes is told; nothing when the connection itself failed.
std::optional<ApiError> explain(const boost::system::error_code& error,
                                const HttpServerOptions& options);

ApiRequest request_of(boost::beast::http::request<boost::beast::http::string_body> message);

}  // namespace yurai
