#include "yurai/index/key_sort.h"

#include "yurai/base/isa.h"
#include "yurai/index/key_sort_kernels.h"
#include "yurai/index/key_sort_loops.h"

namespace yurai {
namespace {

struct Scalar {
  static constexpr size_t kSmall = 16;
  static size_t partition(KeyedPositions items, size_t size, uint64_t pivot, bool or_equal,
                          KeyedPositions) {
    return partition_scalar(items, size, pivot, or_equal);
  }
  static void sort_small(KeyedPositions items, size_t size, KeyedPositions) {
    insertion_sort(items, size);
  }
};

}  // namespace

void sort_keys_scalar(KeyedPositions items, size_t size, KeyedPositions scratch) {
  sort_with<Scalar>(items, size, scratch);
}

std::vector<KeySortKernel> key_sort_kernels() {
  std::vector<KeySortKernel> kernels;
#if defined(__x86_64__)
  if (is_supported(Isa::kAvx512)) kernels.push_back({"avx512", sort_keys_avx512});
  if (is_supported(Isa::kAvx2)) kernels.push_back({"avx2", sort_keys_avx2});
#endif
  kernels.push_back({"scalar", sort_keys_scalar});
  return kernels;
}

}  // namespace yurai
