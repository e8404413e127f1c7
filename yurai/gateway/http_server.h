#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "yurai/base/result.h"
#include "yurai/gateway/http.h"

/// HTTP/1.1 over TCP: reads requests within limits, runs them on worker threads, writes what they
/// answer.
///
///     YURAI_ASSIGN(HttpServer server, HttpServer::listen({.port = 0}, {.answer = hello, …}));
///     fmt::print("listening on {}\n", server.url());
///     …
///     server.stop();
namespace yurai {

struct HttpServerOptions {
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address
  uint16_t port = 0;                  ///< 0: any free one
  size_t max_connections = 512;       ///< further ones are told 503
  size_t max_header_bytes = 256 << 10;
  size_t max_body_bytes = 16 << 20;
  size_t max_pending_body_bytes = 256 << 20;  ///< of all connections together
  size_t num_query_threads = 4;
  size_t max_generation_threads = 256;
  std::chrono::milliseconds header_timeout{30'000};  ///< also between two requests
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds query_timeout{60'000};  ///< until an answer that needs no model
  std::chrono::milliseconds write_timeout{30'000};  ///< for each write
  std::chrono::milliseconds stop_timeout{5'000};    ///< for requests in flight when the server ends
};

/// What a server serves. All are called from several threads at once.
struct ServerHandlers {
  /// Must not throw. When the request's `stop` is requested (the client went away, `query_timeout`
  /// passed, the server ends), its answer is worth nothing and should end soon.
  std::function<ApiResponse(const ApiRequest&)> answer;
  /// The answer to what is no request, or one too many. Must not throw.
  std::function<ApiResponse(int status, std::string message)> refuse;
  /// Whether this request waits for a model: it gets a thread of its own and as long as the model
  /// takes. Must not throw.
  std::function<bool(const ApiRequest&)> generates;
};

/// The one request that these bytes are, as a connection reads it; otherwise an error with the
/// status that it is refused with. For tests and the fuzzer.
ApiResult<ApiRequest> read_request(std::string_view bytes, const HttpServerOptions& options);

/// A listening server. Thread-safe.
class HttpServer {
 public:
  /// Binds and serves at once. An address in use is kUnavailable with a message that says so.
  static Result<HttpServer> listen(const HttpServerOptions& options, ServerHandlers handlers);
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) = delete;
  /// Stops.
  ~HttpServer();

  uint16_t port() const;
  std::string url() const;  ///< "http://127.0.0.1:8765"

  /// Accepts no more, closes idle connections, lets requests in flight end within `stop_timeout`,
  /// then stops and cuts them off. Returns when all handlers have returned.
  void stop();

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai
