#include "yurai/index/lcp.h"

#include <algorithm>
#include <bit>

#include "yurai/index/leaf.h"
#include "yurai/index/parallel.h"

namespace yurai {
namespace {

constexpr uint64_t kLookAhead = 32;

/// For the suffixes in [begin, end) of the text. neighbours[s] is the suffix before s in the order
/// (−1: none) on entry.
template <class Index>
void compare_part(std::span<const uint32_t> symbols, const Alphabet& alphabet, PointMode points,
                  uint64_t begin, uint64_t end, std::span<Index> neighbours) {
  uint64_t shared = 0;        // symbols that suffix s shares with its neighbour
  uint64_t shared_bytes = 0;  // the same in bytes
  bool previous_is_word = begin > 0 && is_word_character(alphabet.bytes(symbols[begin - 1]));
  for (uint64_t s = begin; s < end; ++s) {
    if (s + kLookAhead < end && neighbours[s + kLookAhead] >= 0) {
      __builtin_prefetch(&symbols[static_cast<uint64_t>(neighbours[s + kLookAhead]) + shared]);
    }
    const uint32_t first = alphabet.bytes(symbols[s]);
    const bool is_word = is_word_character(first);
    Neighbour neighbour;
    neighbour.is_point = !alphabet.is_separator(symbols[s]) &&
                         (points == PointMode::kChar || !is_word || !previous_is_word);
    previous_is_word = is_word;
    if (neighbours[s] < 0) {
      neighbour.branch = static_cast<uint8_t>(first >> 24);
      shared = shared_bytes = 0;
    } else {
      const auto other = static_cast<uint64_t>(neighbours[s]);
      while (symbols[s + shared] == symbols[other + shared]) {  // separators all differ
        shared_bytes += Alphabet::num_bytes(alphabet.bytes(symbols[s + shared]));
        ++shared;
      }
      const uint32_t bytes = alphabet.bytes(symbols[s + shared]);
      const uint32_t difference = bytes ^ alphabet.bytes(symbols[other + shared]);
      const int equal = difference == 0 ? 0 : std::countl_zero(difference) / 8;
      const uint64_t lcp = shared_bytes + static_cast<uint64_t>(equal);
      neighbour.lcp = static_cast<uint32_t>(std::min<uint64_t>(lcp, kMaxLcp));
      if (lcp < kMaxLcp) neighbour.branch = static_cast<uint8_t>(bytes >> (24 - 8 * equal));
    }
    neighbours[s] = static_cast<Index>(neighbour.pack());
    if (shared > 0) {  // the suffix after s shares all of this but its first symbol
      --shared;
      shared_bytes -= Alphabet::num_bytes(first);
    }
  }
}

}  // namespace

template <class Index>
void compare_neighbours(std::span<const uint32_t> symbols, const Alphabet& alphabet,
                        PointMode points, std::span<const Index> suffixes, int num_threads,
                        std::span<Index> neighbours) {
  for_each_part(num_threads, suffixes.size(), [&](uint64_t begin, uint64_t end) {
    for (uint64_t rank = begin; rank < end; ++rank) {
      if (rank + kLookAhead < end) {
        __builtin_prefetch(&neighbours[static_cast<uint64_t>(suffixes[rank + kLookAhead])], 1);
      }
      neighbours[static_cast<uint64_t>(suffixes[rank])] =
          rank == 0 ? Index{-1} : suffixes[rank - 1];
    }
  });
  for_each_part(num_threads, symbols.size(), [&](uint64_t begin, uint64_t end) {
    compare_part(symbols, alphabet, points, begin, end, neighbours);
  });
}

template void compare_neighbours<int32_t>(std::span<const uint32_t>, const Alphabet&, PointMode,
                                          std::span<const int32_t>, int, std::span<int32_t>);
template void compare_neighbours<int64_t>(std::span<const uint32_t>, const Alphabet&, PointMode,
                                          std::span<const int64_t>, int, std::span<int64_t>);

}  // namespace yurai
