#include "yurai/base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "yurai/base/file.h"

extern char** environ;

namespace yurai {
namespace {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return fail(io_error("open", "pipe", errno));
  return Pipe{Descriptor(fds[0]), Descriptor(fds[1])};
}

/// A child that stops reading must not end us: writes then fail with EPIPE. Once, for good: signals
/// are the process's, and other threads may be writing to children of theirs.
void ignore_broken_pipes() {
  static const bool once = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  static_cast<void>(once);
}

}  // namespace

Result<ProcessResult> run_process(const std::vector<std::string>& command, std::string_view input,
                                  size_t max_output_bytes) {
  YURAI_CHECK(!command.empty());
  YURAI_ASSIGN(Pipe in, make_pipe());
  YURAI_ASSIGN(Pipe out, make_pipe());
  YURAI_ASSIGN(Pipe err, make_pipe());

  ignore_broken_pipes();
  posix_spawnattr_t attributes;  // the child is told of its own broken pipes as usual
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int spawned =
      ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (spawned != 0) return fail(io_error("run", command[0], spawned));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  ProcessResult result;
  bool too_much = false;
  if (input.empty()) in.write.reset();
  while (out.read.get() >= 0 || err.read.get() >= 0) {
    std::array<pollfd, 3> polls{
        {{in.write.get(), POLLOUT, 0}, {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
    if (::poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) break;
    if ((polls[0].revents & (POLLOUT | POLLERR)) != 0) {
      const ssize_t wrote = ::write(in.write.get(), input.data(), input.size());
      if (wrote > 0) input.remove_prefix(static_cast<size_t>(wrote));
      if (input.empty() || (wrote < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
    const auto drain = [&](const pollfd& poll, Descriptor& from, std::string& to) {
      if ((poll.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return;
      std::array<char, 65536> buffer;
      const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
      if (got > 0) to.append(buffer.data(), static_cast<size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) from.reset();
    };
    drain(polls[1], out.read, result.out);
    drain(polls[2], err.read, result.err);
    if (result.out.size() + result.err.size() > max_output_bytes) {
      too_much = true;
      ::kill(pid, SIGKILL);
      break;
    }
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (too_much) {
    return fail(
        ErrorCode::kResourceExhausted,
        fmt::format("'{}' wrote more than {} bytes and was stopped", command[0], max_output_bytes));
  }
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace yurai
