#pragma once

#include <string>
#include <string_view>

namespace yurai {

/// The host of a URL in lower case, without user and port, as Python's urlparse finds it; empty
/// where there is none.
///
///     url_host("https://me@WWW.Example.jp:80/a?b") == "www.example.jp"
std::string url_host(std::string_view url);

}  // namespace yurai
