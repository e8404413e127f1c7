#pragma once

#include <cstdint>

/// Matrix products on the calling thread and `set_model_threads` others.
namespace yurai {

using Bf16 = uint16_t;  ///< the upper half of an f32

/// Row-major; `stride` values from a row to the next. `transposed`: the memory holds the transpose.
template <class T>
struct MatrixView {
  const T* data = nullptr;
  int64_t stride = 0;
  bool transposed = false;
};

/// c [m,n] = a [m,k] · b [k,n] + beta · c. oneDNN, where LibTorch brings it, which is faster than
/// its BLAS; else LibTorch's product. Bf16 values are added up in f32.
void multiply(int64_t m, int64_t n, int64_t k, MatrixView<float> a, MatrixView<float> b, float beta,
              float* c, int64_t c_stride);
void multiply(int64_t m, int64_t n, int64_t k, MatrixView<Bf16> a, MatrixView<Bf16> b, float beta,
              float* c, int64_t c_stride);

}  // namespace yurai
