#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Requests to a server that is not trusted: only http and https, certificates verified, redirects
/// not followed, time and size limited.
///
///     HttpClient client;
///     HttpRequest request{.url = "http://127.0.0.1:8000/v1/completions", .body = json};
///     HttpHandlers handlers{.on_bytes = [&](std::string_view bytes) { return forward(bytes); }};
///     YURAI_ASSIGN(const HttpHead head, client.stream(request, handlers));
///     if (head.status != 200) ...
namespace yurai {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string url;  ///< without user name and password
  std::vector<HttpHeader> headers;
  std::optional<std::string> body;  ///< sent with POST; without a body the request is a GET
};

/// Status and headers of an answer, in the order in which they came.
struct HttpHead {
  int status = 0;
  std::vector<HttpHeader> headers;
  /// The first header of this name (in any case); empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  HttpHead head;
  std::string body;
};

struct HttpLimits {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{120'000};  ///< without a byte from the server
  std::chrono::milliseconds total_timeout{600'000};
  uint64_t max_response_bytes = 64ull << 20;
};

/// Called on the thread of the request. Any may be empty; returning false from the first two, or
/// true from `is_cancelled`, ends the request with kCancelled and closes its connection.
struct HttpHandlers {
  std::function<bool(const HttpHead&)> on_head;
  /// The body as it comes, in pieces that break anywhere. The server waits while this runs.
  std::function<bool(std::string_view)> on_bytes;
  /// Asked at least every 50 ms, also while the server is silent.
  std::function<bool()> is_cancelled;
};

/// Keeps connections open for later requests. Thread-safe; requests on several threads run side by
/// side.
class HttpClient {
 public:
  HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// Sends a request and hands its answer on as it comes. Returns the head once the whole body has
  /// come: any status is an answer, not an error. Errors: kInvalidArgument (URL, header),
  /// kUnavailable (no connection, or broken off), kTimeout, kResourceExhausted (size), kCancelled.
  Result<HttpHead> stream(const HttpRequest& request, const HttpHandlers& handlers,
                          const HttpLimits& limits = {}) const;

  /// The same, with the body in memory.
  Result<HttpResponse> fetch(const HttpRequest& request, const HttpLimits& limits = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yurai
