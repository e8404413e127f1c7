#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace yurai {

/// Threads that run jobs in the order they came; started when needed, up to a limit, then kept.
/// Thread-safe. A job must not throw.
class WorkerPool {
 public:
  explicit WorkerPool(size_t max_threads) : max_threads_(max_threads) {}
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool() { end(); }

  /// False when no thread can be started and none is there, and after the end.
  bool submit(std::function<void()> job);

  /// Drops the jobs that wait, and returns when those that run are done. For one thread at a time.
  void end();

 private:
  void work();

  const size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  size_t num_idle_ = 0;
  bool ended_ = false;
};

}  // namespace yurai
