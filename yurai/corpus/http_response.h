#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "yurai/base/result.h"

namespace yurai {

/// An HTTP response as a web archive keeps it.
struct WebResponse {
  int status = 0;
  std::string media_type;  ///< lower case, without parameters; empty: not given
  std::string charset;     ///< of Content-Type
  std::string body;        ///< without transfer and content encoding
};

/// "text/html; charset=x" → "text/html" and "x".
void parse_content_type(std::string_view value, std::string& media_type, std::string& charset);

/// Reads status line, header and body; takes off `chunked` and gzip and deflate. A body that was
/// stored without the encoding that its header names, as some crawlers do, is taken as it is.
/// kInvalidArgument for what is no HTTP response, for another content encoding and for damaged
/// data; kResourceExhausted for a body of more than `max_body_bytes`.
///
///     parse_http_response("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>a", 1000)
Result<WebResponse> parse_http_response(std::string_view message, uint64_t max_body_bytes);

}  // namespace yurai
