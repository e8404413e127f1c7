#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "yurai/base/file.h"

namespace yurai {
namespace {

constexpr unsigned kQueueDepth = 256;
constexpr int kMaxRefusals = 1000;  ///< in a row, by a kernel that is short of memory

/// A thread's queue to the kernel, made when first needed.
class Ring {
 public:
  Ring() : usable_(io_uring_queue_init(kQueueDepth, &ring_, 0) == 0) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    if (usable_) io_uring_queue_exit(&ring_);
  }
  /// False where the kernel has no io_uring or forbids it.
  bool usable() const { return usable_; }

  /// Reads into all of `requests`; one that comes back short or failed has `done` 0 and is left to
  /// the caller. Returns false when the ring broke: nothing is in flight any more, try otherwise.
  bool read(int fd, std::span<ReadableFile::Request> requests) {
    size_t submitted = 0;
    size_t completed = 0;
    int refusals = 0;
    while (completed < requests.size()) {
      while (submitted < requests.size() && submitted - completed < kQueueDepth) {
        io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) break;
        ReadableFile::Request& request = requests[submitted++];
        io_uring_prep_read(entry, fd, request.out.data(), static_cast<unsigned>(request.out.size()),
                           request.offset);
        io_uring_sqe_set_data(entry, &request);
      }
      const int status = io_uring_submit_and_wait(&ring_, 1);
      const bool busy = status == -EAGAIN || status == -EBUSY;
      refusals = busy ? refusals + 1 : 0;
      if ((status < 0 && status != -EINTR && !busy) || refusals > kMaxRefusals) {
        leave(submitted - completed - io_uring_sq_ready(&ring_));
        return false;
      }
      io_uring_cqe* entry = nullptr;
      while (io_uring_peek_cqe(&ring_, &entry) == 0) {
        auto* const request = static_cast<ReadableFile::Request*>(io_uring_cqe_get_data(entry));
        const bool whole =
            entry->res >= 0 && static_cast<size_t>(entry->res) == request->out.size();
        request->done = whole ? request->out.size() : 0;
        io_uring_cqe_seen(&ring_, entry);
        ++completed;
      }
    }
    return true;
  }

 private:
  /// Waits for the reads in flight, which write into their callers' memory, and closes the queue.
  void leave(size_t in_flight) {
    io_uring_cqe* entry = nullptr;
    while (in_flight > 0) {
      const int status = io_uring_wait_cqe(&ring_, &entry);
      if (status == -EINTR) continue;
      if (status < 0) break;
      io_uring_cqe_seen(&ring_, entry);
      --in_flight;
    }
    io_uring_queue_exit(&ring_);
    usable_ = false;
  }

  io_uring ring_{};
  bool usable_;
};

}  // namespace

Result<void> ReadableFile::read_batch(std::span<Request> requests) const {
  constexpr size_t kWorthARing = 4;
  for (Request& request : requests) request.done = 0;
  if (requests.size() >= kWorthARing) {
    thread_local Ring ring;
    if (ring.usable() && !ring.read(fd_, requests)) {
      for (Request& request : requests) request.done = 0;
    }
  }
  for (Request& request : requests) {
    if (request.done == request.out.size()) continue;
    YURAI_ASSIGN(request.done, read(request.offset, request.out));
  }
  return {};
}

}  // namespace yurai
