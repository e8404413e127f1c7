#include "yurai/gateway/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "yurai/base/terminal.h"
#include "yurai/gateway/request_parser.h"
#include "yurai/gateway/worker_pool.h"

// Boost stays within this file and request_parser. A connection lives on a strand: its member
// functions run there, but for those that a worker's ResponseWriter calls, which say so.
namespace yurai {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorOf = boost::system::error_code;
using Parser = RequestParser;

constexpr size_t kMaxPendingStreamBytes = 64 << 10;  // of one stream whose reader is slow
constexpr size_t kWriteSliceBytes = 1 << 20;         // what one write timeout is for
constexpr std::chrono::seconds kDiscardTimeout{2};
constexpr size_t kMaxRefusedConnections = 64;  // being told 503 at once

class Connection;

}  // namespace

struct HttpServer::State {
  explicit State(const HttpServerOptions& options_in, ServerHandlers handlers_in)
      : options(options_in),
        handlers(std::move(handlers_in)),
        queries(std::make_unique<WorkerPool>(options.num_query_threads)),
        generations(std::make_unique<WorkerPool>(options.max_generation_threads)) {}

  void accept();
  void stop();

  const HttpServerOptions options;
  const ServerHandlers handlers;
  std::string url;
  uint16_t port = 0;
  std::atomic<size_t> pending_body_bytes{0};

  std::mutex mutex;  // guards what follows
  std::condition_variable connection_ended;
  std::set<Connection*> connections;
  bool stopping = false;

  asio::io_context io;  // before the pools and after the set: its connections use both
  tcp::acceptor acceptor{asio::make_strand(io)};
  asio::steady_timer accept_again{acceptor.get_executor()};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::vector<std::thread> threads;
  std::unique_ptr<WorkerPool> queries;
  std::unique_ptr<WorkerPool> generations;
};

namespace {

/// Shared by the operations in flight on it; gone when there are none.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  template <class State>
  Connection(tcp::socket socket, State& server)
      : stream_(std::move(socket)),
        deadline_(stream_.get_executor()),
        options_(server.options),
        handlers_(server.handlers),
        pending_body_bytes_(server.pending_body_bytes),
        queries_(*server.queries),
        generations_(*server.generations),
        buffer_(options_.max_header_bytes + (64 << 10)),
        leave_([&server](Connection* self) {
          const std::lock_guard lock(server.mutex);
          server.connections.erase(self);
          server.connection_ended.notify_all();
        }) {}
  ~Connection() {
    release_body();
    leave_(this);
  }

  auto executor() { return stream_.get_executor(); }

  void read_request() {
    parser_.emplace();
    set_limits(*parser_, options_);
    waits_for_request_ = true;
    if (draining_ && buffer_.size() == 0) return close();
    stream_.expires_after(options_.header_timeout);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](ErrorOf error, size_t) { self->on_header(error); });
  }

  /// Answers without having read a request, then closes.
  void refuse(int status, std::string message) {
    waits_for_request_ = false;
    keep_alive_ = false;
    request_unread_ = true;
    parser_.reset();  // and what it has read
    send_whole(handlers_.refuse(status, std::move(message)), false);
  }

  /// The server ends: an idle connection closes, another after its response.
  void drain() {
    draining_ = true;
    keep_alive_ = false;
    const bool begun = buffer_.size() > 0 || (parser_ && parser_->got_some());
    if (waits_for_request_ && !begun) close();
  }

  void close() {
    ErrorOf ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
    on_closed();
  }

  // For the worker's thread.
  void begin_stream(int status, const HttpFields& headers, bool is_head) {
    const bool no_body = status == 204 || status == 304;
    chunked_ = version_ >= 11 && !no_body;
    body_omitted_ = is_head || no_body;
    if (!chunked_ && !no_body) keep_alive_ = false;
    enqueue(head(status, headers, std::nullopt), false);
  }
  bool write_stream(std::string_view bytes) {
    if (bytes.empty() || body_omitted_) return !closed();
    return enqueue(
        chunked_ ? fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes) : std::string(bytes), false);
  }
  void end_stream() { enqueue(chunked_ && !body_omitted_ ? "0\r\n\r\n" : "", true); }
  void end_whole(ApiResponse response, bool is_head) {
    asio::post(stream_.get_executor(),
               [self = shared_from_this(), is_head, answer = std::move(response)]() mutable {
                 self->send_whole(std::move(answer), is_head);
               });
  }
  /// Sends what was written, then ends the connection without the end of the response.
  void abandon() {
    keep_alive_ = false;
    enqueue("", true);
  }

 private:
  void on_header(ErrorOf error) {
    if (error) return on_read_error(error);
    waits_for_request_ = false;
    stream_.expires_after(options_.body_timeout);
    const std::string_view coding = parser_->get()[http::field::transfer_encoding];
    if (!coding.empty() && !beast::iequals(coding, "chunked")) {  // else where does the body end?
      return refuse(400, "'Transfer-Encoding' may only be chunked");
    }
    if (!parser_->is_done() &&
        beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(kContinue),
                        [self = shared_from_this()](ErrorOf failed, size_t) {
                          if (failed) return self->close();
                          self->read_body();
                        });
      return;
    }
    read_body();
  }

  void read_body() {
    if (parser_->is_done()) return dispatch();
    http::async_read_some(stream_, buffer_, *parser_,
                          [self = shared_from_this()](ErrorOf error, size_t) {
                            if (error) return self->on_read_error(error);
                            self->on_body_bytes();
                          });
  }

  void on_body_bytes() {
    const size_t size = parser_->get().body().size();
    const size_t pending = pending_body_bytes_ += size - body_bytes_;
    body_bytes_ = size;
    if (pending > options_.max_pending_body_bytes) {
      return refuse(503, "too many large requests at once; try again");
    }
    read_body();
  }

  void on_read_error(ErrorOf error) {
    const std::optional<ApiError> refused = explain(error, options_);
    if (!refused) return close();  // gone, or too slow
    refuse(refused->status, refused->message);
  }

  void dispatch() {
    auto message = parser_->release();
    version_ = message.version();
    keep_alive_ = message.keep_alive() && !draining_;
    // Shared with the worker: what it is given is copied.
    const auto request = std::make_shared<ApiRequest>(request_of(std::move(message)));
    stop_ = std::stop_source();
    request->stop = stop_.get_token();
    stream_.expires_never();

    const bool generates = handlers_.generates(*request);
    const bool queued =
        (generates ? generations_ : queries_).submit([self = shared_from_this(), request] {
          self->handle(*request);
        });
    if (!queued) return refuse(503, "no thread is free; try again");
    watch();
    if (generates) return;
    deadline_.expires_after(options_.query_timeout);
    deadline_.async_wait([self = shared_from_this(), number = num_requests_](ErrorOf cancelled) {
      if (cancelled || number != self->num_requests_) return;
      self->late_ = true;
      self->stop_.request_stop();
    });
  }

  void handle(const ApiRequest& request);  // on a worker's thread

  /// Notices that the caller went away while its answer is being made.
  void watch() {
    watching_ = true;
    stream_.socket().async_wait(
        tcp::socket::wait_read, [self = shared_from_this(), number = num_requests_](ErrorOf error) {
          if (error || number != self->num_requests_ || !self->watching_) return;
          self->watching_ = false;
          char byte = 0;
          const ssize_t got =
              ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          // More bytes are the next request, already on its way; then only writing can tell.
          if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            self->stop_.request_stop();
        });
  }

  std::string head(int status, const HttpFields& headers, std::optional<size_t> body_bytes) const {
    std::string out = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
    for (const auto& [name, value] : headers) append_field(out, name, value);
    append_field(out, "date", http_date());
    if (body_bytes) {
      append_field(out, "content-length", std::to_string(*body_bytes));
    } else if (chunked_) {
      append_field(out, "transfer-encoding", "chunked");
    }
    if (!keep_alive_) {
      append_field(out, "connection", "close");
    } else if (version_ < 11) {
      append_field(out, "connection", "keep-alive");
    }
    out += "\r\n";
    return out;
  }

  void send_whole(ApiResponse response, bool is_head) {
    release_body();
    if (late_) {  // the handler gave up, and has counted that
      response.status = 504;
      response.body =
          error_response(ApiError(504, fmt::format("took longer than {} ms; ask for less at once",
                                                   options_.query_timeout.count())))
              .body;
    }
    chunked_ = false;
    const bool no_body = response.status == 304 || response.status == 204;
    std::string bytes = head(response.status, response.headers,
                             no_body ? std::nullopt : std::optional(response.body.size()));
    if (!no_body && !is_head) bytes += response.body;
    out_.push_back(std::move(bytes));
    last_queued_ = true;
    if (!writing_) write_next();
  }

  /// For any thread: waits until there is room. False: closed.
  bool enqueue(std::string bytes, bool last) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return closed_ || pending_bytes_ < kMaxPendingStreamBytes; });
      if (closed_) return false;
      pending_bytes_ += bytes.size();
    }
    asio::post(stream_.get_executor(),
               [self = shared_from_this(), last, piece = std::move(bytes)]() mutable {
                 if (!piece.empty()) self->out_.push_back(std::move(piece));
                 self->last_queued_ |= last;
                 if (!self->writing_) self->write_next();
               });
    return true;
  }

  void write_next() {
    if (out_.empty()) {
      if (last_queued_) on_response_sent();
      return;
    }
    writing_ = true;
    const std::string& bytes = out_.front();
    stream_.expires_after(options_.write_timeout);
    asio::async_write(
        stream_,
        asio::buffer(bytes.data() + written_, std::min(bytes.size() - written_, kWriteSliceBytes)),
        [self = shared_from_this()](ErrorOf error, size_t size) { self->on_written(error, size); });
  }

  void on_written(ErrorOf error, size_t size) {
    writing_ = false;
    if (error) return close();
    written_ += size;
    if (written_ == out_.front().size()) {
      {
        const std::lock_guard lock(mutex_);
        pending_bytes_ -= std::min(pending_bytes_, written_);
      }
      room_.notify_all();
      out_.pop_front();
      written_ = 0;
    }
    write_next();
  }

  void on_response_sent() {
    last_queued_ = false;
    ++num_requests_;
    deadline_.cancel();
    late_ = false;
    if (watching_) {
      watching_ = false;
      ErrorOf ignored;
      stream_.socket().cancel(ignored);
    }
    release_body();
    if (keep_alive_) return read_request();
    if (!request_unread_) return close();
    // Closing with bytes unread would reset the connection before the answer is read.
    ErrorOf ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kDiscardTimeout);
    discard();
  }

  void discard() {
    stream_.async_read_some(asio::buffer(discarded_),
                            [self = shared_from_this()](ErrorOf error, size_t) {
                              if (error) return self->close();
                              self->discard();
                            });
  }

  void release_body() { pending_body_bytes_ -= std::exchange(body_bytes_, 0); }

  bool closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  void on_closed() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    deadline_.cancel();
    stop_.request_stop();
  }

  beast::tcp_stream stream_;
  asio::steady_timer deadline_;  ///< of a query
  const HttpServerOptions& options_;
  const ServerHandlers& handlers_;
  std::atomic<size_t>& pending_body_bytes_;
  WorkerPool& queries_;
  WorkerPool& generations_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool waits_for_request_ = true;
  unsigned version_ = 11;
  std::atomic<bool> keep_alive_{false};
  std::atomic<bool> draining_{false};
  bool request_unread_ = false;
  bool watching_ = false;
  bool late_ = false;
  bool chunked_ = false;
  bool body_omitted_ = false;
  uint64_t num_requests_ = 0;
  size_t body_bytes_ = 0;
  std::stop_source stop_;

  std::deque<std::string> out_;
  size_t written_ = 0;  // of out_.front()
  bool writing_ = false;
  bool last_queued_ = false;
  std::array<char, 16 << 10> discarded_;

  std::mutex mutex_;  // guards the two that follow
  size_t pending_bytes_ = 0;
  bool closed_ = false;
  std::condition_variable room_;
  std::function<void(Connection*)> leave_;
};

class ConnectionWriter final : public ResponseWriter {
 public:
  ConnectionWriter(Connection& connection, bool is_head)
      : connection_(connection), is_head_(is_head) {}
  void begin(int status, const HttpFields& headers) override {
    begun_ = true;
    connection_.begin_stream(status, headers, is_head_);
  }
  bool write(std::string_view bytes) override { return connection_.write_stream(bytes); }
  bool begun() const { return begun_; }

 private:
  Connection& connection_;
  bool is_head_;
  bool begun_ = false;
};

void Connection::handle(const ApiRequest& request) {
  const bool is_head = request.method == "HEAD";
  try {
    ApiResponse response = handlers_.answer(request);
    if (!response.stream) return end_whole(std::move(response), is_head);
    ConnectionWriter writer(*this, is_head);
    if (response.stream(writer) && writer.begun()) return end_stream();
  } catch (const std::exception&) {
    // Out of memory while answering: this connection ends, the others go on.
  }
  abandon();
}

}  // namespace

void HttpServer::State::accept() {
  acceptor.async_accept(asio::make_strand(io), [this](ErrorOf error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (error) {  // out of descriptors: some will be free soon
      accept_again.expires_after(std::chrono::milliseconds(100));
      accept_again.async_wait([this](ErrorOf) {
        if (acceptor.is_open()) accept();
      });
      return;
    }
    accept();
    ErrorOf ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    size_t number = 0;
    std::shared_ptr<Connection> connection;
    {
      const std::lock_guard lock(mutex);
      number = connections.size();
      if (!stopping && number < options.max_connections + kMaxRefusedConnections) {
        connection = std::make_shared<Connection>(std::move(socket), *this);
        connections.insert(connection.get());
      }
    }
    if (connection) {
      const bool overloaded = number >= options.max_connections;
      asio::post(connection->executor(), [connection, overloaded] {
        if (overloaded) return connection->refuse(503, "too many connections; try again");
        connection->read_request();
      });
    }
  });
}

void HttpServer::State::stop() {
  const auto each = [this](auto&& call) {
    std::vector<std::shared_ptr<Connection>> living;
    {
      const std::lock_guard lock(mutex);
      for (Connection* connection : connections) {
        if (auto shared = connection->weak_from_this().lock()) living.push_back(std::move(shared));
      }
    }
    for (auto& connection : living) {
      asio::post(connection->executor(), [connection, call] { call(*connection); });
    }
  };
  {
    const std::lock_guard lock(mutex);
    if (stopping) return;
    stopping = true;
  }
  asio::post(acceptor.get_executor(), [this] {
    ErrorOf ignored;
    acceptor.close(ignored);
    accept_again.cancel();
  });
  each([](Connection& connection) { connection.drain(); });
  {
    std::unique_lock lock(mutex);
    connection_ended.wait_for(lock, options.stop_timeout, [this] { return connections.empty(); });
  }
  each([](Connection& connection) { connection.close(); });
  // Only ended: until the threads below are done, a connection may still hand a pool its request.
  queries->end();
  generations->end();
  io.stop();
  for (std::thread& thread : threads) thread.join();
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() {
  if (state_) state_->stop();
}
uint16_t HttpServer::port() const { return state_->port; }
std::string HttpServer::url() const { return state_->url; }
void HttpServer::stop() { state_->stop(); }

Result<HttpServer> HttpServer::listen(const HttpServerOptions& options, ServerHandlers handlers) {
  ErrorOf error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not an IP address", for_terminal(options.address)));
  }
  auto state = std::make_unique<State>(options, std::move(handlers));
  const tcp::endpoint wanted(address, options.port);
  const auto shown = [&](uint16_t port) {
    return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                           : fmt::format("{}:{}", address.to_string(), port);
  };
  state->acceptor.open(wanted.protocol(), error);
  if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) state->acceptor.bind(wanted, error);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::kUnavailable,
                error == asio::error::address_in_use
                    ? fmt::format("listen on {}: the port is in use; choose another with "
                                  "--listen, or port 0 for any free one",
                                  shown(options.port))
                    : fmt::format("listen on {}: {}", shown(options.port), error.message()));
  }
  state->port = state->acceptor.local_endpoint().port();
  state->url = "http://" + shown(state->port);
  state->work.emplace(asio::make_work_guard(state->io));
  state->accept();
  for (int i = 0; i < 2; ++i) {
    state->threads.emplace_back([&io = state->io] {
      while (true) {
        try {
          io.run();
          return;
        } catch (const std::exception&) {
          // Out of memory in one connection's operation: it is gone, the others go on.
        }
      }
    });
  }
  return HttpServer(std::move(state));
}

}  // namespace yurai
