#include "yurai/model/gemm.h"

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "yurai/model/transformer.h"

namespace yurai {
namespace {

// oneDNN's functions as its headers have them. Debian's libtorch-dev needs the library but not its
// headers; a LibTorch with oneDNN inside hides them, and is asked itself.
template <class T>
using Gemm = int (*)(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k,
                     float alpha, const T* a, int64_t a_stride, const T* b, int64_t b_stride,
                     float beta, float* c, int64_t c_stride);

template <class T>
Gemm<T> find(const char* name) {
  return reinterpret_cast<Gemm<T>>(::dlsym(RTLD_DEFAULT, name));
}

template <class T>
at::Tensor tensor_of(const MatrixView<T>& view, int64_t rows, int64_t columns) {
  const auto type = sizeof(T) == 2 ? at::kBFloat16 : at::kFloat;
  const std::vector<int64_t> strides =
      view.transposed ? std::vector<int64_t>{1, view.stride} : std::vector<int64_t>{view.stride, 1};
  return at::from_blob(const_cast<T*>(view.data), {rows, columns}, strides, type);
}

template <class T>
void multiply_with(Gemm<T> gemm, int64_t m, int64_t n, int64_t k, MatrixView<T> a, MatrixView<T> b,
                   float beta, float* c, int64_t c_stride) {
  if (m == 0 || n == 0) return;
  if (gemm != nullptr) {
    (void)at::get_num_threads();  // tells OpenMP on a thread that LibTorch has not seen yet
    const int status = gemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1.0F,
                            a.data, a.stride, b.data, b.stride, beta, c, c_stride);
    if (status == 0) return;  // else: not for this processor
  }
  const c10::AutoGradMode no_gradients(false);
  at::Tensor out = at::from_blob(c, {m, n}, {c_stride, 1}, at::kFloat);
  const at::Tensor product = at::mm(tensor_of(a, m, k), tensor_of(b, k, n));
  if (beta == 0) {
    out.copy_(product);
  } else {
    out.mul_(beta).add_(product);
  }
}

}  // namespace

void multiply(int64_t m, int64_t n, int64_t k, MatrixView<float> a, MatrixView<float> b, float beta,
              float* c, int64_t c_stride) {
  static const Gemm<float> gemm = find<float>("dnnl_sgemm");
  multiply_with(gemm, m, n, k, a, b, beta, c, c_stride);
}

void multiply(int64_t m, int64_t n, int64_t k, MatrixView<Bf16> a, MatrixView<Bf16> b, float beta,
              float* c, int64_t c_stride) {
  static const Gemm<Bf16> gemm = find<Bf16>("dnnl_gemm_bf16bf16f32");
  multiply_with(gemm, m, n, k, a, b, beta, c, c_stride);
}

double measure_peak_flops(bool bf16) {
  constexpr int64_t kSize = 512;
  const std::vector<float> floats(kSize * kSize, 1);
  const std::vector<Bf16> halves(kSize * kSize, 0x3F80);
  std::vector<float> product(kSize * kSize);
  double best = 0;
  for (int i = 0; i < 12; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (bf16) {
      const MatrixView<Bf16> view{halves.data(), kSize};
      multiply(kSize, kSize, kSize, view, view, 0, product.data(), kSize);
    } else {
      const MatrixView<float> view{floats.data(), kSize};
      multiply(kSize, kSize, kSize, view, view, 0, product.data(), kSize);
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::max(best, 2.0 * kSize * kSize * kSize / time.count());
  }
  return best;
}

}  // namespace yurai
