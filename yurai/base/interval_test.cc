#include "yurai/base/interval.h"

#include <gtest/gtest.h>

#include <cmath>

namespace yurai {
namespace {

TEST(WilsonInterval, GivesTheReferenceValues) {
  // R: prop.test(8, 10, correct = FALSE), (0, 10) and (5, 50); tolerance 5e-7.
  EXPECT_NEAR(wilson_interval(8, 10).low, 0.4901625, 5e-7);
  EXPECT_NEAR(wilson_interval(8, 10).high, 0.9433178, 5e-7);
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
  EXPECT_NEAR(wilson_interval(0, 10).high, 0.2775328, 5e-7);
  EXPECT_EQ(wilson_interval(10, 10).high, 1);
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

TEST(WilsonInterval, EndsWhereTheScoreTestDoes) {
  // By definition each end p solves |k/n - p| = z sqrt(p (1 - p) / n).
  for (const uint64_t n : {1ull, 7ull, 1000ull, 123'456'789ull}) {
    for (const uint64_t k : {n / 7, n / 2, n - 1}) {
      if (k == 0) continue;
      const double share = static_cast<double>(k) / static_cast<double>(n);
      const Interval interval = wilson_interval(k, n);
      for (const double p : {interval.low, interval.high}) {
        EXPECT_NEAR(std::abs(share - p),
                    1.959963984540054 * std::sqrt(p * (1 - p) / static_cast<double>(n)), 1e-12);
      }
      EXPECT_LT(interval.low, share);
      EXPECT_GT(interval.high, share);
    }
  }
}

}  // namespace
}  // namespace yurai
