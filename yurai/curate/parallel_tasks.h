#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "yurai/base/result.h"

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
  const size_t num_extra = std::min(num_tasks, static_cast<size_t>(std::max(1, num_threads)));
  std::vector<std::thread> threads;
  for (size_t i = 1; i < num_extra; ++i) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
  for (Result<void>& result : results) YURAI_TRY(std::move(result));
  return {};
}

/// A stream of batches through `num_threads` threads, in order at both ends: `read(batch)` fills
/// the next one (false at the end), `work(batch)` is called for several at a time, and
/// `deliver(batch)` for one after another in the order in which they were read. Reading goes on
/// while the threads work. At most 8 batches a thread are held.
template <class Batch, class Read, class Work, class Deliver>
Result<void> for_each_batch(int num_threads, const Read& read, const Work& work,
                            const Deliver& deliver) {
  const size_t round = 4 * static_cast<size_t>(std::max(1, num_threads));
  std::vector<Batch> now;
  std::vector<Batch> next;
  bool more = true;
  const auto read_round = [&]() -> Result<void> {
    next.clear();
    while (more && next.size() < round) {
      Batch batch;
      YURAI_ASSIGN(more, read(batch));
      if (more) next.push_back(std::move(batch));
    }
    return {};
  };
  YURAI_TRY(read_round());
  while (!next.empty()) {
    std::swap(now, next);
    Result<void> worked;
    std::thread workers([&] {
      worked = for_each_task(num_threads, now.size(), [&](size_t i) { return work(now[i]); });
    });
    Result<void> has_read = read_round();
    workers.join();
    YURAI_TRY(std::move(worked));
    for (Batch& batch : now) YURAI_TRY(deliver(batch));
    YURAI_TRY(std::move(has_read));
  }
  return {};
}

}  // namespace yurai
