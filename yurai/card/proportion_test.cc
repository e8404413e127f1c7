#include "yurai/card/proportion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

/// By bisection on the definition: the shares p whose distance to the measured one is at most
/// z standard errors of p itself.
double bound(double measured, double n, bool upper) {
  double inside = measured;
  double outside = upper ? 1 : 0;
  for (int i = 0; i < 100; ++i) {
    const double p = (inside + outside) / 2;
    const double error = 1.959963984540054 * std::sqrt(p * (1 - p) / n);
    (std::abs(p - measured) <= error ? inside : outside) = p;
  }
  return inside;
}

TEST(Proportion, IsWilsonsInterval) {
  std::mt19937_64 random(testing::test_seed());
  for (int i = 0; i < 1'000; ++i) {
    const uint64_t whole = 1 + random() % 10'000;
    const uint64_t part = random() % (whole + 1);
    const Proportion share = proportion(part, whole);
    const auto n = static_cast<double>(whole);
    EXPECT_DOUBLE_EQ(share.value, static_cast<double>(part) / n);
    EXPECT_NEAR(share.low, bound(share.value, n, false), 1e-9) << part << " of " << whole;
    EXPECT_NEAR(share.high, bound(share.value, n, true), 1e-9) << part << " of " << whole;
  }
}

TEST(Proportion, OfNothingIsUnknown) {
  const Proportion share = proportion(0, 0);
  EXPECT_EQ(share.low, 0);
  EXPECT_EQ(share.high, 1);
}

TEST(Proportion, OfAllOrNoneTouchesTheEnd) {
  EXPECT_EQ(proportion(0, 7).low, 0);
  EXPECT_EQ(proportion(7, 7).high, 1);
  EXPECT_NEAR(proportion(0, 100).high, 0.037, 0.0005);
}

}  // namespace
}  // namespace yurai
