#pragma once

#include <algorithm>
#include <cstdint>

#include "yurai/base/large_array.h"
#include "yurai/base/result.h"

namespace yurai {

/// Where the text at `a` goes on as that at `a + way` does, and what stands behind.
struct KnownCopy {
  uint64_t way = 0;               ///< 0: none is known
  uint64_t begin = 0, end = 0;    ///< of a's bytes that are equal
  uint64_t key_a = 0, key_b = 0;  ///< suffix_key.h: of the first bytes that are not
};

/// Copies that comparisons found, one for each block of a's bytes and way to the other: a later one
/// takes an older one's place where there is no more room.
class KnownCopies {
 public:
  static constexpr uint64_t kBlockBytes = 1024;

  /// Of a text of `text_bytes`, in at most `memory_bytes`.
  static Result<KnownCopies> create(uint64_t text_bytes, uint64_t memory_bytes) {
    // A passage is found in a few others at a time.
    const uint64_t wanted = 4 * (text_bytes / kBlockBytes + 1);
    const uint64_t size = std::clamp<uint64_t>(memory_bytes / sizeof(KnownCopy), 1, wanted);
    YURAI_ASSIGN(auto copies, LargeArray<KnownCopy>::allocate(size));
    return KnownCopies(std::move(copies));
  }

  /// Where one is kept of the block of `a`, if any; it may be another's.
  KnownCopy& at(uint64_t a, uint64_t way) {
    const uint64_t hash = (a / kBlockBytes * 0x9E3779B97F4A7C15u ^ way) * 0xBF58476D1CE4E5B9u;
    const auto size = static_cast<unsigned __int128>(copies_.span().size());
    return copies_.span()[static_cast<size_t>(size * (hash ^ hash >> 32) >> 64)];
  }

  static uint64_t block_begin(uint64_t a) { return a / kBlockBytes * kBlockBytes; }
  static uint64_t block_end(uint64_t a) { return block_begin(a) + kBlockBytes; }

 private:
  explicit KnownCopies(LargeArray<KnownCopy> copies) : copies_(std::move(copies)) {}

  LargeArray<KnownCopy> copies_;
};

}  // namespace yurai
