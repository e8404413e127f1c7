#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

/// Calls `work(begin, end)` for `num_threads` equal parts of [0, size), each on a thread of its own
/// (the last one on the caller's, as is all that the system has no thread for), and waits for all.
template <class Work>
void for_each_part(int num_threads, uint64_t size, const Work& work) {
  const auto parts = static_cast<uint64_t>(num_threads < 1 ? 1 : num_threads);
  const auto border = [&](uint64_t part) {
    return size / parts * part + size % parts * part / parts;
  };
  std::vector<std::thread> threads;
  uint64_t own = parts - 1;  // from here on
  for (uint64_t part = 0; part < own; ++part) {
    try {
      threads.emplace_back([&, part] { work(border(part), border(part + 1)); });
    } catch (const std::system_error&) {
      own = part;
    }
  }
  for (; own < parts; ++own) work(border(own), border(own + 1));
  for (std::thread& thread : threads) thread.join();
}

/// Makes pieces 0 … num_pieces − 1 on `num_threads` threads with `make(thread, piece, buffer)` and
/// hands them in order to `write(buffer)`, one at a time, while the next ones are made: at most
/// 2 · num_threads buffers. Both return Result<void>; the first error in the order of the pieces
/// ends it.
template <class Buffer, class Make, class Write>
Result<void> make_and_write(int num_threads, uint64_t num_pieces, const Make& make,
                            const Write& write) {
  struct Piece {
    Buffer buffer;
    Result<void> result;
    bool is_made = false;
  };
  const auto threads = static_cast<uint64_t>(num_threads < 1 ? 1 : num_threads);
  std::vector<Piece> pieces(threads == 1 ? 1 : 2 * threads);
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t num_begun = 0, num_written = 0;
  bool is_writing = false;
  Result<void> result;
  for_each_part(static_cast<int>(threads), threads, [&](uint64_t thread, uint64_t) {
    std::unique_lock lock(mutex);
    while (result && num_written < num_pieces) {
      Piece& oldest = pieces[num_written % pieces.size()];
      if (oldest.is_made && !is_writing) {
        is_writing = true;
        lock.unlock();
        Result<void> written = oldest.result;
        if (written) written = write(oldest.buffer);
        lock.lock();
        is_writing = oldest.is_made = false;
        ++num_written;
        if (!written) result = std::move(written);
      } else if (num_begun < num_pieces && num_begun < num_written + pieces.size()) {
        const uint64_t number = num_begun++;
        Piece& piece = pieces[number % pieces.size()];
        lock.unlock();
        Result<void> made = make(thread, number, piece.buffer);
        lock.lock();
        piece.result = std::move(made);
        piece.is_made = true;
      } else {
        changed.wait(lock);
        continue;
      }
      changed.notify_all();
    }
  });
  return result;
}

}  // namespace yurai
