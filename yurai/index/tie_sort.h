#pragma once

#include <cstdint>
#include <string_view>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/sorted_points.h"
#include "yurai/record/trace.h"

namespace yurai {

/// In sorted points: this point ties with the one before it. Its lcp is then a lower bound of what
/// they share, in units of kTieUnit bytes.
inline constexpr uint32_t kTied = uint32_t{1} << 31;
inline constexpr uint32_t kTieUnit = 16;

inline uint16_t pack_tie(uint64_t shared_bytes) {
  return static_cast<uint16_t>(shared_bytes / kTieUnit < 0xFFFF ? shared_bytes / kTieUnit : 0xFFFF);
}

/// Sorts each run of points that tie and fills in what they share. The members of a run share at
/// least kTieUnit bytes more than the way to the first point after them, and no end of a document.
///
/// From the right end of the text to the left, every point that still ties is compared with its run
/// by the ranks of the points that follow them: so a copy is resolved in one pass. Where that
/// takes too long (a text that repeats itself at once, "aaaa"), what is left is sorted by doubling:
/// N. J. Larsson, K. Sadakane, "Faster suffix sorting", Theoretical Computer Science 387, 2007.
Result<void> resolve_ties(std::string_view text, PointMode points, int num_threads,
                          SortedPoints& sorted, const Progress& progress);

/// Bytes of memory that this takes, most.
uint64_t tie_memory(uint64_t text_bytes, uint64_t num_points);

/// The first point after the suffix's own within its first `limit` bytes, as a distance; 0: none.
uint64_t next_point(const char* suffix, uint64_t limit, PointMode points);

}  // namespace yurai
