#include "yurai/base/random.h"

#include <gtest/gtest.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using yurai::testing::test_seed;

TEST(SplitMix64, GivesTheReferenceSequence) {
  SplitMix64 random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
}

TEST(SplitMix64, StaysBelowItsLimit) {
  SplitMix64 random(test_seed());
  for (const uint64_t limit : {1ull, 2ull, 3ull, 1000ull, ~0ull}) {
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(limit), limit);
  }
}

}  // namespace
}  // namespace yurai
