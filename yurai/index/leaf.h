#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "yurai/base/page_cache.h"
#include "yurai/index/byte_scan.h"

namespace yurai {

/// Neighbouring suffixes share `lcp` bytes (at least that many where it is kMaxLcp), the end of the
/// document not counted.
inline constexpr uint32_t kMaxLcp = 65535;
inline constexpr uint64_t kMaxPosition = (1ull << 40) - 1;

/// One point of the index.
struct LeafEntry {
  uint64_t position = 0;  ///< of the suffix in the corpus text
  uint32_t lcp =
      0;  ///< bytes that it shares with the entry before, which may lie in the leaf before
  uint8_t branch = 0;  ///< the suffix's byte after those; 0 where lcp is kMaxLcp
};

/// An entry on its way to the leaves: 5 bytes of position, 2 of lcp, 1 branch.
inline uint64_t pack(const LeafEntry& entry) {
  return entry.position | static_cast<uint64_t>(entry.lcp) << 40 |
         static_cast<uint64_t>(entry.branch) << 56;
}
inline LeafEntry unpack(uint64_t packed) {
  return {packed & kMaxPosition, static_cast<uint32_t>(packed >> 40) & kMaxLcp,
          static_cast<uint8_t>(packed >> 56)};
}

/// Of a blind search at an entry: 0, the text goes on as the entry does; 1, it is above it; −1,
/// below it, or too short to tell.
inline int blind_side(std::string_view text, uint32_t shared, uint8_t branch) {
  if (shared >= text.size()) return -1;
  return int{static_cast<uint8_t>(text[shared]) > branch} -
         int{static_cast<uint8_t>(text[shared]) < branch};
}
/// What has an lcp above this, after such an entry, stands to the text as the entry does.
inline int64_t blind_most(std::string_view text, uint32_t shared, int side) {
  const auto most = static_cast<int64_t>(std::min<size_t>(shared, text.size()));
  return side < 0 ? most - 1 : most;
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
    const int side = blind_side(text, shared, branch(i));
    if (side >= 0) found = i;
    const int64_t most = blind_most(text, shared, side);
    ++i;
    if (side == 0) continue;
    while (i < end && lcp(i) > most) ++i;
  }
  return found;
}

/// A leaf of leaves.bin, read in place: a column for each field, so that a search looks at little
/// else than one byte of lcp an entry. Whatever the bytes say, nothing outside of them is read.
/// Format: docs/formats/index.md.
class Leaf {
 public:
  static constexpr size_t kHeaderBytes = 16;
  static constexpr uint8_t kLongLcp = 255;  ///< in the column: the lcp stands with the long ones

  /// Bytes of `count` entries, `num_long` of them with an lcp of kLongLcp or more.
  static size_t num_bytes(size_t count, size_t num_long, unsigned position_bits) {
    return kHeaderBytes + (count * position_bits + 7) / 8 + 2 * count + 2 * num_long;
  }

  /// Where lcps and branches lie in a full page, nearly: a hint.
  static PagePart columns_of_full(unsigned position_bits) {
    return {kHeaderBytes + (kPagePayload - kHeaderBytes) * position_bits / (position_bits + 16),
            kPagePayload};
  }

  /// The leaf in a page's payload, which must outlive it; nothing where its sizes don't fit.
  static std::optional<Leaf> parse(std::string_view payload);
  /// The payload of a leaf of packed entries.
  static std::string encode(std::span<const uint64_t> entries, uint64_t first_rank,
                            unsigned position_bits);

  size_t size() const { return size_; }
  uint64_t first_rank() const { return first_rank_; }
  uint64_t position(size_t i) const {
    const size_t bit = i * position_bits_;
    uint64_t word;
    std::memcpy(&word, positions_ + bit / 8, sizeof(word));
    return word >> (bit % 8) & mask_;
  }
  uint32_t lcp(size_t i) const { return lcps_[i] < kLongLcp ? lcps_[i] : long_lcp(i); }
  uint8_t branch(size_t i) const { return branches_[i]; }
  LeafEntry entry(size_t i) const { return {position(i), lcp(i), branch(i)}; }

  /// blind_search among the entries.
  size_t search(std::string_view text) const;

  /// The first and the end of the entries around `i` that share `num_bytes` > 0 bytes with it.
  size_t run_begin(size_t i, size_t num_bytes) const;
  size_t run_end(size_t i, size_t num_bytes) const;

 private:
  Leaf() = default;
  uint32_t long_lcp(size_t i) const;

  const char* positions_ = nullptr;
  const uint8_t* lcps_ = nullptr;
  const uint8_t* branches_ = nullptr;
  const char* long_lcps_ = nullptr;
  size_t size_ = 0;
  size_t num_long_ = 0;
  uint64_t first_rank_ = 0;
  uint64_t mask_ = 0;
  unsigned position_bits_ = 0;
};

}  // namespace yurai
