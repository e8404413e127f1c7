#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace yurai {

/// Numbers, and a position beside each.
struct KeyedPositions {
  uint64_t* keys = nullptr;
  uint32_t* positions = nullptr;

  KeyedPositions operator+(size_t count) const { return {keys + count, positions + count}; }
};

/// What is written beyond the end of `scratch` while keys are sorted.
inline constexpr size_t kKeySortPadding = 16;

/// Sorts by key, in the same way on every machine but for the order of equal keys. `scratch` has
/// room for `size` + kKeySortPadding.
using KeySort = void (*)(KeyedPositions items, size_t size, KeyedPositions scratch);

struct KeySortKernel {
  std::string_view name;  ///< "avx512", "avx2" or "scalar"
  KeySort sort = nullptr;
};
/// Those that this machine can run, the fastest first.
std::vector<KeySortKernel> key_sort_kernels();

}  // namespace yurai
