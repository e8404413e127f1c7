#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "yurai/base/result.h"
#include "yurai/curate/worker_threads.h"

namespace yurai {

/// Items through `work` on several threads, and out again in the order they came: `produce` and
/// `consume` run on the caller's thread, so the result is that of one thread. At most
/// 2 * num_threads + 2 items exist at a time. Where the system does not grant as many threads, it
/// goes on with those it does, at last with the caller's alone.
///
///     run_in_order<Batch>(8, read_batch, filter_batch, write_batch);
///
/// `produce(item)` returns false at the end; `work(item, thread)` is called with a thread's number
/// in [0, num_threads). An error of any of them ends the run: that of `work` when its item's turn
/// has come, so that it is the first item's, too.
template <class Item>
Result<void> run_in_order(int num_threads, const std::function<Result<bool>(Item&)>& produce,
                          const std::function<Result<void>(Item&, int)>& work,
                          const std::function<Result<void>(Item&)>& consume) {
  struct Slot {
    Item item;
    Result<void> result{};
    bool done = false;
  };
  std::mutex mutex;
  std::condition_variable to_do;
  std::condition_variable finished;
  std::deque<std::shared_ptr<Slot>> waiting;
  bool closed = false;

  WorkerThreads threads;
  const auto run = [&](int thread) {
    while (true) {
      std::unique_lock lock(mutex);
      to_do.wait(lock, [&] { return closed || !waiting.empty(); });
      if (waiting.empty()) return;
      const std::shared_ptr<Slot> slot = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      slot->result = work(slot->item, thread);
      lock.lock();
      slot->done = true;
      finished.notify_one();
    }
  };
  // Whatever happens, the threads end before what they use: what waits is done or dropped.
  struct Closer {
    std::function<void()> close;
    WorkerThreads& threads;
    ~Closer() {
      close();
      threads.join();
    }
  } closer{[&] {
             const std::lock_guard lock(mutex);
             closed = true;
             waiting.clear();
             to_do.notify_all();
           },
           threads};
  if (num_threads > 1) {
    while (threads.size() < num_threads &&
           threads.start([&run, thread = threads.size()] { run(thread); })) {
    }
  }
  if (threads.size() == 0) {
    while (true) {
      Item item;
      YURAI_ASSIGN(const bool more, produce(item));
      if (!more) return {};
      YURAI_TRY(work(item, 0));
      YURAI_TRY(consume(item));
    }
  }

  std::deque<std::shared_ptr<Slot>> in_order;
  const auto consume_first = [&]() -> Result<void> {
    const std::shared_ptr<Slot> slot = std::move(in_order.front());
    in_order.pop_front();
    {
      std::unique_lock lock(mutex);
      finished.wait(lock, [&] { return slot->done; });
    }
    YURAI_TRY(std::move(slot->result));
    return consume(slot->item);
  };
  while (true) {
    auto slot = std::make_shared<Slot>();
    YURAI_ASSIGN(const bool more, produce(slot->item));
    if (!more) break;
    in_order.push_back(slot);
    {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(slot));
    }
    to_do.notify_one();
    if (in_order.size() >= 2 * static_cast<size_t>(threads.size()) + 2) YURAI_TRY(consume_first());
  }
  while (!in_order.empty()) YURAI_TRY(consume_first());
  return {};
}

}  // namespace yurai
