#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "yurai/base/result.h"

/// For tests: a real server on a loopback port whose every byte is scripted.
///
///     ScriptedServer server([](ScriptedServer::Connection& c) {
///       c.read_request();
///       c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
///     });
namespace yurai::testing {

class ScriptedServer {
 public:
  class Connection {
   public:
    explicit Connection(ScriptedServer& server, int fd) : server_(server), fd_(fd) {}

    /// Reads and records one request; empty when the client is gone.
    std::string read_request() {
      size_t head_end = 0;
      while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (!receive()) return {};
      }
      size_t size = head_end + 4;
      if (const size_t at = buffer_.find("Content-Length: "); at < head_end) {
        size += std::stoul(buffer_.substr(at + 16));
      }
      while (buffer_.size() < size) {
        if (!receive()) return {};
      }
      std::string request = buffer_.substr(0, size);
      buffer_.erase(0, size);
      const std::lock_guard lock(server_.mutex_);
      server_.requests_.push_back(request);
      return request;
    }

    /// Returns false when the client is gone.
    bool send(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(sent));
      }
      return true;
    }

    /// Sends in pieces of `size` bytes, each its own write.
    void send_pieces(std::string_view bytes, size_t size) {
      for (size_t i = 0; i < bytes.size(); i += size) {
        if (!send(bytes.substr(i, size))) return;
      }
    }

    /// A whole answer with its length.
    void respond(int status, std::string_view type, std::string_view body) {
      send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    }

    /// Says nothing until the client goes away or the server ends.
    void wait_closed() {
      while (receive()) {
      }
    }

   private:
    bool receive() {
      char bytes[4096];
      const ssize_t size = ::recv(fd_, bytes, sizeof(bytes), 0);
      if (size > 0) buffer_.append(bytes, static_cast<size_t>(size));
      return size > 0;
    }

    ScriptedServer& server_;
    int fd_;
    std::string buffer_;
  };

  using Script = std::function<void(Connection&)>;

  /// Runs `script` on a thread of its own for every connection, which closes when it returns.
  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    YURAI_CHECK(::bind(listener_, generic, size) == 0);
    YURAI_CHECK(::listen(listener_, 64) == 0);
    YURAI_CHECK(::getsockname(listener_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }

  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  size_t num_connections() {
    const std::lock_guard lock(mutex_);
    return num_connections_;
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      const std::lock_guard lock(mutex_);
      ++num_connections_;
      open_.push_back(fd);
      threads_.emplace_back([this, fd] {
        Connection connection(*this, fd);
        script_(connection);
        const std::lock_guard closing(mutex_);
        std::erase(open_, fd);
        ::close(fd);
      });
    }
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;  ///< joined by the destructor
  size_t num_connections_ = 0;
  std::thread accepting_;
};

}  // namespace yurai::testing
