#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/curate/worker_threads.h"

namespace yurai {

/// Calls `work(task)` for every task in [0, num_tasks) on up to `num_threads` threads, the caller's
/// among them. After an error no new task begins; the error of the lowest task that has one is
/// returned.
template <class Work>
Result<void> for_each_task(int num_threads, size_t num_tasks, const Work& work) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  std::vector<Result<void>> results(num_tasks);
  const auto run = [&] {
    for (size_t task = next++; task < num_tasks && !failed; task = next++) {
      results[task] = work(task);
      if (!results[task]) failed = true;
    }
  };
  const size_t wanted = std::min(num_tasks, static_cast<size_t>(std::max(1, num_threads)));
  WorkerThreads threads;
  while (static_cast<size_t>(threads.size()) + 1 < wanted && threads.start(run)) {
  }
  run();
  threads.join();
  for (Result<void>& result : results) YURAI_TRY(std::move(result));
  return {};
}

}  // namespace yurai
