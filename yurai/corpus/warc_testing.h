#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

/// Web archives for tests.
namespace yurai::testing {

/// A WARC record; `fields` are lines that end in \r\n.
inline std::string warc_record(std::string_view type, std::string_view fields,
                               std::string_view block) {
  return fmt::format("WARC/1.0\r\nWARC-Type: {}\r\n{}Content-Length: {}\r\n\r\n{}\r\n\r\n", type,
                     fields, block.size(), block);
}

/// The record of a page that was fetched.
inline std::string warc_page(std::string_view url, std::string_view html,
                             std::string_view content_type = "text/html; charset=utf-8",
                             std::string_view status = "200 OK") {
  const std::string http =
      fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\n\r\n{}", status, content_type, html);
  const std::string fields = fmt::format(
      "WARC-Record-ID: <urn:{}>\r\nWARC-Target-URI: {}\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
      "Content-Type: application/http; msgtype=response\r\n",
      url, url);
  return warc_record("response", fields, http);
}

}  // namespace yurai::testing
