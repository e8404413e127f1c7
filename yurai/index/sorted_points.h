#pragma once

#include <algorithm>
#include <cstdint>

#include "yurai/base/large_array.h"
#include "yurai/index/leaf.h"

namespace yurai {

/// The points of a text in the order of their suffixes: by bytes up to the end of the document,
/// then by position.
struct SortedPoints {
  static Result<SortedPoints> allocate(uint64_t num_points) {
    YURAI_ASSIGN(auto positions, LargeArray<uint32_t>::allocate(num_points));
    YURAI_ASSIGN(auto lcps, LargeArray<uint16_t>::allocate(num_points));
    YURAI_ASSIGN(auto branches, LargeArray<uint8_t>::allocate(num_points));
    return SortedPoints{std::move(positions), std::move(lcps), std::move(branches)};
  }
  static constexpr uint64_t kBytesAPoint = sizeof(uint32_t) + sizeof(uint16_t) + sizeof(uint8_t);

  /// What the point of this rank shares with the one before it, and its byte after that.
  void set_shared(uint64_t rank, uint64_t lcp, uint8_t branch) {
    lcps.span()[rank] = static_cast<uint16_t>(std::min<uint64_t>(lcp, kMaxLcp));
    branches.span()[rank] = lcp < kMaxLcp ? branch : uint8_t{0};
  }

  LargeArray<uint32_t> positions;
  LargeArray<uint16_t> lcps;     ///< bytes shared with the one before, capped at kMaxLcp
  LargeArray<uint8_t> branches;  ///< the byte after those; 0 where the lcp is kMaxLcp
};

}  // namespace yurai
