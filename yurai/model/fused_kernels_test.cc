#include "yurai/model/fused_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"

/// Each kernel against its definition in double precision, its way back against differences.
namespace yurai {
namespace {

using Vector = std::vector<float>;

class FusedKernels : public ::testing::TestWithParam<size_t> {
 protected:
  Vector random(size_t count, float scale = 1) {
    Vector values(count);
    for (float& value : values) {
      value = scale * (static_cast<float>(random_.next() >> 40) * 0x1p-23F - 1);
    }
    return values;
  }
  size_t size() const { return GetParam(); }

  SplitMix64 random_{testing::test_seed()};
};

/// d sum(f(x) · dy) / dx[i], of a definition in double precision.
double difference(const std::function<std::vector<double>(const std::vector<double>&)>& f,
                  const Vector& x, const Vector& dy, size_t i) {
  constexpr double kStep = 1e-5;
  std::vector<double> at(x.begin(), x.end());
  double sums[2] = {};
  for (int side = 0; side < 2; ++side) {
    at[i] = static_cast<double>(x[i]) + (side == 0 ? kStep : -kStep);
    const std::vector<double> y = f(at);
    for (size_t j = 0; j < y.size(); ++j) sums[side] += y[j] * static_cast<double>(dy[j]);
  }
  return (sums[0] - sums[1]) / (2 * kStep);
}

TEST_P(FusedKernels, NormaliseRows) {
  constexpr size_t kRows = 3;
  constexpr double kEps = 1e-5;
  const Vector x = random(kRows * size());
  const Vector weight = random(size());
  const Vector dy = random(kRows * size());
  const auto define = [&](const std::vector<double>& in) {
    std::vector<double> y(in.size());
    for (size_t row = 0; row < kRows; ++row) {
      double squares = 0;
      for (size_t i = 0; i < size(); ++i) squares += in[row * size() + i] * in[row * size() + i];
      const double inverse = 1 / std::sqrt(squares / static_cast<double>(size()) + kEps);
      for (size_t i = 0; i < size(); ++i) {
        y[row * size() + i] = in[row * size() + i] * inverse * static_cast<double>(weight[i]);
      }
    }
    return y;
  };
  Vector y(x.size());
  Vector inverse(kRows);
  kernels::rms_norm(x.data(), weight.data(), static_cast<float>(kEps), kRows, size(), y.data(),
                    inverse.data());
  const auto expected = define({x.begin(), x.end()});
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-5);
  Vector dx(x.size());
  Vector dweight(size(), 1);  // is added to
  kernels::rms_norm_backward(dy.data(), x.data(), weight.data(), inverse.data(), kRows, size(),
                             dx.data(), dweight.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double wanted = difference(define, x, dy, i);
    EXPECT_NEAR(dx[i], wanted, 1e-4 * (1 + std::abs(wanted)));
  }
  for (size_t i = 0; i < size(); ++i) {
    double wanted = 1;
    for (size_t row = 0; row < kRows; ++row) {
      wanted += static_cast<double>(dy[row * size() + i] * x[row * size() + i] * inverse[row]);
    }
    EXPECT_NEAR(dweight[i], wanted, 1e-4 * (1 + std::abs(wanted)));
  }
}

TEST_P(FusedKernels, GateWithSilu) {
  constexpr size_t kRows = 2;
  const Vector gate_up = random(kRows * 2 * size(), 6);
  const Vector dy = random(kRows * size());
  const auto define = [&](const std::vector<double>& in) {
    std::vector<double> y(kRows * size());
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t i = 0; i < size(); ++i) {
        const double gate = in[row * 2 * size() + i];
        y[row * size() + i] = gate / (1 + std::exp(-gate)) * in[row * 2 * size() + size() + i];
      }
    }
    return y;
  };
  Vector y(kRows * size());
  kernels::swiglu(gate_up.data(), kRows, size(), y.data());
  const auto expected = define({gate_up.begin(), gate_up.end()});
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-5);
  Vector d(gate_up.size());
  kernels::swiglu_backward(dy.data(), gate_up.data(), kRows, size(), d.data());
  for (size_t i = 0; i < d.size(); ++i) {
    EXPECT_NEAR(d[i], difference(define, gate_up, dy, i), 2e-5);
  }
}

TEST_P(FusedKernels, TurnScoresIntoProbabilitiesAndBack) {
  const Vector scores = random(size(), 20);
  const Vector dy = random(size());
  for (size_t begin : {size_t{0}, size() / 3}) {
    const size_t end = size() - size() / 4;
    const auto define = [&](const std::vector<double>& in) {
      std::vector<double> y(size(), 0);
      double total = 0;
      for (size_t i = begin; i < end; ++i) total += y[i] = std::exp(in[i]);
      for (double& value : y) value /= total;
      return y;
    };
    const auto expected = define({scores.begin(), scores.end()});
    Vector p = scores;
    const float log_sum = kernels::softmax(p.data(), begin, end, size());
    Vector again = scores;
    kernels::softmax_again(again.data(), log_sum, begin, end, size());
    for (size_t i = 0; i < size(); ++i) {
      EXPECT_NEAR(p[i], expected[i], 1e-6);
      EXPECT_NEAR(again[i], expected[i], 1e-5);
    }
    Vector d = dy;
    kernels::softmax_backward(p.data(), kernels::dot(p.data(), dy.data(), size()), size(),
                              d.data());
    for (size_t i = begin; i < end; ++i) {
      EXPECT_NEAR(d[i], difference(define, scores, dy, i), 1e-5);
    }
  }
}

TEST_P(FusedKernels, ComputeCrossEntropyAndItsGradient) {
  const Vector logits = random(size(), 30);
  const size_t target = size() / 2;
  const auto define = [&](const std::vector<double>& in) {
    double total = 0;
    for (const double value : in) total += std::exp(value);
    return std::vector<double>{std::log(total) - in[target]};
  };
  const double expected = define({logits.begin(), logits.end()})[0];
  Vector kept = logits;
  EXPECT_NEAR(kernels::cross_entropy(kept.data(), size(), target, 0), expected, 1e-5);
  Vector d = logits;
  EXPECT_NEAR(kernels::cross_entropy(d.data(), size(), target, 0.5F), expected, 1e-5);
  for (size_t i = 0; i < size(); ++i) {
    EXPECT_NEAR(d[i], 0.5 * difference(define, logits, {1}, i), 1e-5);
  }
}

TEST_P(FusedKernels, RotateThereAndBack) {
  const size_t even = 2 * size();
  const Vector x = random(even);
  Vector cosines(even);
  Vector sines(even);
  for (size_t i = 0; i < size(); ++i) {
    cosines[i] = cosines[i + size()] = std::cos(static_cast<float>(i));
    sines[i] = sines[i + size()] = std::sin(static_cast<float>(i));
  }
  Vector y(even);
  kernels::rotate(x.data(), cosines.data(), sines.data(), even, 2, false, y.data());
  for (size_t i = 0; i < size(); ++i) {
    EXPECT_NEAR(y[i], 2 * (x[i] * cosines[i] - x[i + size()] * sines[i]), 1e-5);
    EXPECT_NEAR(y[i + size()], 2 * (x[i + size()] * cosines[i] + x[i] * sines[i]), 1e-5);
  }
  kernels::rotate(y.data(), cosines.data(), sines.data(), even, 0.5F, true, y.data());
  for (size_t i = 0; i < even; ++i) EXPECT_NEAR(y[i], x[i], 1e-5);
}

TEST_P(FusedKernels, AddAndMultiply) {
  const Vector x = random(2 * size());
  const Vector start = random(size());
  Vector y = start;
  kernels::add_scaled(x.data(), 3, size(), y.data());
  Vector sums = start;
  kernels::add_rows(x.data(), 2, size(), sums.data());
  double product = 0;
  for (size_t i = 0; i < size(); ++i) {
    EXPECT_NEAR(y[i], start[i] + 3 * x[i], 1e-5);
    EXPECT_NEAR(sums[i], start[i] + x[i] + x[i + size()], 1e-5);
    product += static_cast<double>(x[i]) * static_cast<double>(start[i]);
  }
  EXPECT_NEAR(kernels::dot(x.data(), start.data(), size()), product, 1e-4);
}

TEST_P(FusedKernels, UpdateAsAdamWDoes) {
  const Vector gradients = random(size());
  const Vector weights = random(size());
  const Vector means = random(size());
  Vector squares = random(size());
  for (float& square : squares) square = std::abs(square);
  Vector w = weights;
  Vector m = means;
  Vector s = squares;
  const kernels::AdamStep step{0.5F, 0.9F, 0.95F, 0.01F, 2, 1e-8F, 0.99F};
  kernels::adamw(gradients.data(), step, size(), m.data(), s.data(), w.data());
  for (size_t i = 0; i < size(); ++i) {
    const double gradient = 0.5 * static_cast<double>(gradients[i]);
    const double mean = 0.9 * static_cast<double>(means[i]) + 0.1 * gradient;
    const double square = 0.95 * static_cast<double>(squares[i]) + 0.05 * gradient * gradient;
    EXPECT_NEAR(m[i], mean, 1e-6);
    EXPECT_NEAR(s[i], square, 1e-6);
    EXPECT_NEAR(
        w[i], 0.99 * static_cast<double>(weights[i]) - 0.01 * mean / (std::sqrt(square) * 2 + 1e-8),
        1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FusedKernels, ::testing::Values(1, 7, 15, 16, 17, 33, 100));

TEST(FusedKernelsOfExtremes, KeepWhatIsNoNumberAndNeverOverflow) {
  const float nan = std::nanf("");
  Vector logits(40, 1);
  logits[7] = nan;
  EXPECT_TRUE(std::isnan(kernels::cross_entropy(logits.data(), 40, 3, 1)));
  Vector far(40, -3e38F);
  far[20] = 3e38F;
  EXPECT_EQ(kernels::cross_entropy(far.data(), 40, 20, 1), 0);
  for (const float gate : {-3e38F, -200.0F, -90.0F, 90.0F, 200.0F}) {
    const Vector gate_up = {gate, 2};
    const Vector dy = {1};
    float y = 0;
    Vector d(2);
    kernels::swiglu(gate_up.data(), 1, 1, &y);
    kernels::swiglu_backward(dy.data(), gate_up.data(), 1, 1, d.data());
    EXPECT_NEAR(y, gate > 0 ? 2 * gate : 0, 1e-3);
    EXPECT_NEAR(d[0], gate > 0 ? 2 : 0, 1e-3);
    EXPECT_NEAR(d[1], gate > 0 ? gate : 0, 1e-3);
  }
}

TEST(FusedKernelsOfBf16, RoundToTheNearestAndTiesToEven) {
  const auto rounded = [](float value) {
    Bf16 result = 0;
    kernels::to_bf16(&value, 1, &result);
    return result;
  };
  EXPECT_EQ(rounded(1.0F), 0x3F80);
  EXPECT_EQ(rounded(1.0F + 0x1p-8F), 0x3F80);      // a tie: to the even one below
  EXPECT_EQ(rounded(1.0F + 3 * 0x1p-8F), 0x3F82);  // a tie: to the even one above
  EXPECT_EQ(rounded(1.0F + 0x1p-8F + 0x1p-20F), 0x3F81);
  EXPECT_EQ(rounded(-2.0F), 0xC000);
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), 0x7F80);  // infinity
  EXPECT_EQ(rounded(std::nanf("")), 0x7FC0);
}

}  // namespace
}  // namespace yurai
