#pragma once

#include "yurai/model/kernels.h"

/// The loops of kernels.h over a type of 16 lanes. Included by one source for each instruction set,
/// which is compiled with flags of its own: nothing here may be shared between them by the linker,
/// hence `static` and types that belong to one source.
namespace yurai {
namespace {

/// P panels times T tokens, columns one after the other.
template <class Lanes, class Value>
struct FloatBlock {
  template <size_t P, size_t T>
  static void run(const FloatProduct& product, size_t panel, size_t token) {
    Lanes sums[P][T];
    for (size_t p = 0; p < P; ++p) {
      for (size_t t = 0; t < T; ++t) sums[p][t] = Lanes::all(0);
    }
    const size_t panel_size = product.columns * kLanes;
    const Value* weights = static_cast<const Value*>(product.panels) + panel * panel_size;
    const float* x = product.x + token * product.x_stride;
    for (size_t k = 0; k < product.columns; ++k) {
      Lanes w[P];
      for (size_t p = 0; p < P; ++p) w[p] = Lanes::load(weights + p * panel_size + k * kLanes);
      for (size_t t = 0; t < T; ++t) {
        const Lanes value = Lanes::all(x[t * product.x_stride + k]);
        for (size_t p = 0; p < P; ++p) sums[p][t] = fused(w[p], value, sums[p][t]);
      }
    }
    for (size_t t = 0; t < T; ++t) {
      float* y = product.y + (token + t) * product.y_stride + panel * kLanes;
      for (size_t p = 0; p < P; ++p) sums[p][t].store(y + p * kLanes);
    }
  }
};

/// The same over exact sums of bytes. `Ints` are 16 lanes of 32 bits.
template <class Lanes, class Ints>
struct Int8Block {
  template <size_t P, size_t T>
  static void run(const Int8Product& product, size_t panel, size_t token) {
    Ints sums[P][T];
    for (size_t p = 0; p < P; ++p) {
      for (size_t t = 0; t < T; ++t) {
        sums[p][t] = Ints::begin(product.row_sums + (panel + p) * kLanes);
      }
    }
    const size_t panel_size = product.columns * kLanes;
    const int8_t* weights = product.panels + panel * panel_size;
    const int8_t* x = product.x + token * product.x_stride;
    for (size_t k = 0; k < product.columns; k += 4) {
      for (size_t t = 0; t < T; ++t) {
        const typename Ints::Four four = Ints::broadcast(x + t * product.x_stride + k);
        for (size_t p = 0; p < P; ++p) {
          sums[p][t].add_products(weights + p * panel_size + k * kLanes, four);
        }
      }
    }
    for (size_t t = 0; t < T; ++t) {
      const Lanes scale = Lanes::all(product.x_scales[token + t]);
      float* y = product.y + (token + t) * product.y_stride + panel * kLanes;
      for (size_t p = 0; p < P; ++p) {
        const Lanes row_scale = Lanes::load(product.scales + (panel + p) * kLanes);
        (sums[p][t].to_float() * (row_scale * scale)).store(y + p * kLanes);
      }
    }
  }
};

/// P panels times all tokens: as many at once as there are registers for.
template <class Lanes, class Block, size_t P, class Product>
void multiply_panels(const Product& product, size_t panel) {
  size_t token = 0;
  if constexpr (P <= Lanes::kWidePanels) {
    for (; token + Lanes::kWideTokens <= product.tokens; token += Lanes::kWideTokens) {
      Block::template run<P, Lanes::kWideTokens>(product, panel, token);
    }
    for (; token + Lanes::kFewTokens <= product.tokens; token += Lanes::kFewTokens) {
      Block::template run<P, Lanes::kFewTokens>(product, panel, token);
    }
  }
  for (; token < product.tokens; ++token) Block::template run<P, 1>(product, panel, token);
}

template <class Lanes, class Block, class Product>
void multiply(const Product& product) {
  size_t panel = 0;
  if (product.tokens == 1) {
    for (; panel + Lanes::kTallPanels <= product.num_panels; panel += Lanes::kTallPanels) {
      multiply_panels<Lanes, Block, Lanes::kTallPanels>(product, panel);
    }
  }
  for (; panel + Lanes::kWidePanels <= product.num_panels; panel += Lanes::kWidePanels) {
    multiply_panels<Lanes, Block, Lanes::kWidePanels>(product, panel);
  }
  if constexpr (Lanes::kWidePanels > 1) {
    for (; panel < product.num_panels; ++panel) multiply_panels<Lanes, Block, 1>(product, panel);
  }
}

template <class Lanes, class Ints>
void multiply_int8(const Int8Product& product) {
  multiply<Lanes, Int8Block<Lanes, Ints>>(product);
}

/// e^x to 2 units of the last place: x = n ln 2 + r, a polynomial of r (Cephes, expf). Below -87,
/// where it has no normal value, zero.
template <class Lanes>
Lanes exponential(Lanes x) {
  const Lanes in = smaller(larger(x, Lanes::all(-87.0F)), Lanes::all(88.0F));
  const Lanes n = (in * Lanes::all(1.44269504088896341F)).rounded();
  Lanes r = fused(n, Lanes::all(-0.693359375F), in);
  r = fused(n, Lanes::all(2.12194440e-4F), r);
  Lanes y = Lanes::all(1.9875691500e-4F);
  y = fused(y, r, Lanes::all(1.3981999507e-3F));
  y = fused(y, r, Lanes::all(8.3334519073e-3F));
  y = fused(y, r, Lanes::all(4.1665795894e-2F));
  y = fused(y, r, Lanes::all(1.6666665459e-1F));
  y = fused(y, r, Lanes::all(5.0000001201e-1F));
  y = fused(y, r * r, r) + Lanes::all(1);
  return (y * n.power_of_two()).zero_where_below(x, Lanes::all(-87.0F));
}

template <class Lanes>
float quantize(const float* x, size_t size, int8_t* out) {
  Lanes most = Lanes::all(0);
  for (size_t i = 0; i < size; i += kLanes) most = larger(most, Lanes::load(x + i).absolute());
  const float largest = most.largest();
  const float scale = largest / 127;
  // All zero, or so small that its inverse is none.
  const float inverse = scale > 1e-30F ? 1 / scale : 0;
  for (size_t i = 0; i < size; i += kLanes) {
    (Lanes::load(x + i) * Lanes::all(inverse)).rounded().store_bytes(out + i);
  }
  return inverse == 0 ? 0 : scale;
}

template <class Lanes>
void rms_norm(const float* x, const float* weight, size_t size, float eps, float* out) {
  Lanes squares = Lanes::all(0);
  for (size_t i = 0; i < size; i += kLanes) {
    const Lanes value = Lanes::load(x + i);
    squares = fused(value, value, squares);
  }
  const Lanes mean = Lanes::all(squares.sum() / static_cast<float>(size) + eps);
  const Lanes inverse = Lanes::all(1) / mean.root();
  for (size_t i = 0; i < size; i += kLanes) {
    (Lanes::load(x + i) * inverse * Lanes::load(weight + i)).store(out + i);
  }
}

template <class Lanes>
void swiglu(const float* gate, const float* up, size_t size, float* out) {
  for (size_t i = 0; i < size; i += kLanes) {
    const Lanes g = Lanes::load(gate + i);
    const Lanes inner = g / (Lanes::all(1) + exponential(Lanes::all(0) - g));
    (inner * Lanes::load(up + i)).store(out + i);
  }
}

/// Scores of B blocks of 16 keys.
template <class Lanes, size_t B>
void score_blocks(const AttentionRead& read, size_t block) {
  Lanes sums[B];
  for (size_t b = 0; b < B; ++b) sums[b] = Lanes::all(0);
  const size_t block_size = read.head_size * kLanes;
  const float* keys = read.keys + block * block_size;
  for (size_t i = 0; i < read.head_size; ++i) {
    const Lanes q = Lanes::all(read.query[i]);
    for (size_t b = 0; b < B; ++b) {
      sums[b] = fused(Lanes::load(keys + b * block_size + i * kLanes), q, sums[b]);
    }
  }
  for (size_t b = 0; b < B; ++b) {
    (sums[b] * Lanes::all(read.scale)).store(read.probabilities + (block + b) * kLanes);
  }
}

/// Probabilities times C·16 places of the values, from `place` on.
template <class Lanes, size_t C>
void mix_values(const AttentionRead& read, size_t place) {
  Lanes sums[C];
  for (size_t c = 0; c < C; ++c) sums[c] = Lanes::all(0);
  const size_t stride = round_up(read.head_size, kLanes);
  const float* value = read.values + read.begin * stride + place;
  for (size_t s = read.begin; s < read.end; ++s, value += stride) {
    const Lanes p = Lanes::all(read.probabilities[s]);
    for (size_t c = 0; c < C; ++c) sums[c] = fused(Lanes::load(value + c * kLanes), p, sums[c]);
  }
  for (size_t c = 0; c < C; ++c) sums[c].store(read.out + place + c * kLanes);
}

template <class Lanes>
void attend(const AttentionRead& read) {
  constexpr float kUnseen = -3e38F;
  const size_t first = read.begin / kLanes;
  const size_t last = round_up(read.end, kLanes) / kLanes;
  size_t block = first;
  for (; block + 4 <= last; block += 4) score_blocks<Lanes, 4>(read, block);
  for (; block < last; ++block) score_blocks<Lanes, 1>(read, block);
  float* p = read.probabilities;
  for (size_t s = first * kLanes; s < read.begin; ++s) p[s] = kUnseen;
  for (size_t s = read.end; s < last * kLanes; ++s) p[s] = kUnseen;
  Lanes most = Lanes::all(kUnseen);
  for (block = first; block < last; ++block) most = larger(most, Lanes::load(p + block * kLanes));
  const Lanes largest = Lanes::all(most.largest());
  Lanes sum = Lanes::all(0);
  for (block = first; block < last; ++block) {
    const Lanes value = exponential(Lanes::load(p + block * kLanes) - largest);
    value.store(p + block * kLanes);
    sum = sum + value;
  }
  const Lanes inverse = Lanes::all(1 / sum.sum());
  for (block = first; block < last; ++block) {
    (Lanes::load(p + block * kLanes) * inverse).store(p + block * kLanes);
  }
  const size_t width = round_up(read.head_size, kLanes);
  size_t place = 0;
  for (; place + 4 * kLanes <= width; place += 4 * kLanes) mix_values<Lanes, 4>(read, place);
  for (; place < width; place += kLanes) mix_values<Lanes, 1>(read, place);
}

/// What a source exports.
template <class Lanes>
constexpr Kernels make_kernels(void (*int8)(const Int8Product&)) {
  return {.multiply_f32 = multiply<Lanes, FloatBlock<Lanes, float>, FloatProduct>,
          .multiply_bf16 = multiply<Lanes, FloatBlock<Lanes, uint16_t>, FloatProduct>,
          .multiply_int8 = int8,
          .quantize = quantize<Lanes>,
          .rms_norm = rms_norm<Lanes>,
          .swiglu = swiglu<Lanes>,
          .attend = attend<Lanes>};
}

}  // namespace
}  // namespace yurai
