#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

#include "yurai/base/result.h"

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

/// Makes pieces 0 … num_pieces − 1 on `num_threads` threads with `make(thread, piece, buffer)` and
/// hands them in order to `write(buffer)`, one at a time, while the next ones are made. Both return
/// Result<void>; the first error ends it.
template <class Buffer, class Make, class Write>
Result<void> make_and_write(int num_threads, uint64_t num_pieces, const Make& make,
                            const Write& write) {
  const auto parts = static_cast<uint64_t>(num_threads < 1 ? 1 : num_threads);
  std::vector<Buffer> made(parts), writing(parts);
  std::vector<Result<void>> results(parts);
  const auto write_pieces = [&](uint64_t count) -> Result<void> {
    for (uint64_t i = 0; i < count; ++i) YURAI_TRY(write(writing[i]));
    return {};
  };
  uint64_t num_made = 0;
  for (uint64_t piece = 0; piece < num_pieces || num_made > 0; piece += parts) {
    std::swap(made, writing);
    Result<void> written;
    std::thread writer;
    if (num_made > 0 && parts > 1) {
      writer = std::thread([&, num_made] { written = write_pieces(num_made); });
    } else {
      written = write_pieces(num_made);
    }
    num_made = piece < num_pieces ? std::min(parts, num_pieces - piece) : 0;
    if (num_made > 0) {
      for_each_part(static_cast<int>(num_made), num_made, [&](uint64_t part, uint64_t) {
        results[part] = make(part, piece + part, made[part]);
      });
    }
    if (writer.joinable()) writer.join();
    YURAI_TRY(written);
    for (uint64_t i = 0; i < num_made; ++i) YURAI_TRY(results[i]);
  }
  return {};
}

}  // namespace yurai
