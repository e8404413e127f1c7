#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace yurai {

/// Called now and then with the share of the work that is done, 0 to 1.
using SortProgress = std::function<void(double)>;

/// Fills `suffixes` with 0 … n−1 in the order of the suffixes of `symbols`, whose values are below
/// `alphabet_size`. Symbols compare as numbers; a suffix that is a prefix of another comes first.
///
///     symbols 2 1 3 1 3 (b a n a n), alphabet_size 4  →  suffixes 3 1 0 4 2
///
/// Induced sorting: G. Nong, S. Zhang, W. H. Chan, "Two Efficient Algorithms for Linear Time Suffix
/// Array Construction", IEEE Transactions on Computers 60(10), 2011. Time O(n + alphabet_size),
/// whatever the text. Memory beside the arguments: at most max(2 · alphabet_size, n) + O(1) values
/// of type Index. n must be below the largest Index.
template <class Index>
void sort_suffixes(std::span<const uint32_t> symbols, uint64_t alphabet_size,
                   std::span<Index> suffixes, const SortProgress& progress = {});

extern template void sort_suffixes<int32_t>(std::span<const uint32_t>, uint64_t, std::span<int32_t>,
                                            const SortProgress&);
extern template void sort_suffixes<int64_t>(std::span<const uint32_t>, uint64_t, std::span<int64_t>,
                                            const SortProgress&);

}  // namespace yurai
