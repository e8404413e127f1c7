#include "yurai/model/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"
#include "yurai/model/safetensors.h"

/// Every instruction set gives the bits of the scalar one, and that one what double precision does.
namespace yurai {
namespace {

class KernelsOf : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!is_supported(GetParam())) GTEST_SKIP() << "this processor lacks it";
    kernels_ = &kernels(GetParam());
  }
  float number() {
    return static_cast<float>(static_cast<double>(random_.below(20001)) / 10000 - 1);
  }
  std::vector<float> numbers(size_t size) {
    std::vector<float> all(size);
    for (float& value : all) value = number();
    return all;
  }
  void read_the_cache(size_t d, size_t end, size_t window, size_t num_queries) {
    const size_t width = round_up(d, kLanes), seen = round_up(end + num_queries, kLanes);
    const std::vector<float> queries = numbers(num_queries * (d + 5)),
                             values = numbers(seen * width);
    const std::vector<float> keys = numbers(seen * d);
    std::vector<float> p(num_queries * seen), out(num_queries * width), wanted(out.size());
    AttentionRead read{.queries = queries.data(),
                       .query_stride = d + 5,
                       .num_queries = num_queries,
                       .keys = keys.data(),
                       .values = values.data(),
                       .head_size = d,
                       .end = end,
                       .window = window,
                       .scale = 0.7F,
                       .probabilities = p.data(),
                       .probability_stride = seen,
                       .out = out.data()};
    kernels_->attend(read);
    // Alone, each query has the same bits.
    for (size_t q = 0; q < num_queries; ++q) {
      std::vector<float> alone(seen);
      AttentionRead one = read;
      one.queries += q * read.query_stride;
      one.num_queries = 1;
      one.end = end + q;
      one.probabilities = alone.data();
      one.out = wanted.data() + q * width;
      scalar_.attend(one);
      std::vector<double> weight(end + q, 0);
      for (size_t s = one.begin_of(0); s < one.end; ++s) {
        double score = 0;
        for (size_t i = 0; i < d; ++i) {
          score += static_cast<double>(one.queries[i]) *
                   static_cast<double>(keys[(s / kLanes * d + i) * kLanes + s % kLanes]);
        }
        weight[s] = std::exp(score * static_cast<double>(0.7F));
      }
      const double sum = std::accumulate(weight.begin(), weight.end(), 0.0);
      for (size_t s = one.begin_of(0); s < one.end; ++s) {
        ASSERT_EQ(p[q * seen + s], alone[s]);
        ASSERT_NEAR(alone[s], weight[s] / sum, 5e-6);
      }
      for (size_t i = 0; i < d; ++i) {
        double mixed = 0;
        for (size_t s = 0; s < one.end; ++s) {
          mixed += weight[s] / sum * static_cast<double>(values[s * width + i]);
        }
        ASSERT_NEAR(wanted[q * width + i], mixed, 5e-6);
      }
    }
    ASSERT_EQ(out, wanted) << d << " " << end << " " << window << " " << num_queries;
  }
  int8_t byte() { return static_cast<int8_t>(static_cast<int>(random_.below(255)) - 127); }

  const Kernels* kernels_ = nullptr;
  const Kernels& scalar_ = kScalarKernels;
  SplitMix64 random_{testing::test_seed()};
};

constexpr size_t kPanels[] = {1, 2, 3, 4, 7};
constexpr size_t kColumns[] = {1, 4, 10, 48, 129};
constexpr size_t kTokens[] = {1, 2, 3, 5, 12, 13, 31};

TEST_P(KernelsOf, MultipliesFloats) {
  for (const size_t panels : kPanels) {
    for (const size_t columns : kColumns) {
      for (const size_t tokens : kTokens) {
        const std::vector<float> weights = numbers(panels * columns * kLanes);
        std::vector<uint16_t> halves(weights.size());
        for (size_t i = 0; i < halves.size(); ++i) halves[i] = f32_to_bf16(weights[i]);
        const size_t stride = columns + 3;
        const std::vector<float> x = numbers(tokens * stride);
        FloatProduct product{.panels = weights.data(),
                             .num_panels = panels,
                             .columns = columns,
                             .tokens = tokens,
                             .y_stride = panels * kLanes};
        std::vector<float> y(tokens * product.y_stride), wanted(y.size());
        std::vector<float> packed(tokens * columns), packed_scalar(packed.size());
        kernels_->pack_floats(x.data(), stride, columns, tokens, packed.data());
        scalar_.pack_floats(x.data(), stride, columns, tokens, packed_scalar.data());
        for (const bool half : {false, true}) {
          product.panels = half ? static_cast<const void*>(halves.data()) : weights.data();
          product.x = packed.data();
          product.y = y.data();
          (half ? kernels_->multiply_bf16 : kernels_->multiply_f32)(product);
          product.x = packed_scalar.data();
          product.y = wanted.data();
          (half ? scalar_.multiply_bf16 : scalar_.multiply_f32)(product);
          ASSERT_EQ(y, wanted) << panels << " " << columns << " " << tokens;
          for (size_t t = 0; t < tokens; ++t) {
            for (size_t row = 0; row < panels * kLanes; ++row) {
              double sum = 0;
              for (size_t k = 0; k < columns; ++k) {
                const size_t at = (row / kLanes * columns + k) * kLanes + row % kLanes;
                const float weight = half ? bf16_to_f32(halves[at]) : weights[at];
                sum += static_cast<double>(weight) * static_cast<double>(x[t * stride + k]);
              }
              ASSERT_NEAR(y[t * product.y_stride + row], sum, 2e-5);
            }
          }
        }
      }
    }
  }
}

TEST_P(KernelsOf, MultipliesBytesExactly) {
  for (const size_t panels : kPanels) {
    for (const size_t columns : {4, 12, 48, 132}) {
      for (const size_t tokens : kTokens) {
        std::vector<int8_t> weights(panels * columns * kLanes), x(tokens * (columns + 16));
        for (int8_t& value : weights) value = byte();
        for (int8_t& value : x) value = random_.below(4) == 0 ? int8_t{127} : byte();
        const std::vector<float> scales = numbers(panels * kLanes);
        const std::vector<float> x_scales = numbers(tokens);
        const auto weight = [&](size_t row, size_t k) {
          return weights[row / kLanes * kLanes * columns + k / 4 * 4 * kLanes + row % kLanes * 4 +
                         k % 4];
        };
        std::vector<int32_t> sums(panels * kLanes, 0);
        for (size_t row = 0; row < sums.size(); ++row) {
          for (size_t k = 0; k < columns; ++k) sums[row] += weight(row, k);
        }
        std::vector<int8_t> packed(tokens * columns);
        kernels_->pack_bytes(x.data(), columns + 16, columns, tokens, packed.data());
        std::vector<float> y(tokens * panels * kLanes);
        kernels_->multiply_int8({.panels = weights.data(),
                                 .scales = scales.data(),
                                 .row_sums = sums.data(),
                                 .num_panels = panels,
                                 .columns = columns,
                                 .x = packed.data(),
                                 .x_scales = x_scales.data(),
                                 .tokens = tokens,
                                 .y = y.data(),
                                 .y_stride = panels * kLanes});
        for (size_t t = 0; t < tokens; ++t) {
          for (size_t row = 0; row < panels * kLanes; ++row) {
            int32_t sum = 0;
            for (size_t k = 0; k < columns; ++k) sum += weight(row, k) * x[t * (columns + 16) + k];
            const float wanted = static_cast<float>(sum) * (scales[row] * x_scales[t]);
            ASSERT_EQ(y[t * panels * kLanes + row], wanted) << columns << " " << tokens;
          }
        }
      }
    }
  }
}

TEST_P(KernelsOf, QuantizesToTheNearest) {
  std::vector<float> x = numbers(160);
  x[7] = -3.5F;
  std::vector<int8_t> q(x.size());
  const float scale = kernels_->quantize(x.data(), x.size(), q.data());
  EXPECT_EQ(q[7], -127);
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_LE(std::abs(static_cast<float>(q[i]) * scale - x[i]), scale * 0.5001F);
  }
  const std::vector<float> zeros(32, 0);
  EXPECT_EQ(kernels_->quantize(zeros.data(), 32, q.data()), 0);
  EXPECT_EQ(q[3], 0);
}

TEST_P(KernelsOf, NormalisesAndGates) {
  for (const size_t size : {16, 10, 100, 512}) {
    std::vector<float> x = numbers(size), weight = numbers(size), gate = numbers(size);
    for (float& value : gate) value *= 30;
    for (std::vector<float>* all : {&x, &weight, &gate}) all->resize(round_up(size, kLanes), 0);
    std::vector<float> out(x.size()), wanted(x.size());
    kernels_->rms_norm(x.data(), weight.data(), size, 1e-6F, out.data());
    scalar_.rms_norm(x.data(), weight.data(), size, 1e-6F, wanted.data());
    EXPECT_EQ(out, wanted);
    double squares = 0;
    for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
    const double rms = std::sqrt(squares / static_cast<double>(size) + 1e-6);
    for (size_t i = 0; i < size; ++i) {
      EXPECT_NEAR(out[i], static_cast<double>(x[i] * weight[i]) / rms, 1e-6);
    }
    gate[3] = -200;
    gate[4] = 200;
    kernels_->swiglu(gate.data(), x.data(), x.size(), out.data());
    scalar_.swiglu(gate.data(), x.data(), x.size(), wanted.data());
    EXPECT_EQ(out, wanted);
    for (size_t i = 0; i < size; ++i) {
      const auto g = static_cast<double>(gate[i]);
      EXPECT_NEAR(out[i], g / (1 + std::exp(-g)) * static_cast<double>(x[i]),
                  2e-6 * (1 + std::abs(g)));
    }
  }
}

TEST_P(KernelsOf, ReadsTheCache) {
  for (const size_t d : {6, 16, 64, 80}) {
    for (const size_t end : {1, 15, 16, 17, 70, 200}) {
      for (const size_t window : {size_t{1}, size_t{3}, end / 2 + 3, ~size_t{0}}) {
        for (const size_t num_queries : {size_t{1}, size_t{3}, kQueries}) {
          read_the_cache(d, end, window, num_queries);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, KernelsOf, ::testing::Values(Isa::kScalar, Isa::kAvx2, Isa::kAvx512),
                         [](const auto& set) { return std::string(name(set.param)); });

}  // namespace
}  // namespace yurai
