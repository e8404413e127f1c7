#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "yurai/base/page_cache.h"
#include "yurai/base/read_queue.h"
#include "yurai/base/result.h"

namespace yurai {

/// Pages that many tasks wait for, all on their way at once: whichever task has its pages goes on,
/// while those of the others are read.
///
///     PageFetch fetch(num_tasks);
///     fetch.want(reader, 7, 0);                                    // task 0 waits for page 7
///     while (const auto task = fetch.next_ready().value()) {       // 0, when the page is there
///       reader.page(7);                                            // … and perhaps wants more
///     }
///
/// For one thread; the readers must outlive it.
class PageFetch {
 public:
  explicit PageFetch(size_t num_tasks) : num_missing_(num_tasks) {}

  /// `task` needs this page of `reader`. Nothing is to wait for where the reader or its cache has
  /// it.
  void want(PageReader& reader, uint64_t number, size_t task);
  bool is_waiting(size_t task) const { return num_missing_[task] > 0; }

  /// A task that waited and has all its pages now; none when no task waits any more.
  Result<std::optional<size_t>> next_ready();

 private:
  struct Page : ReadableFile::Request {
    PageReader* reader = nullptr;
    uint64_t number = 0;
    PageRef memory;
    std::vector<size_t> tasks;  ///< that wait for it
  };
  struct Key {
    const PageReader* reader = nullptr;
    uint64_t number = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return (key.number ^ reinterpret_cast<uintptr_t>(key.reader) << 20) * 0x9E3779B97F4A7C15u;
    }
  };

  std::vector<uint32_t> num_missing_;  ///< pages that each task waits for
  std::vector<size_t> ready_;
  std::unordered_map<Key, Page*, KeyHash> in_flight_;
  std::deque<Page> pages_;
  ReadQueue queue_;  ///< goes first: it reads into the pages
};

}  // namespace yurai
