#include <immintrin.h>

#include "yurai/model/kernels_loops.h"

namespace yurai {
namespace {

struct Lanes {
  static constexpr size_t kTallPanels = 4, kWidePanels = 1, kWideTokens = 4, kFewTokens = 2,
                          kWideValues = 1;
  __m256 low, high;

  static Lanes all(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static Lanes load(const float* from) {
    return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
  }
  static Lanes load(const uint16_t* from) { return {widened(from), widened(from + 8)}; }
  static __m256 widened(const uint16_t* from) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  void store(float* to) const {
    _mm256_storeu_ps(to, low);
    _mm256_storeu_ps(to + 8, high);
  }
  void store_bytes(int8_t* to) const {
    const __m256i words = _mm256_permute4x64_epi64(
        _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high)), 0xD8);
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(to),
        _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
  }
  Lanes absolute() const {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return {_mm256_andnot_ps(sign, low), _mm256_andnot_ps(sign, high)};
  }
  Lanes rounded() const {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(low, kNearest), _mm256_round_ps(high, kNearest)};
  }
  Lanes root() const { return {_mm256_sqrt_ps(low), _mm256_sqrt_ps(high)}; }
  static __m256 power_of_two(__m256 n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
  }
  Lanes power_of_two() const { return {power_of_two(low), power_of_two(high)}; }
  Lanes zero_where_below(Lanes x, Lanes limit) const {
    return {_mm256_andnot_ps(_mm256_cmp_ps(x.low, limit.low, _CMP_LT_OQ), low),
            _mm256_andnot_ps(_mm256_cmp_ps(x.high, limit.high, _CMP_LT_OQ), high)};
  }
  float sum() const {
    const __m256 eight = _mm256_add_ps(low, high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  float largest() const {
    const __m256 eight = _mm256_max_ps(low, high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
};
Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
Lanes operator-(Lanes a, Lanes b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
Lanes operator*(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
Lanes operator/(Lanes a, Lanes b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
Lanes fused(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
Lanes larger(Lanes a, Lanes b) {
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
Lanes smaller(Lanes a, Lanes b) {
  return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}

struct Ints {
  struct Four {
    __m256i x, absolute;
  };
  __m256i low, high;

  static Ints begin(const int32_t*) { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static uint32_t packed(uint32_t four) { return four; }
  static Four broadcast(const int8_t* x) {
    int32_t bits = 0;
    __builtin_memcpy(&bits, x, sizeof bits);
    const __m256i all = _mm256_set1_epi32(bits);
    return {all, _mm256_abs_epi8(all)};
  }
  /// |x| · (w with x's sign), in pairs: at most 2 · 127², which 16 bits hold.
  static __m256i products(const int8_t* weights, const Four& four) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    const __m256i pairs = _mm256_maddubs_epi16(four.absolute, _mm256_sign_epi8(w, four.x));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
  void add_products(const int8_t* weights, const Four& four) {
    low = _mm256_add_epi32(low, products(weights, four));
    high = _mm256_add_epi32(high, products(weights + 32, four));
  }
  Lanes to_float() const { return {_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)}; }
};

}  // namespace

const Kernels kAvx2Kernels =
    make_kernels<Lanes>(multiply_int8<Lanes, Ints>, pack_bytes<Lanes, Ints>);

}  // namespace yurai
