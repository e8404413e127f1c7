#pragma once

#include "yurai/model/kernels.h"
#include "yurai/model/kernels_products.h"

/// The loops of kernels.h over a type of 16 lanes. Included by one source for each instruction set,
/// which is compiled with flags of its own: nothing here may be shared between them by the linker,
/// hence `static` and types that belong to one source.
namespace yurai {
namespace {

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

/// Scores of B blocks of 16 keys for Q queries.
template <class Lanes, size_t B, size_t Q>
void score_blocks(const AttentionRead& read, size_t query, size_t block) {
  Lanes sums[B][Q];
  for (size_t b = 0; b < B; ++b) {
    for (size_t q = 0; q < Q; ++q) sums[b][q] = Lanes::all(0);
  }
  const size_t block_size = read.head_size * kLanes;
  const float* keys = read.keys + block * block_size;
  const float* queries = read.queries + query * read.query_stride;
  for (size_t i = 0; i < read.head_size; ++i) {
    Lanes k[B];
    for (size_t b = 0; b < B; ++b) k[b] = Lanes::load(keys + b * block_size + i * kLanes);
    for (size_t q = 0; q < Q; ++q) {
      const Lanes value = Lanes::all(queries[q * read.query_stride + i]);
      for (size_t b = 0; b < B; ++b) sums[b][q] = fused(k[b], value, sums[b][q]);
    }
  }
  for (size_t q = 0; q < Q; ++q) {
    float* scores = read.probabilities + (query + q) * read.probability_stride + block * kLanes;
    for (size_t b = 0; b < B; ++b) (sums[b][q] * Lanes::all(read.scale)).store(scores + b * kLanes);
  }
}

/// One query's scores to probabilities.
template <class Lanes>
void soften(const AttentionRead& read, size_t query) {
  constexpr float kUnseen = -3e38F;
  const size_t begin = read.begin_of(query);
  const size_t end = read.end_of(query);
  const size_t first = begin / kLanes;
  const size_t last = round_up(end, kLanes) / kLanes;
  float* p = read.probabilities + query * read.probability_stride;
  for (size_t s = first * kLanes; s < begin; ++s) p[s] = kUnseen;
  for (size_t s = end; s < last * kLanes; ++s) p[s] = kUnseen;
  Lanes most = Lanes::all(kUnseen);
  for (size_t block = first; block < last; ++block) {
    most = larger(most, Lanes::load(p + block * kLanes));
  }
  const Lanes largest = Lanes::all(most.largest());
  Lanes sum = Lanes::all(0);
  for (size_t block = first; block < last; ++block) {
    const Lanes value = exponential(Lanes::load(p + block * kLanes) - largest);
    value.store(p + block * kLanes);
    sum = sum + value;
  }
  const Lanes inverse = Lanes::all(1 / sum.sum());
  for (size_t block = first; block < last; ++block) {
    (Lanes::load(p + block * kLanes) * inverse).store(p + block * kLanes);
  }
}

/// Probabilities of Q queries times C·16 places of the values, from `place` on. Each query's keys
/// are added from its first to its last: those before all see, those that all see, those after.
template <class Lanes, size_t C, size_t Q>
void mix_values(const AttentionRead& read, size_t query, size_t place) {
  Lanes sums[Q][C];
  for (size_t q = 0; q < Q; ++q) {
    for (size_t c = 0; c < C; ++c) sums[q][c] = Lanes::all(0);
  }
  const size_t stride = round_up(read.head_size, kLanes);
  const float* values = read.values + place;
  const float* p = read.probabilities + query * read.probability_stride;
  const auto add = [&](size_t q, size_t from, size_t to) {
    for (size_t s = from; s < to; ++s) {
      const Lanes share = Lanes::all(p[q * read.probability_stride + s]);
      for (size_t c = 0; c < C; ++c) {
        sums[q][c] = fused(Lanes::load(values + s * stride + c * kLanes), share, sums[q][c]);
      }
    }
  };
  const size_t all_begin = read.begin_of(query + Q - 1);
  const size_t all_end = read.end_of(query);
  for (size_t q = 0; q + 1 < Q; ++q) add(q, read.begin_of(query + q), all_begin);
  for (size_t s = all_begin; s < all_end; ++s) {
    Lanes value[C];
    for (size_t c = 0; c < C; ++c) value[c] = Lanes::load(values + s * stride + c * kLanes);
    for (size_t q = 0; q < Q; ++q) {
      const Lanes share = Lanes::all(p[q * read.probability_stride + s]);
      for (size_t c = 0; c < C; ++c) sums[q][c] = fused(value[c], share, sums[q][c]);
    }
  }
  for (size_t q = 1; q < Q; ++q) add(q, all_end, read.end_of(query + q));
  for (size_t q = 0; q < Q; ++q) {
    float* out = read.out + (query + q) * stride + place;
    for (size_t c = 0; c < C; ++c) sums[q][c].store(out + c * kLanes);
  }
}

template <class Lanes, size_t B, size_t C, size_t Q>
void attend_queries(const AttentionRead& read, size_t query) {
  size_t block = read.begin_of(query) / kLanes;
  const size_t last = round_up(read.end_of(query + Q - 1), kLanes) / kLanes;
  for (; block + B <= last; block += B) score_blocks<Lanes, B, Q>(read, query, block);
  for (; block < last; ++block) score_blocks<Lanes, 1, Q>(read, query, block);
  for (size_t q = 0; q < Q; ++q) soften<Lanes>(read, query + q);
  const size_t width = round_up(read.head_size, kLanes);
  size_t place = 0;
  for (; place + C * kLanes <= width; place += C * kLanes) {
    mix_values<Lanes, C, Q>(read, query, place);
  }
  for (; place < width; place += kLanes) mix_values<Lanes, 1, Q>(read, query, place);
}

template <class Lanes>
void attend(const AttentionRead& read) {
  // A window of fewer keys than queries: none that all of them see.
  if (read.num_queries == kQueries && read.window >= kQueries) {
    attend_queries<Lanes, Lanes::kWidePanels, Lanes::kWideValues, kQueries>(read, 0);
    return;
  }
  for (size_t q = 0; q < read.num_queries; ++q) attend_queries<Lanes, 4, 4, 1>(read, q);
}

/// What a source exports.
template <class Lanes>
constexpr Kernels make_kernels(void (*int8)(const Int8Product&),
                               void (*bytes)(const int8_t*, size_t, size_t, size_t, int8_t*)) {
  return {.multiply_f32 = multiply<Lanes, FloatBlock<Lanes, float>, FloatProduct>,
          .multiply_bf16 = multiply<Lanes, FloatBlock<Lanes, uint16_t>, FloatProduct>,
          .multiply_int8 = int8,
          .pack_floats = pack_floats<Lanes>,
          .pack_bytes = bytes,
          .quantize = quantize<Lanes>,
          .rms_norm = rms_norm<Lanes>,
          .swiglu = swiglu<Lanes>,
          .attend = attend<Lanes>};
}

}  // namespace
}  // namespace yurai
