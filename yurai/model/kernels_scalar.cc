#include <bit>
#include <cmath>

#include "yurai/model/kernels_loops.h"

/// Plain C++: what the others are held against.
namespace yurai {
namespace {

struct Lanes {
  static constexpr size_t kTallPanels = 1, kWidePanels = 1, kWideTokens = 4, kFewTokens = 2,
                          kWideValues = 1;
  float v[kLanes];

  static Lanes all(float value) {
    Lanes out;
    for (float& lane : out.v) lane = value;
    return out;
  }
  static Lanes load(const float* from) {
    Lanes out;
    for (size_t i = 0; i < kLanes; ++i) out.v[i] = from[i];
    return out;
  }
  static Lanes load(const uint16_t* from) {
    Lanes out;
    for (size_t i = 0; i < kLanes; ++i) {
      out.v[i] = std::bit_cast<float>(static_cast<uint32_t>(from[i]) << 16);
    }
    return out;
  }
  void store(float* to) const {
    for (size_t i = 0; i < kLanes; ++i) to[i] = v[i];
  }
  void store_bytes(int8_t* to) const {
    for (size_t i = 0; i < kLanes; ++i) to[i] = static_cast<int8_t>(v[i]);
  }
  template <class Make>
  static Lanes each(Make make) {
    Lanes out;
    for (size_t i = 0; i < kLanes; ++i) out.v[i] = make(i);
    return out;
  }
  Lanes absolute() const {
    return each([&](size_t i) { return std::fabs(v[i]); });
  }
  Lanes rounded() const {
    return each([&](size_t i) { return std::nearbyintf(v[i]); });
  }
  Lanes root() const {
    return each([&](size_t i) { return std::sqrt(v[i]); });
  }
  Lanes power_of_two() const {
    return each(
        [&](size_t i) { return std::bit_cast<float>((static_cast<int32_t>(v[i]) + 127) << 23); });
  }
  Lanes zero_where_below(Lanes x, Lanes limit) const {
    return each([&](size_t i) { return x.v[i] < limit.v[i] ? 0 : v[i]; });
  }
  float sum() const {
    Lanes half = *this;
    for (size_t width = kLanes / 2; width > 0; width /= 2) {
      for (size_t i = 0; i < width; ++i) half.v[i] += half.v[i + width];
    }
    return half.v[0];
  }
  float largest() const {
    float most = v[0];
    for (const float lane : v) most = lane > most ? lane : most;
    return most;
  }
};
Lanes operator+(Lanes a, Lanes b) {
  return Lanes::each([&](size_t i) { return a.v[i] + b.v[i]; });
}
Lanes operator-(Lanes a, Lanes b) {
  return Lanes::each([&](size_t i) { return a.v[i] - b.v[i]; });
}
Lanes operator*(Lanes a, Lanes b) {
  return Lanes::each([&](size_t i) { return a.v[i] * b.v[i]; });
}
Lanes operator/(Lanes a, Lanes b) {
  return Lanes::each([&](size_t i) { return a.v[i] / b.v[i]; });
}
Lanes fused(Lanes a, Lanes b, Lanes c) {
  return Lanes::each([&](size_t i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
Lanes larger(Lanes a, Lanes b) {
  return Lanes::each([&](size_t i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
Lanes smaller(Lanes a, Lanes b) {
  return Lanes::each([&](size_t i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}

struct Ints {
  using Four = const int8_t*;
  int32_t v[kLanes];

  static Ints begin(const int32_t*) { return {}; }
  static uint32_t packed(uint32_t four) { return four; }
  static Four broadcast(const int8_t* x) { return x; }
  void add_products(const int8_t* weights, Four x) {
    for (size_t i = 0; i < kLanes; ++i) {
      for (size_t j = 0; j < 4; ++j) v[i] += weights[4 * i + j] * x[j];
    }
  }
  Lanes to_float() const {
    return Lanes::each([&](size_t i) { return static_cast<float>(v[i]); });
  }
};

}  // namespace

const Kernels kScalarKernels =
    make_kernels<Lanes>(multiply_int8<Lanes, Ints>, pack_bytes<Lanes, Ints>);

}  // namespace yurai
