#pragma once

#include <cstdint>
#include <thread>
#include <vector>

namespace yurai {

/// Calls `work(begin, end)` for `num_threads` equal parts of [0, size), each on a thread of its own
/// (the last one on the caller's), and waits for all.
template <class Work>
void for_each_part(int num_threads, uint64_t size, const Work& work) {
  const auto parts = static_cast<uint64_t>(num_threads < 1 ? 1 : num_threads);
  const auto border = [&](uint64_t part) {
    return size / parts * part + size % parts * part / parts;
  };
  std::vector<std::thread> threads;
  for (uint64_t part = 0; part + 1 < parts; ++part) {
    threads.emplace_back([&, part] { work(border(part), border(part + 1)); });
  }
  work(border(parts - 1), size);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace yurai
