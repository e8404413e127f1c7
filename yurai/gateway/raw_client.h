#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// For tests and benches: an HTTP client that sends whatever bytes it is told to.
///
///     RawClient client(server.port());
///     client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
///     const auto answer = client.read_response();   // answer->status == 200
namespace yurai::testing {

struct RawResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;                                          ///< chunks joined
  std::vector<std::string> chunks;

  std::string_view header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
      if (field == name) return value;
    }
    return {};
  }
};

class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }

  /// False when the server is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  /// Sends a request with a Host, and with content-type and length when it has a body.
  bool request(std::string_view method, std::string_view target, std::string_view body = {},
               std::string_view more_fields = {}) {
    std::string bytes(method);
    bytes.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
    bytes.append(more_fields);
    if (!body.empty() || method == "POST") {
      bytes.append("Content-Type: application/json\r\nContent-Length: ");
      bytes.append(std::to_string(body.size())).append("\r\n");
    }
    bytes.append("\r\n").append(body);
    return send(bytes);
  }

  /// The next response; nothing when the connection ends or stays silent before it is whole.
  std::optional<RawResponse> read_response(bool is_head = false) {
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    RawResponse response;
    std::string_view head = std::string_view(buffer_).substr(0, end + 2);
    if (head.size() < 14 || !head.starts_with("HTTP/1.1 ")) return std::nullopt;
    response.status = std::stoi(std::string(head.substr(9, 3)));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
      const size_t line_end = head.find("\r\n");
      const size_t colon = head.find(": ");
      if (colon == std::string_view::npos || colon > line_end) return std::nullopt;
      response.headers.emplace_back(head.substr(0, colon),
                                    head.substr(colon + 2, line_end - colon - 2));
      head.remove_prefix(line_end + 2);
    }
    buffer_.erase(0, end + 4);
    if (response.status == 100) return read_response(is_head);
    if (is_head || response.status == 304) return response;
    if (response.header("transfer-encoding") == "chunked") return read_chunks(response);
    const std::string length(response.header("content-length"));
    if (length.empty()) {  // until the connection ends
      while (receive()) {
      }
      response.body = std::exchange(buffer_, {});
      return response;
    }
    const size_t size = std::stoul(length);
    while (buffer_.size() < size) {
      if (!receive()) return std::nullopt;
    }
    response.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return response;
  }

  /// Whether the server has ended the connection, waiting for it.
  bool ended() {
    while (receive()) {
    }
    return !timed_out_;
  }

  /// Waits for at least one byte more.
  bool receive() {
    pollfd waiting{fd_, POLLIN, 0};
    timed_out_ = ::poll(&waiting, 1, kPatienceMs) <= 0;
    if (timed_out_) return false;
    char bytes[16 << 10];
    const ssize_t size = ::recv(fd_, bytes, sizeof(bytes), 0);
    if (size > 0) buffer_.append(bytes, static_cast<size_t>(size));
    return size > 0;
  }
  const std::string& received() const { return buffer_; }

 private:
  static constexpr int kPatienceMs = 20'000;

  std::optional<RawResponse> read_chunks(RawResponse response) {
    while (true) {
      size_t end = 0;
      while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!receive()) return std::nullopt;
      }
      const size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
      while (buffer_.size() < end + 2 + size + 2) {
        if (!receive()) return std::nullopt;
      }
      if (size > 0) response.chunks.push_back(buffer_.substr(end + 2, size));
      buffer_.erase(0, end + 2 + size + 2);
      if (size == 0) return response;
      response.body += response.chunks.back();
    }
  }

  int fd_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string buffer_;
};

/// One request on a connection of its own; status 0 when there is no answer.
inline RawResponse ask(uint16_t port, std::string_view method, std::string_view target,
                       std::string_view body = {}, std::string_view more_fields = {}) {
  RawClient client(port);
  client.request(method, target, body, more_fields);
  return client.read_response(method == "HEAD").value_or(RawResponse{});
}

}  // namespace yurai::testing
