#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "yurai/base/large_array.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"

namespace yurai {

/// Compares suffixes of a text on disk in bounded memory: keeps blocks, and what it found out about
/// long copies, so that the many suffixes of a copy cost it one comparison. Not thread-safe.
class TextCache {
 public:
  /// At most `memory_bytes`, and at least kMinMemory; `text` must outlive the cache.
  static Result<TextCache> create(const TextFile& text, uint64_t memory_bytes);

  /// Bytes that the suffixes at `a` and `b` share, the end of a document not counted, when they
  /// share `shared` already.
  Result<uint64_t> shared_bytes(uint64_t a, uint64_t b, uint64_t shared);

  /// The key (suffix_key.h) of the bytes at `position`.
  Result<uint64_t> key(uint64_t position);

  uint64_t num_reads() const { return num_reads_; }

  static constexpr uint64_t kMinMemory = 16 << 20;

 private:
  struct Set {
    uint64_t blocks[2];  // numbers + 1; the first one was used last
    uint32_t slots[2];
  };

  TextCache(const TextFile& text, LargeArray<char> bytes, std::vector<Set> sets)
      : text_(&text), bytes_(std::move(bytes)), sets_(std::move(sets)) {}

  /// From `position` to the end of its block. What the last two calls returned is valid.
  Result<std::string_view> view(uint64_t position);
  /// Compares until the two differ, end or share `enough` bytes.
  Result<uint64_t> compare(uint64_t a, uint64_t b, uint64_t shared, uint64_t enough);

  const TextFile* text_;
  LargeArray<char> bytes_;
  std::vector<Set> sets_;
  uint64_t num_reads_ = 0;

  /// Long copies, to their very ends: (way from a to b, end of a's) → its begin.
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> copies_;
};

}  // namespace yurai
