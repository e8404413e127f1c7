#include "yurai/model/kernels_avx512_lanes.h"
#include "yurai/model/kernels_loops.h"

namespace yurai {
namespace {

/// VNNI multiplies unsigned by signed: x + 128 as it is packed, and 128 times the sum of a row's
/// weights off again.
struct Ints {
  using Four = __m512i;
  __m512i v;

  static Ints begin(const int32_t* row_sums) {
    return {_mm512_slli_epi32(
        _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(row_sums)), 7)};
  }
  static uint32_t packed(uint32_t four) { return four ^ 0x80808080U; }
  static Four broadcast(const int8_t* x) {
    int32_t bits = 0;
    __builtin_memcpy(&bits, x, sizeof bits);
    return _mm512_set1_epi32(bits);
  }
  void add_products(const int8_t* weights, Four x) {
    const __m512i w = _mm512_loadu_si512(weights);
    // v = _mm512_dpbusd_epi32(v, x, w), which gcc 12 does to a copy of v, twice moved.
    __m512i sum = v;
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    v = sum;
  }
  Lanes to_float() const { return {_mm512_cvtepi32_ps(v)}; }
};

}  // namespace

void multiply_int8_vnni(const Int8Product& product) { multiply_int8<Lanes, Ints>(product); }
void pack_bytes_vnni(const int8_t* x, size_t stride, size_t columns, size_t tokens, int8_t* out) {
  pack_bytes<Lanes, Ints>(x, stride, columns, tokens, out);
}

}  // namespace yurai
