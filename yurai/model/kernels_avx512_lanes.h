#pragma once

#include <immintrin.h>

#include "yurai/model/kernels.h"

/// 16 lanes of AVX-512, for the two sources that are compiled with it.
namespace yurai {
namespace {

struct Lanes {
  static constexpr size_t kTallPanels = 4, kWidePanels = 2, kWideTokens = 12, kFewTokens = 4,
                          kWideValues = 4;
  __m512 v;

  static Lanes all(float value) { return {_mm512_set1_ps(value)}; }
  static Lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
  static Lanes load(const uint16_t* from) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
  }
  void store(float* to) const { _mm512_storeu_ps(to, v); }
  void store_bytes(int8_t* to) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(v)));
  }
  Lanes absolute() const { return {_mm512_abs_ps(v)}; }
  Lanes rounded() const {
    return {_mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  Lanes root() const { return {_mm512_sqrt_ps(v)}; }
  Lanes power_of_two() const {
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(v), _mm512_set1_epi32(127));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23))};
  }
  Lanes zero_where_below(Lanes x, Lanes limit) const {
    return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.v, limit.v, _CMP_NLT_UQ), v)};
  }
  float sum() const {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  float largest() const { return _mm512_reduce_max_ps(v); }
};
[[maybe_unused]] Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
[[maybe_unused]] Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
[[maybe_unused]] Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
[[maybe_unused]] Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
[[maybe_unused]] Lanes fused(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
[[maybe_unused]] Lanes larger(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
[[maybe_unused]] Lanes smaller(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }

}  // namespace
}  // namespace yurai
