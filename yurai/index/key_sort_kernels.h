#pragma once

#include "yurai/index/key_sort.h"

/// The kernels behind key_sort_kernels(), each in a source built for its machine.
namespace yurai {

void sort_keys_scalar(KeyedPositions items, size_t size, KeyedPositions scratch);
void sort_keys_avx2(KeyedPositions items, size_t size, KeyedPositions scratch);
void sort_keys_avx512(KeyedPositions items, size_t size, KeyedPositions scratch);

}  // namespace yurai
