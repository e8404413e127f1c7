#pragma once

#include <cstdint>
#include <string_view>

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/sorted_points.h"
#include "yurai/record/trace.h"

namespace yurai {

/// What a text to sort ends with beyond its last byte: that many bytes FF can be read there.
inline constexpr uint64_t kSortPadding = 16;
/// Positions have 31 bits.
inline constexpr uint64_t kMaxSortBytes = (uint64_t{1} << 31) - 1;

/// Sorts the `num_points` points of `text`: FF document FF document … FF, kSortPadding bytes FF
/// behind it, at most kMaxSortBytes. The same on any number of threads.
///
/// The points are put into buckets by their first character (two, where it is ASCII) and each
/// bucket is sorted by keys of eight bytes, then those that tie by the next eight. What still ties
/// after kTieDepth bytes lies in copies: `resolve_ties` sorts it by the order of the suffixes a
/// little further on. The time does not depend on how long copies are.
Result<SortedPoints> sort_points(std::string_view text, uint64_t num_points, PointMode points,
                                 int num_threads, const Progress& progress);

/// Bytes of memory that this takes beside the text.
uint64_t sort_memory(uint64_t text_bytes, uint64_t num_points, int num_threads);

}  // namespace yurai
