#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "yurai/base/large_array.h"
#include "yurai/base/result.h"
#include "yurai/corpus/text_file.h"
#include "yurai/index/known_copies.h"

namespace yurai {

/// What two suffixes share, the end of a document not counted, and the keys (suffix_key.h) of what
/// follows: equal where both end.
struct Difference {
  uint64_t shared = 0;
  uint64_t key_a = 0, key_b = 0;
};

/// Compares suffixes of a text on disk in bounded memory: keeps blocks, and what it found out about
/// copies, so that the many suffixes of a copy cost it one comparison. Not thread-safe.
class TextCache {
 public:
  /// At most `memory_bytes`, and at least kMinMemory; `text` must outlive the cache.
  static Result<TextCache> create(const TextFile& text, uint64_t memory_bytes);

  /// Compares the suffixes at `a` and `b`, two places, which share `shared` bytes already.
  Result<Difference> compare(uint64_t a, uint64_t b, uint64_t shared);

  /// The key (suffix_key.h) of the bytes at `position`.
  Result<uint64_t> key(uint64_t position);

  uint64_t num_reads() const { return num_reads_; }

  static constexpr uint64_t kMinMemory = 16 << 20;

 private:
  struct Set {
    uint64_t blocks[2];  // numbers + 1; the first one was used last
    uint32_t slots[2];
  };

  TextCache(const TextFile& text, LargeArray<char> bytes, std::vector<Set> sets, KnownCopies copies)
      : text_(&text),
        bytes_(std::move(bytes)),
        sets_(std::move(sets)),
        copies_(std::move(copies)) {}

  /// From `position` to the end of its block. What the last two calls returned is valid.
  Result<std::string_view> view(uint64_t position);
  Set& set_of(uint64_t block) { return sets_[block % sets_.size()]; }
  /// Reads on until the two differ, end or share `enough` bytes.
  Result<uint64_t> read_on(uint64_t a, uint64_t b, uint64_t shared, uint64_t enough);
  /// How many of the `enough` bytes before the two are equal, in one document each.
  Result<uint64_t> read_back(uint64_t a, uint64_t b, uint64_t enough);
  /// Keeps a copy, from as far to the left as the first block goes, for the blocks of a's bytes
  /// `first` to `last`.
  Result<void> remember(uint64_t first, uint64_t last, KnownCopy copy);

  const TextFile* text_;
  LargeArray<char> bytes_;
  std::vector<Set> sets_;
  KnownCopies copies_;
  bool in_copies_ = false;  ///< the last two suffixes shared much
  uint64_t num_reads_ = 0;
};

}  // namespace yurai
