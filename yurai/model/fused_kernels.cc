#include "yurai/model/fused_kernels.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

// One source; the compiler makes it for three instruction sets, and the loader chooses. Vectors of
// 16 are written out, so that a sum has the same order in each.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define YURAI_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define YURAI_CLONES
#endif
#define YURAI_INLINE __attribute__((always_inline)) inline

namespace yurai::kernels {
namespace {

constexpr size_t kLanes = 16;
using F16 = float __attribute__((vector_size(64)));
using I16 = int32_t __attribute__((vector_size(64)));

YURAI_INLINE F16 load(const float* x) {
  F16 value;
  std::memcpy(&value, x, sizeof(value));
  return value;
}
YURAI_INLINE void store(F16 value, float* x) { std::memcpy(x, &value, sizeof(value)); }
YURAI_INLINE F16 all(float value) { return F16{} + value; }

/// The last, incomplete vector of a row; the lanes after it hold `rest`.
YURAI_INLINE F16 load_some(const float* x, size_t count, float rest = 0) {
  F16 value = all(rest);
  std::memcpy(&value, x, count * sizeof(float));
  return value;
}
YURAI_INLINE void store_some(F16 value, float* x, size_t count) {
  std::memcpy(x, &value, count * sizeof(float));
}

YURAI_INLINE float sum(F16 value) {
  float lanes[kLanes];
  store(value, lanes);
  for (size_t width = kLanes / 2; width > 0; width /= 2) {
    for (size_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}
YURAI_INLINE F16 max(F16 a, F16 b) { return a > b ? a : b; }

/// exp within 2 units in the last place from -87 to 88, 0 and infinity beyond (Cephes' expf).
YURAI_INLINE F16 exp(F16 x) {
  const F16 clamped = max(x < 88.0F ? x : all(88.0F), all(-88.0F));
  constexpr float kRound = 12582912.0F;  // 1.5 · 2^23: adding it rounds to an integer
  const F16 shifted = clamped * 1.44269504088896341F + kRound;
  const F16 n = shifted - kRound;
  const F16 r = clamped - n * 0.693359375F - n * -2.12194440e-4F;
  F16 p = all(1.9875691500e-4F);
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const I16 power = (__builtin_convertvector(n, I16) + 127) << 23;
  F16 scale;
  std::memcpy(&scale, &power, sizeof(scale));
  const F16 finite = x > -87.0F ? p * scale : F16{};
  const F16 result = x > 88.0F ? all(std::numeric_limits<float>::infinity()) : finite;
  return x == x ? result : x;  // what is no number stays none
}

}  // namespace

YURAI_CLONES void rms_norm(const float* x, const float* weight, float eps, size_t rows, size_t size,
                           float* y, float* inverse_rms) {
  const size_t whole = size / kLanes * kLanes;
  for (size_t row = 0; row < rows; ++row, x += size, y += size) {
    F16 squares{};
    for (size_t i = 0; i < whole; i += kLanes) squares += load(x + i) * load(x + i);
    const F16 rest = load_some(x + whole, size - whole);
    squares += rest * rest;
    const float inverse = 1 / std::sqrt(sum(squares) / static_cast<float>(size) + eps);
    inverse_rms[row] = inverse;
    for (size_t i = 0; i < whole; i += kLanes)
      store(load(x + i) * inverse * load(weight + i), y + i);
    for (size_t i = whole; i < size; ++i) y[i] = x[i] * inverse * weight[i];
  }
}

YURAI_CLONES void rms_norm_backward(const float* dy, const float* x, const float* weight,
                                    const float* inverse_rms, size_t rows, size_t size, float* dx,
                                    float* dweight) {
  const size_t whole = size / kLanes * kLanes;
  for (size_t row = 0; row < rows; ++row, dy += size, x += size, dx += size) {
    const float inverse = inverse_rms[row];
    F16 products{};
    for (size_t i = 0; i < whole; i += kLanes) {
      products += load(dy + i) * load(weight + i) * load(x + i);
    }
    products += load_some(dy + whole, size - whole) * load_some(weight + whole, size - whole) *
                load_some(x + whole, size - whole);
    const float shared = sum(products) * inverse * inverse * inverse / static_cast<float>(size);
    for (size_t i = 0; i < whole; i += kLanes) {
      store(load(dy + i) * load(weight + i) * inverse - load(x + i) * shared, dx + i);
    }
    for (size_t i = whole; i < size; ++i) dx[i] = dy[i] * weight[i] * inverse - x[i] * shared;
    if (dweight == nullptr) continue;
    for (size_t i = 0; i < whole; i += kLanes) {
      store(load(dweight + i) + load(dy + i) * load(x + i) * inverse, dweight + i);
    }
    for (size_t i = whole; i < size; ++i) dweight[i] += dy[i] * x[i] * inverse;
  }
}

namespace {

YURAI_INLINE F16 silu(F16 gate) { return gate / (1.0F + exp(-gate)); }

struct SwigluGradient {
  F16 gate, up;
};
YURAI_INLINE SwigluGradient swiglu_gradient(F16 dy, F16 gate, F16 up) {
  const F16 sigmoid = 1.0F / (1.0F + exp(-gate));
  const F16 active = gate * sigmoid;
  return {dy * up * (sigmoid + active * (1.0F - sigmoid)), dy * active};
}

}  // namespace

YURAI_CLONES void swiglu(const float* gate_up, size_t rows, size_t size, float* y) {
  const size_t whole = size / kLanes * kLanes;
  const size_t rest = size - whole;
  for (size_t row = 0; row < rows; ++row, gate_up += 2 * size, y += size) {
    const float* up = gate_up + size;
    for (size_t i = 0; i < whole; i += kLanes) store(silu(load(gate_up + i)) * load(up + i), y + i);
    store_some(silu(load_some(gate_up + whole, rest)) * load_some(up + whole, rest), y + whole,
               rest);
  }
}

YURAI_CLONES void swiglu_backward(const float* dy, const float* gate_up, size_t rows, size_t size,
                                  float* dgate_up) {
  const size_t whole = size / kLanes * kLanes;
  const size_t rest = size - whole;
  for (size_t row = 0; row < rows; ++row, dy += size, gate_up += 2 * size, dgate_up += 2 * size) {
    const float* up = gate_up + size;
    float* dup = dgate_up + size;
    for (size_t i = 0; i < whole; i += kLanes) {
      const SwigluGradient d = swiglu_gradient(load(dy + i), load(gate_up + i), load(up + i));
      store(d.gate, dgate_up + i);
      store(d.up, dup + i);
    }
    const SwigluGradient d = swiglu_gradient(
        load_some(dy + whole, rest), load_some(gate_up + whole, rest), load_some(up + whole, rest));
    store_some(d.gate, dgate_up + whole, rest);
    store_some(d.up, dup + whole, rest);
  }
}

YURAI_CLONES void rotate(const float* x, const float* cosines, const float* sines, size_t size,
                         float scale, bool back, float* y) {
  const size_t half = size / 2;
  const float sign = back ? -scale : scale;
  for (size_t i = 0; i < half; ++i) {
    const float first = x[i];
    const float second = x[i + half];
    const float c = cosines[i] * scale;
    const float s = sines[i] * sign;
    y[i] = first * c - second * s;
    y[i + half] = second * c + first * s;
  }
}

namespace {

struct Exponentials {
  float top, total;
};
/// x = exp(x - top) over [begin, end), and their sum; `top` is the largest of them.
YURAI_INLINE Exponentials exponentials(float* x, size_t begin, size_t end) {
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  const size_t whole = begin + (end - begin) / kLanes * kLanes;
  F16 highest = load_some(x + whole, end - whole, kLowest);
  for (size_t i = begin; i < whole; i += kLanes) highest = max(highest, load(x + i));
  float top = kLowest;
  for (size_t lane = 0; lane < kLanes; ++lane) top = top > highest[lane] ? top : highest[lane];
  F16 sums{};
  for (size_t i = begin; i < whole; i += kLanes) {
    const F16 value = exp(load(x + i) - top);
    sums += value;
    store(value, x + i);
  }
  const F16 rest = exp(load_some(x + whole, end - whole, kLowest) - top);
  sums += rest;
  store_some(rest, x + whole, end - whole);
  return {top, sum(sums)};
}

}  // namespace

YURAI_CLONES float softmax(float* x, size_t begin, size_t end, size_t size) {
  const Exponentials all_of = exponentials(x, begin, end);
  const float inverse = 1 / all_of.total;
  for (size_t i = begin; i < end; ++i) x[i] *= inverse;
  for (size_t i = 0; i < begin; ++i) x[i] = 0;
  for (size_t i = end; i < size; ++i) x[i] = 0;
  return all_of.top + std::log(all_of.total);
}

YURAI_CLONES void softmax_again(float* p, float log_sum, size_t begin, size_t end, size_t size) {
  const size_t whole = begin + (end - begin) / kLanes * kLanes;
  for (size_t i = begin; i < whole; i += kLanes) store(exp(load(p + i) - log_sum), p + i);
  store_some(exp(load_some(p + whole, end - whole) - log_sum), p + whole, end - whole);
  for (size_t i = 0; i < begin; ++i) p[i] = 0;
  for (size_t i = end; i < size; ++i) p[i] = 0;
}

YURAI_CLONES void softmax_backward(const float* p, float dot, size_t size, float* dp) {
  for (size_t i = 0; i < size; ++i) dp[i] = p[i] * (dp[i] - dot);
}

YURAI_CLONES float dot(const float* a, const float* b, size_t size) {
  const size_t whole = size / kLanes * kLanes;
  F16 sums = load_some(a + whole, size - whole) * load_some(b + whole, size - whole);
  for (size_t i = 0; i < whole; i += kLanes) sums += load(a + i) * load(b + i);
  return sum(sums);
}

YURAI_CLONES void add_scaled(const float* x, float scale, size_t size, float* y) {
  for (size_t i = 0; i < size; ++i) y[i] += x[i] * scale;
}

YURAI_CLONES void add_rows(const float* x, size_t rows, size_t size, float* y) {
  for (size_t row = 0; row < rows; ++row, x += size) {
    for (size_t i = 0; i < size; ++i) y[i] += x[i];
  }
}

YURAI_CLONES float cross_entropy(float* logits, size_t size, size_t target, float scale) {
  const float wanted = logits[target];
  const Exponentials all_of = exponentials(logits, 0, size);
  const float nats = all_of.top + std::log(all_of.total) - wanted;
  if (scale == 0) return nats;
  const float factor = scale / all_of.total;
  for (size_t i = 0; i < size; ++i) logits[i] *= factor;
  logits[target] -= scale;
  return nats;
}

YURAI_CLONES void adamw(const float* gradients, AdamStep step, size_t size, float* __restrict mean,
                        float* __restrict square, float* __restrict weights) {
  for (size_t i = 0; i < size; ++i) {
    const float gradient = gradients[i] * step.scale;
    mean[i] = step.beta1 * mean[i] + (1 - step.beta1) * gradient;
    square[i] = step.beta2 * square[i] + (1 - step.beta2) * gradient * gradient;
    weights[i] = weights[i] * step.keep -
                 step.rate * mean[i] / (std::sqrt(square[i]) * step.root + step.epsilon);
  }
}

YURAI_CLONES void to_bf16(const float* x, size_t size, Bf16* y) {
  for (size_t i = 0; i < size; ++i) {
    const auto bits = std::bit_cast<uint32_t>(x[i]);
    const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    // A number that is none keeps being none.
    y[i] = static_cast<Bf16>(x[i] != x[i] ? 0x7FC0 : rounded);
  }
}

}  // namespace yurai::kernels
