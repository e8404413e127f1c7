#include "yurai/base/read_queue.h"

#include <liburing.h>

#include <cerrno>
#include <unordered_map>
#include <utility>

namespace yurai {
namespace {

constexpr unsigned kQueueDepth = 256;
constexpr unsigned kWorthACall = 32;  ///< so many reads are handed to the kernel at once
constexpr unsigned kWorthAWait = 16;  ///< of so many in flight half are waited for: a wait costs
constexpr int kMaxRefusals = 1000;    ///< in a row, by a kernel that is short of memory

}  // namespace

/// A thread's queue to the kernel, made when first needed.
class ReadQueue::Ring {
 public:
  Ring() : usable_(io_uring_queue_init(kQueueDepth, &ring_, 0) == 0) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    if (usable_) io_uring_queue_exit(&ring_);
  }

  /// For one ReadQueue at a time; false where another has it, or the kernel has no io_uring or
  /// forbids it.
  bool take() { return usable_ && !std::exchange(taken_, true); }

  /// Waits for the reads in flight, which write into their callers' memory.
  void give_back() {
    while (!in_flight_.empty() && flush()) {
      while (done().request != nullptr) {
      }
    }
    in_flight_.clear();
    taken_ = false;
  }

  bool has_room() const { return in_flight_.size() < kQueueDepth; }
  size_t num_in_flight() const { return in_flight_.size(); }

  /// Where there is room. The kernel learns of it soon.
  void add(const Waiting& waiting) {
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    ReadableFile::Request& request = *waiting.request;
    io_uring_prep_read(entry, waiting.file->fd_, request.out.data(),
                       static_cast<unsigned>(request.out.size()), request.offset);
    io_uring_sqe_set_data(entry, &request);
    in_flight_.emplace(&request, waiting.file);
    if (io_uring_sq_ready(&ring_) >= kWorthACall) io_uring_submit(&ring_);
  }

  /// A read that is done; one that came back short or failed has `done` 0. No request: none yet.
  Waiting done() {
    io_uring_cqe* entry = nullptr;
    if (io_uring_peek_cqe(&ring_, &entry) != 0) return {};
    auto* const request = static_cast<ReadableFile::Request*>(io_uring_cqe_get_data(entry));
    const bool whole = entry->res >= 0 && static_cast<size_t>(entry->res) == request->out.size();
    request->done = whole ? request->out.size() : 0;
    io_uring_cqe_seen(&ring_, entry);
    const auto known = in_flight_.find(request);
    const Waiting waiting{known->second, request};
    in_flight_.erase(known);
    return waiting;
  }

  /// Hands all reads to the kernel and waits until some are done. False when the ring broke:
  /// nothing is in flight any more, and `broken` tells what was.
  bool flush() {
    const unsigned num_done = in_flight_.size() >= kWorthAWait ? kWorthAWait / 2 : 1;
    for (int refusals = 0;;) {
      const int status = io_uring_submit_and_wait(&ring_, num_done);
      if (status >= 0 || status == -EINTR) return true;
      const bool busy = status == -EAGAIN || status == -EBUSY;
      if (busy && ++refusals <= kMaxRefusals) continue;
      leave();
      return false;
    }
  }
  std::unordered_map<ReadableFile::Request*, const ReadableFile*> broken() {
    return std::exchange(in_flight_, {});
  }

 private:
  /// Waits for what the kernel has, and closes the queue.
  void leave() {
    io_uring_cqe* entry = nullptr;
    for (size_t left = in_flight_.size() - io_uring_sq_ready(&ring_); left > 0;) {
      const int status = io_uring_wait_cqe(&ring_, &entry);
      if (status == -EINTR) continue;
      if (status < 0) break;
      io_uring_cqe_seen(&ring_, entry);
      --left;
    }
    io_uring_queue_exit(&ring_);
    usable_ = false;
  }

  io_uring ring_{};
  bool usable_;
  bool taken_ = false;
  std::unordered_map<ReadableFile::Request*, const ReadableFile*> in_flight_;
};

ReadQueue::Ring& ReadQueue::ring_of_thread() {
  thread_local Ring ring;
  return ring;
}

ReadQueue::ReadQueue() = default;
ReadQueue::~ReadQueue() {
  if (ring_ != nullptr) ring_->give_back();
}

void ReadQueue::add(const ReadableFile& file, ReadableFile::Request& request) {
  request.done = 0;
  if (ring_ == nullptr && waiting_.empty() && ring_of_thread().take()) ring_ = &ring_of_thread();
  if (ring_ != nullptr && ring_->has_room()) {
    ring_->add({&file, &request});
  } else {
    waiting_.push_back({&file, &request});
  }
}

Result<ReadableFile::Request*> ReadQueue::next() {
  Waiting found;
  while (ring_ != nullptr && found.request == nullptr && ring_->num_in_flight() > 0) {
    found = ring_->done();
    if (found.request != nullptr || ring_->flush()) continue;
    for (const auto& [request, file] : ring_->broken()) waiting_.push_back({file, request});
    ring_ = nullptr;
  }
  if (found.request == nullptr && !waiting_.empty()) {
    found = waiting_.front();
    waiting_.pop_front();
  }
  if (found.request == nullptr) return nullptr;
  while (ring_ != nullptr && !waiting_.empty() && ring_->has_room()) {
    ring_->add(waiting_.front());
    waiting_.pop_front();
  }
  if (found.request->done < found.request->out.size()) {
    YURAI_ASSIGN(found.request->done, found.file->read(found.request->offset, found.request->out));
  }
  return found.request;
}

Result<void> ReadableFile::read_batch(std::span<Request> requests) const {
  constexpr size_t kWorthARing = 4;
  if (requests.size() < kWorthARing) {
    for (Request& request : requests) {
      YURAI_ASSIGN(request.done, read(request.offset, request.out));
    }
    return {};
  }
  ReadQueue queue;
  for (Request& request : requests) queue.add(*this, request);
  for (size_t done = 0; done < requests.size(); ++done) YURAI_TRY(queue.next());
  return {};
}

}  // namespace yurai
