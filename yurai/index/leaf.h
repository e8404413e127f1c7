#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "yurai/base/block_file.h"

namespace yurai {

/// Neighbouring suffixes share `lcp` bytes (at least that many where it is kMaxLcp), the end of the
/// document not counted.
inline constexpr uint32_t kMaxLcp = 65535;
inline constexpr size_t kEntryBytes = 8;
inline constexpr size_t kEntriesPerLeaf = kBlockBytes / kEntryBytes;
inline constexpr uint64_t kMaxPosition = (1ull << 40) - 1;

/// One point of the index in leaves.bin, little-endian: 5 bytes of position, 2 of lcp, 1 branch.
struct LeafEntry {
  uint64_t position = 0;  ///< of the suffix in the corpus text
  uint32_t lcp =
      0;  ///< bytes that it shares with the entry before, which may lie in the leaf before
  uint8_t branch = 0;  ///< the suffix's byte after those; 0 where lcp is kMaxLcp
};

inline uint64_t pack(const LeafEntry& entry) {
  return entry.position | static_cast<uint64_t>(entry.lcp) << 40 |
         static_cast<uint64_t>(entry.branch) << 56;
}
inline LeafEntry unpack(uint64_t packed) {
  return {packed & kMaxPosition, static_cast<uint32_t>(packed >> 40) & kMaxLcp,
          static_cast<uint8_t>(packed >> 56)};
}

/// The place where a text belongs among sorted suffixes, as far as their lcps and branching bytes
/// tell: the number in [begin, end) of a suffix that shares as many bytes with `text` as any. Which
/// bytes it really shares, only the suffix itself tells (a "blind", or Patricia, search).
/// P. Ferragina, R. Grossi, "The String B-tree", Journal of the ACM 46(2), 1999.
template <class Lcp, class Branch>
size_t blind_search(size_t begin, size_t end, std::string_view text, const Lcp& lcp,
                    const Branch& branch) {
  size_t found = begin;
  for (size_t i = begin + 1; i < end;) {
    const uint32_t shared = lcp(i);
    if (shared < text.size() && static_cast<uint8_t>(text[shared]) >= branch(i)) {
      found = i++;
    } else {
      do {
        ++i;
      } while (i < end && lcp(i) > shared);
    }
  }
  return found;
}

/// A leaf's 4 KiB block, read in place.
class Leaf {
 public:
  Leaf(std::string_view block, size_t size) : bytes_(block.data()), size_(size) {}

  size_t size() const { return size_; }
  uint64_t position(size_t i) const { return word(i) & kMaxPosition; }
  uint32_t lcp(size_t i) const { return static_cast<uint32_t>(word(i) >> 40) & kMaxLcp; }
  uint8_t branch(size_t i) const { return static_cast<uint8_t>(word(i) >> 56); }

  size_t search(std::string_view text) const {
    return blind_search(
        0, size_, text, [this](size_t i) { return lcp(i); },
        [this](size_t i) { return branch(i); });
  }

  /// The first and the end of the entries around `i` that share `num_bytes` bytes with it.
  size_t run_begin(size_t i, size_t num_bytes) const {
    while (i > 0 && lcp(i) >= num_bytes) --i;
    return i;
  }
  size_t run_end(size_t i, size_t num_bytes) const {
    do {
      ++i;
    } while (i < size_ && lcp(i) >= num_bytes);
    return i;
  }

 private:
  uint64_t word(size_t i) const {
    uint64_t value;
    std::memcpy(&value, bytes_ + i * kEntryBytes, sizeof(value));
    return value;
  }
  const char* bytes_;
  size_t size_;
};

}  // namespace yurai
