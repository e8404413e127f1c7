#pragma once

#include <cstddef>
#include <cstdint>

#include "yurai/base/isa.h"

/// The inner loops of generation, once an instruction set.
///
/// Every sum has one order, whatever the instruction set and however many tokens are computed
/// together: products are added one after the other with fused multiply-add (f32, bf16) or exactly
/// (int8), other sums in 16 lanes that are then halved. So all sets give the same bits.
///
/// Legend: K columns of a matrix, T tokens, d head size, S keys, Q queries.
namespace yurai {

/// Rows of a matrix lie 16 side by side in a panel, so that a vector holds a column's 16 values:
/// f32 and bf16 as [panel][K][16], int8 as [panel][K / 4][16][4]. What is missing is zero.
inline constexpr size_t kLanes = 16;
inline constexpr size_t round_up(size_t value, size_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// x as pack_floats() lays it; y of T tokens, each `y_stride` after the one before, in whole
/// panels.
struct FloatProduct {
  const void* panels = nullptr;  ///< f32 or bf16
  size_t num_panels = 0;
  size_t columns = 0;
  const float* x = nullptr;
  size_t tokens = 0;
  float* y = nullptr;
  size_t y_stride = 0;
};

/// y = (weights · x) · scale of the row · scale of the token; x as pack_bytes() lays it. `columns`
/// is a multiple of 4.
struct Int8Product {
  const int8_t* panels = nullptr;
  const float* scales = nullptr;      ///< of each row
  const int32_t* row_sums = nullptr;  ///< of each row: what VNNI, whose x is unsigned, takes off
  size_t num_panels = 0;
  size_t columns = 0;
  const int8_t* x = nullptr;
  const float* x_scales = nullptr;  ///< of each token
  size_t tokens = 0;
  float* y = nullptr;
  size_t y_stride = 0;
};

/// So many queries read the cache together, each key and value once for all of them.
inline constexpr size_t kQueries = 4;

/// One head of Q <= kQueries tokens of a text, one after the other, over its cache. Keys lie 16
/// side by side as rows of a matrix do, [S / 16][d][16]; values [S][round_up(d, 16)].
struct AttentionRead {
  const float* queries = nullptr;  ///< [Q][d]
  size_t query_stride = 0;
  size_t num_queries = 1;
  const float* keys = nullptr;
  const float* values = nullptr;
  size_t head_size = 0;
  size_t end = 0;              ///< keys that the first query sees; each further one sees one more,
  size_t window = ~size_t{0};  ///< but no more than so many, the last ones
  float scale = 1;
  float* probabilities = nullptr;  ///< [Q], each from key 0 on, written
  size_t probability_stride = 0;   ///< at least round_up(end + Q, 16)
  float* out = nullptr;            ///< [Q][round_up(d, 16)]

  size_t end_of(size_t query) const { return end + query; }
  size_t begin_of(size_t query) const {
    return end_of(query) > window ? end_of(query) - window : 0;
  }
};

struct Kernels {
  void (*multiply_f32)(const FloatProduct& product);
  void (*multiply_bf16)(const FloatProduct& product);
  void (*multiply_int8)(const Int8Product& product);
  /// x of T tokens, each `stride` after the one before, to where products read it: [K][T] for as
  /// many tokens as a kernel takes at once, then for those that are left.
  void (*pack_floats)(const float* x, size_t stride, size_t columns, size_t tokens, float* out);
  /// The same in fours, [K / 4][T][4].
  void (*pack_bytes)(const int8_t* x, size_t stride, size_t columns, size_t tokens, int8_t* out);
  /// The scale, and x / scale rounded to -127 … 127; `size` is a multiple of 16.
  float (*quantize)(const float* x, size_t size, int8_t* out);
  /// x / sqrt(mean of squares + eps) · weight; what follows `size` up to a multiple of 16 is zero.
  void (*rms_norm)(const float* x, const float* weight, size_t size, float eps, float* out);
  /// silu(gate) · up; `size` is a multiple of 16.
  void (*swiglu)(const float* gate, const float* up, size_t size, float* out);
  void (*attend)(const AttentionRead& read);
};

/// Those of an instruction set that this processor supports.
const Kernels& kernels(Isa isa);

/// The tables behind it; that of AVX-512 multiplies int8 with VNNI, which not every such processor
/// has.
extern const Kernels kScalarKernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
void multiply_int8_vnni(const Int8Product& product);
void pack_bytes_vnni(const int8_t* x, size_t stride, size_t columns, size_t tokens, int8_t* out);

}  // namespace yurai
