#include "yurai/curate/minhash.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;

std::vector<uint64_t> random_tokens(std::mt19937_64& random, size_t size) {
  std::vector<uint64_t> tokens(size);
  for (uint64_t& token : tokens) token = random() % 0x10FFFF;
  return tokens;
}

TEST(MinHash, IsTheSameBitForBitOnEveryInstructionSet) {
  std::mt19937_64 random(testing::test_seed());
  for (const Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
    if (!is_supported(isa)) {
      std::printf("[ SKIPPED  ] this processor lacks %s\n", std::string(name(isa)).c_str());
      continue;
    }
    for (int round = 0; round < 200; ++round) {
      MinHashParameters parameters = round % 2 == 0 ? kLlmJp : kDatatrove;
      if (round % 5 == 0) {
        parameters.num_bands = static_cast<uint32_t>(1 + random() % 30);
        parameters.hashes_per_band = static_cast<uint32_t>(1 + random() % 12);
      }
      const auto tokens = random_tokens(random, random() % 1500);
      std::vector<uint64_t> scalar;
      std::vector<uint64_t> wide;
      MinHasher(parameters, Isa::kScalar).signature(tokens, scalar);
      MinHasher(parameters, isa).signature(tokens, wide);
      ASSERT_EQ(scalar, wide) << name(isa) << " round " << round;
    }
  }
}

/// On values that exercise every carry and sign, the kernels against the definition.
TEST(MinHash, KernelsKeepTheirDefinitionAtTheEdges) {
  const std::vector<uint64_t> edges = {0,
                                       1,
                                       ~0ull,
                                       0x7FFFFFFFFFFFFFFF,
                                       0x8000000000000000,
                                       0xFFFFFFFF00000000,
                                       0x00000000FFFFFFFF,
                                       0x80000000FFFFFFFF};
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (!is_supported(isa)) continue;
    for (const uint64_t shingle : edges) {
      std::vector<uint64_t> minima(edges.size(), ~0ull >> 1);
      minhash_kernel(isa)(&shingle, 1, edges.data(), edges.size(), minima.data());
      for (size_t i = 0; i < edges.size(); ++i) {
        const uint64_t lo = (shingle + edges[i]) & 0xFFFFFFFF;
        const uint64_t hi = ((shingle >> 32) + (edges[i] >> 32)) & 0xFFFFFFFF;
        EXPECT_EQ(minima[i], std::min<uint64_t>(~0ull >> 1, lo * (hi >> 1))) << name(isa);
      }
    }
  }
}

/// The share of equal minima estimates the Jaccard index without bias and with the variance of
/// independent hash functions: J (1 - J) / k.
TEST(MinHash, EstimatesTheJaccardIndexAsIndependentHashesWould) {
  std::mt19937_64 random(testing::test_seed());
  for (const double shared : {0.3, 0.6, 0.9}) {
    double sum = 0;
    double squares = 0;
    double expected_variance = 0;
    constexpr int kRounds = 400;
    const MinHasher hasher(kLlmJp, choose_isa().value());
    for (int round = 0; round < kRounds; ++round) {
      const auto common = random_tokens(random, static_cast<size_t>(600 * shared));
      auto a = common;
      auto b = common;
      for (auto* side : {&a, &b}) {
        const auto own = random_tokens(random, 600 - common.size());
        side->insert(side->end(), own.begin(), own.end());
      }
      const auto set_a = shingle_set(a, 5);
      const auto set_b = shingle_set(b, 5);
      const double j = jaccard_index(intersection_size(set_a, set_b), set_a.size(), set_b.size());
      std::vector<uint64_t> minima_a;
      std::vector<uint64_t> minima_b;
      hasher.signature(a, minima_a);
      hasher.signature(b, minima_b);
      double equal = 0;
      for (size_t i = 0; i < minima_a.size(); ++i) equal += minima_a[i] == minima_b[i];
      const auto k = static_cast<double>(minima_a.size());
      const double error = equal / k - j;
      sum += error;
      squares += error * error;
      expected_variance += j * (1 - j) / k;
    }
    // Five standard errors of the mean, and of the variance of a nearly normal error.
    const double variance = squares / kRounds;
    const double expected = expected_variance / kRounds;
    EXPECT_NEAR(sum / kRounds, 0, 5 * std::sqrt(expected / kRounds)) << shared;
    EXPECT_NEAR(variance / expected, 1, 5 * std::sqrt(2.0 / kRounds)) << shared;
  }
}

TEST(MinHash, GivesTextsOfTheSameShinglesTheSameKeysAndNoTextNone) {
  MinHasher hasher(kLlmJp, Isa::kScalar);
  std::vector<uint64_t> once;
  std::vector<uint64_t> twice;
  const std::vector<uint64_t> period = {1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4};
  std::vector<uint64_t> longer = period;
  longer.insert(longer.end(), {5, 1, 2, 3, 4});
  hasher.band_keys(period, once);
  hasher.band_keys(longer, twice);
  EXPECT_EQ(once.size(), 20u);
  EXPECT_EQ(once, twice);
  hasher.band_keys({}, once);
  EXPECT_TRUE(once.empty());
}

TEST(MinHash, BandsMeetAsOftenAsTheCurveSays) {
  EXPECT_NEAR(candidate_probability(kLlmJp, 0.741), 1 - std::exp(-1.0), 0.02);
  EXPECT_NEAR(candidate_probability(kDatatrove, 0.8), 0.924, 0.001);
}

TEST(MinHash, RefusesAnUnknownPresetAndAnUnknownInstructionSet) {
  EXPECT_EQ(minhash_preset("datatrove")->num_bands, 14u);
  EXPECT_THAT(minhash_preset("x").error().message, HasSubstr("llm-jp and datatrove"));
  ::setenv("YURAI_FORCE_ISA", "sse9", 1);
  EXPECT_THAT(choose_isa().error().message, HasSubstr("scalar, avx2 and avx512"));
  ::setenv("YURAI_FORCE_ISA", "scalar", 1);
  EXPECT_EQ(choose_isa().value(), Isa::kScalar);
  ::unsetenv("YURAI_FORCE_ISA");
}

}  // namespace
}  // namespace yurai
