#pragma once

#include <functional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace yurai {

/// Threads that are joined at the end, as many as the system grants: one that cannot be started is
/// done without.
///
///     WorkerThreads threads;
///     while (threads.size() < 8 && threads.start(run)) {}
class WorkerThreads {
 public:
  /// False where the system has no further thread for us.
  template <class Run>
  bool start(Run run) {
    try {
      threads_.emplace_back(std::move(run));
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }
  int size() const { return static_cast<int>(threads_.size()); }
  void join() { threads_.clear(); }

 private:
  std::vector<std::jthread> threads_;
};

}  // namespace yurai
