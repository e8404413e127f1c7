#pragma once

#include <cstdint>
#include <span>

#include "yurai/index/symbols.h"
#include "yurai/record/trace.h"

namespace yurai {

/// What a suffix has in common with the one before it in the order, packed in 32 bits.
struct Neighbour {
  uint32_t lcp = 0;       ///< bytes shared, capped at kMaxLcp; the end of the document not counted
  uint8_t branch = 0;     ///< the suffix's byte after those; 0 where lcp is kMaxLcp
  bool is_point = false;  ///< whether the index holds the suffix

  static Neighbour unpack(uint64_t packed) {
    return {static_cast<uint32_t>(packed & 0xFFFF), static_cast<uint8_t>(packed >> 16),
            (packed >> 24 & 1) != 0};
  }
  uint32_t pack() const {
    return lcp | static_cast<uint32_t>(branch) << 16 | static_cast<uint32_t>(is_point) << 24;
  }
};

/// Fills `neighbours[s]`, for the suffix that begins at symbol s, from the sorted suffixes: J.
/// Kärkkäinen, G. Manzini, S. Puglisi, "Permuted Longest-Common-Prefix Array", CPM 2009. Time
/// O(n · num_threads), on any text; no memory of its own.
template <class Index>
void compare_neighbours(std::span<const uint32_t> symbols, const Alphabet& alphabet,
                        PointMode points, std::span<const Index> suffixes, int num_threads,
                        std::span<Index> neighbours);

extern template void compare_neighbours<int32_t>(std::span<const uint32_t>, const Alphabet&,
                                                 PointMode, std::span<const int32_t>, int,
                                                 std::span<int32_t>);
extern template void compare_neighbours<int64_t>(std::span<const uint32_t>, const Alphabet&,
                                                 PointMode, std::span<const int64_t>, int,
                                                 std::span<int64_t>);

}  // namespace yurai
