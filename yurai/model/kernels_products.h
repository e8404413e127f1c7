#pragma once

#include "yurai/model/kernels.h"

/// The products of kernels.h over a type of 16 lanes; kernels_loops.h says how it is included.
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
    const float* x = product.x + token * product.columns;
    for (size_t k = 0; k < product.columns; ++k) {
      Lanes w[P];
      for (size_t p = 0; p < P; ++p) w[p] = Lanes::load(weights + p * panel_size + k * kLanes);
      for (size_t t = 0; t < T; ++t) {
        const Lanes value = Lanes::all(x[k * T + t]);
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
    const int8_t* x = product.x + token * product.columns;
    for (size_t k = 0; k < product.columns; k += 4) {
      for (size_t t = 0; t < T; ++t) {
        const typename Ints::Four four = Ints::broadcast(x + k * T + 4 * t);
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

/// A number that is known when the program is compiled.
template <size_t N>
struct Constant {
  static constexpr size_t value = N;
};

/// Calls of(first token, Constant<how many>): as many at once as there are registers for.
template <class Lanes, class Function>
void for_token_groups(size_t tokens, const Function& of) {
  size_t token = 0;
  for (; token + Lanes::kWideTokens <= tokens; token += Lanes::kWideTokens) {
    of(token, Constant<Lanes::kWideTokens>());
  }
  for (; token + Lanes::kFewTokens <= tokens; token += Lanes::kFewTokens) {
    of(token, Constant<Lanes::kFewTokens>());
  }
  for (; token < tokens; ++token) of(token, Constant<1>());
}

/// P panels times all tokens.
template <class Lanes, class Block, size_t P, class Product>
void multiply_panels(const Product& product, size_t panel) {
  for_token_groups<Lanes>(product.tokens, [&](size_t token, auto count) {
    Block::template run<P, decltype(count)::value>(product, panel, token);
  });
}

template <class Lanes, class Block, class Product>
void multiply(const Product& product) {
  size_t panel = 0;
  if (product.tokens == 1) {
    for (; panel + Lanes::kTallPanels <= product.num_panels; panel += Lanes::kTallPanels) {
      Block::template run<Lanes::kTallPanels, 1>(product, panel, 0);
    }
  }
  for (; panel + Lanes::kWidePanels <= product.num_panels; panel += Lanes::kWidePanels) {
    multiply_panels<Lanes, Block, Lanes::kWidePanels>(product, panel);
  }
  if constexpr (Lanes::kWidePanels > 1) {
    for (; panel < product.num_panels; ++panel) multiply_panels<Lanes, Block, 1>(product, panel);
  }
}

template <class Lanes>
void pack_floats(const float* x, size_t stride, size_t columns, size_t tokens, float* out) {
  for_token_groups<Lanes>(tokens, [&](size_t token, auto count) {
    constexpr size_t T = decltype(count)::value;
    float* group = out + token * columns;
    for (size_t k = 0; k < columns; ++k) {
      for (size_t t = 0; t < T; ++t) group[k * T + t] = x[(token + t) * stride + k];
    }
  });
}

template <class Lanes, class Ints>
void pack_bytes(const int8_t* x, size_t stride, size_t columns, size_t tokens, int8_t* out) {
  for_token_groups<Lanes>(tokens, [&](size_t token, auto count) {
    constexpr size_t T = decltype(count)::value;
    int8_t* group = out + token * columns;
    for (size_t k = 0; k < columns; k += 4) {
      for (size_t t = 0; t < T; ++t) {
        uint32_t four = 0;
        __builtin_memcpy(&four, x + (token + t) * stride + k, sizeof four);
        four = Ints::packed(four);
        __builtin_memcpy(group + k * T + 4 * t, &four, sizeof four);
      }
    }
  });
}

template <class Lanes, class Ints>
void multiply_int8(const Int8Product& product) {
  multiply<Lanes, Int8Block<Lanes, Ints>>(product);
}

}  // namespace
}  // namespace yurai
