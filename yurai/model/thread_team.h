#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace yurai {

/// Threads that share many short pieces of work, a few microseconds each: between two they spin for
/// a moment, then sleep. Who does which piece is left to chance. One caller at a time.
///
///     ThreadTeam team(2);
///     team.run(40, [&](size_t piece) { … });
class ThreadTeam {
 public:
  /// `threads` includes the caller.
  explicit ThreadTeam(unsigned threads);
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam();

  /// Does pieces 0 to `pieces` - 1, each once; returns when all are done.
  void run(size_t pieces, const std::function<void(size_t)>& piece);

 private:
  void work();
  void take_pieces();

  std::atomic<uint64_t> round_{0};  ///< grows with each run: what sleepers wait for
  std::atomic<bool> open_{false};   ///< helpers may join
  std::atomic<unsigned> joined_{0};
  std::atomic<bool> ends_{false};
  std::atomic<size_t> next_{0};
  size_t pieces_ = 0;
  const std::function<void(size_t)>* piece_ = nullptr;
  std::vector<std::thread> helpers_;
};

}  // namespace yurai
