#include "yurai/ledger/training_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using yurai::testing::test_seed;

TrainingOrder order_of(std::vector<uint32_t> tokens, OrderSpec spec) {
  return TrainingOrder::make(std::move(tokens), spec).value();
}

/// One token of the stream.
struct Token {
  uint32_t epoch = 0;
  uint64_t document = 0;
  uint64_t token = 0;
};

uint64_t mixed(uint64_t z) {
  z += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// The oracle: the stream, token by token, written from docs/formats/ledger.md alone.
std::vector<Token> naive_stream(const std::vector<uint32_t>& tokens, uint64_t seed,
                                uint32_t epochs) {
  std::vector<Token> stream;
  for (uint32_t epoch = 0; epoch < epochs; ++epoch) {
    std::vector<uint64_t> order(tokens.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    uint64_t state = mixed(mixed(seed) + epoch);
    for (size_t i = tokens.size(); i > 1; --i) {
      // Few numbers are so unlucky that they are drawn again: below 2^64 mod i of 2^64.
      __extension__ using Wide = unsigned __int128;
      Wide scaled = 0;
      do {
        scaled = static_cast<Wide>(mixed(state)) * i;
        state += 0x9E3779B97F4A7C15;
      } while (static_cast<uint64_t>(scaled) < (0 - static_cast<uint64_t>(i)) % i);
      std::swap(order[i - 1], order[static_cast<size_t>(scaled >> 64)]);
    }
    for (const uint64_t document : order) {
      for (uint64_t t = 0; t <= tokens[document]; ++t) stream.push_back({epoch, document, t});
    }
  }
  return stream;
}

/// The oracle of the second permutation, written from docs/formats/ledger.md alone: the slot of
/// each sequence. Slots are grouped by the epoch of their first token.
std::vector<uint64_t> naive_slots(uint64_t per_epoch, const OrderSpec& spec, uint32_t epochs) {
  std::vector<std::vector<uint64_t>> groups(epochs);
  for (uint64_t p = 0; p * spec.sequence_tokens / per_epoch < epochs; ++p) {
    groups[p * spec.sequence_tokens / per_epoch].push_back(p);
  }
  std::vector<uint64_t> slots;
  for (uint32_t epoch = 0; epoch < epochs; ++epoch) {
    const uint64_t n = groups[epoch].size();
    const uint64_t key = mixed(~mixed(mixed(spec.seed) + epoch));
    for (uint64_t x = 0; x < n; ++x) {
      uint64_t at = x;
      for (uint64_t round = 0; spec.shuffled && round < 64; ++round) {
        __extension__ using Wide = unsigned __int128;
        const auto sum = static_cast<uint64_t>(static_cast<Wide>(mixed(key + 2 * round)) * n >> 64);
        const uint64_t partner = (sum + n - at) % n;
        const uint64_t higher = std::max(at, partner);
        if (mixed(mixed(key + 2 * round + 1) ^ higher) % 2 == 1) at = partner;
      }
      slots.push_back(groups[epoch][at]);
    }
  }
  return slots;
}

TEST(TrainingOrder, IsTheMaterialisedStreamBothWays) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> tokens(1 + random() % 12);
    for (uint32_t& count : tokens) count = static_cast<uint32_t>(random() % 4 ? random() % 9 : 0);
    const OrderSpec spec{random(), static_cast<uint32_t>(1 + random() % 20),
                         static_cast<uint32_t>(1 + random() % 4), random() % 4 != 0};
    const TrainingOrder order = order_of(tokens, spec);
    constexpr uint32_t kEpochs = 4;
    const std::vector<Token> stream = naive_stream(tokens, spec.seed, kEpochs);
    ASSERT_EQ(order.tokens_per_epoch() * kEpochs, stream.size());

    std::map<std::pair<uint32_t, uint64_t>, std::vector<OrderPlace>> expected_places;
    const std::vector<uint64_t> slots = naive_slots(order.tokens_per_epoch(), spec, kEpochs);
    for (uint64_t q = 0; q < slots.size(); ++q) {
      ASSERT_EQ(order.slot_of(q), slots[q]);
      ASSERT_EQ(order.sequence_of(slots[q]), q);
      if ((slots[q] + 1) * spec.sequence_tokens > stream.size()) continue;
      std::vector<OrderSegment> expected;
      for (uint32_t i = 0; i < spec.sequence_tokens; ++i) {
        const Token& token = stream[slots[q] * spec.sequence_tokens + i];
        ASSERT_LT(token.epoch, order.num_epochs(q + 1));
        auto& places = expected_places[{token.epoch, token.document}];
        if (!expected.empty() && expected.back().document == token.document &&
            expected.back().epoch == token.epoch && expected.back().token_end == token.token) {
          ++expected.back().token_end;
          ++places.back().token_end;
        } else {
          expected.push_back({token.epoch, token.document, token.token, token.token + 1});
          places.push_back({q / spec.sequences_per_step, q, i, token.token, token.token + 1});
        }
      }
      ASSERT_EQ(order.sequence(q), expected) << "round " << round << ", sequence " << q;
    }
    for (uint32_t epoch = 0; epoch + 1 < kEpochs; ++epoch) {
      const uint64_t whole = stream.size() / spec.sequence_tokens;
      for (uint64_t document = 0; document < tokens.size(); ++document) {
        auto places = order.places(document, 0, UINT64_MAX, epoch);
        std::erase_if(places, [&](const OrderPlace& place) {
          return order.slot_of(place.sequence) >= whole;
        });
        auto& wanted = expected_places[{epoch, document}];
        std::ranges::sort(wanted, {}, &OrderPlace::token_begin);
        ASSERT_EQ(places, wanted) << "round " << round;
      }
    }
  }
}

TEST(TrainingOrder, FindsTheSequencesOfSomeTokens) {
  const TrainingOrder order = order_of({100, 3}, {7, 16, 2});
  for (uint64_t begin = 0; begin <= 101; begin += 5) {
    for (uint64_t end = begin; end <= 101; end += 7) {
      uint64_t at = begin;
      for (const OrderPlace& place : order.places(0, begin, end, 2)) {
        EXPECT_EQ(place.token_begin, at);
        EXPECT_EQ(place.step, place.sequence / 2);
        const auto segments = order.sequence(place.sequence);
        EXPECT_TRUE(std::any_of(segments.begin(), segments.end(), [&](const OrderSegment& part) {
          return part.epoch == 2 && part.document == 0 && part.token_begin <= place.token_begin &&
                 place.token_end <= part.token_end;
        }));
        at = place.token_end;
      }
      EXPECT_EQ(at, end);
    }
  }
}

TEST(TrainingOrder, PredictsEveryTokenOnceAnEpoch) {
  const std::vector<uint32_t> tokens = {5, 0, 31, 2, 8};
  const TrainingOrder order = order_of(tokens, {test_seed(), 17, 3});
  std::map<std::tuple<uint32_t, uint64_t, uint64_t>, int> seen;
  for (uint64_t q = 0; q < 10 * order.tokens_per_epoch() / 17; ++q) {
    for (const OrderSegment& part : order.sequence(q)) {
      for (uint64_t t = part.token_begin; t < part.token_end; ++t) {
        ++seen[{part.epoch, part.document, t}];
      }
    }
  }
  for (const auto& [token, times] : seen) EXPECT_EQ(times, 1);
  size_t first_epochs = 0;
  for (const auto& [token, times] : seen) first_epochs += std::get<0>(token) < 9;
  EXPECT_EQ(first_epochs, 9 * order.tokens_per_epoch());
}

TEST(TrainingOrder, ShufflesFairlyAndAnewEachEpochAndForEachSeed) {
  // Of 3! orders each comes up in a sixth of the epochs, within five standard deviations.
  const TrainingOrder order = order_of({0, 0, 0}, {11, 3, 1, false});
  std::map<std::vector<uint64_t>, int> counts;
  constexpr int kEpochs = 6000;
  for (uint64_t q = 0; q < kEpochs; ++q) {
    std::vector<uint64_t> documents;
    for (const OrderSegment& part : order.sequence(q)) documents.push_back(part.document);
    ++counts[documents];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [documents, count] : counts) EXPECT_NEAR(count, kEpochs / 6, 150);
  const std::vector<uint32_t> many(50, 1);
  EXPECT_NE(order_of(many, {1, 100, 1}).sequence(0), order_of(many, {2, 100, 1}).sequence(0));
  std::set<std::vector<OrderSegment>> sequences;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    sequences.insert(order_of(many, {seed, 100, 1}).sequence(0));
  }
  EXPECT_EQ(sequences.size(), 50u);
}

TEST(TrainingOrder, ReadsSequencesInEveryPermutationAboutAsOften) {
  // One document of 4 sequences: each of the 4! orders in a 24th of the epochs, within five
  // standard deviations.
  const TrainingOrder order = order_of({31}, {3, 8, 1});
  std::map<std::vector<uint64_t>, int> counts;
  constexpr int kEpochs = 12000;
  for (uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
    std::vector<uint64_t> slots;
    for (uint64_t q = 4 * epoch; q < 4 * epoch + 4; ++q) slots.push_back(order.slot_of(q) % 4);
    ++counts[slots];
  }
  ASSERT_EQ(counts.size(), 24u);
  for (const auto& [slots, count] : counts) EXPECT_NEAR(count, kEpochs / 24, 110);
}

TEST(TrainingOrder, TakesAStepFromAllOverTheEpoch) {
  // A long document among short ones filled whole steps where sequences lay side by side.
  std::vector<uint32_t> tokens(100, 49);
  tokens[17] = 200'000;
  const auto most_of_a_step = [&](bool shuffled) {
    const TrainingOrder order = order_of(tokens, {1, 50, 8, shuffled});
    size_t fewest = 8;
    for (uint64_t step = 0; step < 500; ++step) {
      std::set<uint64_t> neighbours;
      for (uint64_t q = 8 * step; q < 8 * step + 8; ++q) neighbours.insert(order.slot_of(q) / 100);
      fewest = std::min(fewest, neighbours.size());
    }
    return fewest;
  };
  EXPECT_LE(most_of_a_step(false), 2u);
  EXPECT_GE(most_of_a_step(true), 4u);
}

TEST(TrainingOrder, IsWhatItWasInEarlierVersions) {
  // A change of these numbers breaks every ledger that was ever written.
  const TrainingOrder order = order_of({4, 0, 7, 2, 1, 9}, {20261128, 8, 2, false});
  std::vector<uint64_t> documents;
  for (uint64_t q = 0; q < 8; ++q) {
    for (const OrderSegment& part : order.sequence(q)) documents.push_back(part.document);
  }
  EXPECT_EQ(documents,
            (std::vector<uint64_t>{3, 0, 2, 1, 4, 5, 5, 2, 2, 4, 3, 3, 5, 5, 1, 0, 0, 2}));
  const TrainingOrder shuffled = order_of({4, 0, 7, 2, 1, 90}, {20261128, 8, 2});
  std::vector<uint64_t> slots;
  for (uint64_t q = 0; q < 16; ++q) slots.push_back(shuffled.slot_of(q));
  EXPECT_EQ(slots, (std::vector<uint64_t>{9, 6, 0, 10, 4, 13, 2, 3, 11, 1, 7, 5, 12, 8, 20, 21}));
}

TEST(TrainingOrder, AnswersManyThreadsAlike) {
  std::vector<uint32_t> tokens(300);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<uint32_t>(i % 23);
  const TrainingOrder order = order_of(tokens, {5, 64, 4});
  const TrainingOrder alone = order_of(tokens, {5, 64, 4});
  std::vector<std::vector<OrderSegment>> expected;
  for (uint64_t q = 0; q < 400; ++q) expected.push_back(alone.sequence(q));
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 400; ++i) {
        const uint64_t q = (i * 7 + t * 131) % 400;
        EXPECT_EQ(order.sequence(q), expected[q]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(TrainingOrder, RefusesWhatHasNoOrderAndSaysWhereItEnds) {
  EXPECT_FALSE(TrainingOrder::make({}, {1, 8, 1}));
  EXPECT_FALSE(TrainingOrder::make({1}, {1, 0, 1}));
  EXPECT_FALSE(TrainingOrder::make({1}, {1, 1u << 25, 1}));
  EXPECT_FALSE(TrainingOrder::make({1}, {1, 8, 0}));
  EXPECT_FALSE(TrainingOrder::make({1, UINT32_MAX}, {1, 8, 1}));
  const TrainingOrder order = order_of({0}, {1, 1, 1});
  EXPECT_TRUE(order.holds((1ull << 31) - 1));
  EXPECT_FALSE(order.holds(1ull << 31));
  EXPECT_EQ(order.sequence((1ull << 31) - 1).front().epoch, (1u << 31) - 1);
  EXPECT_FALSE(order.holds(UINT64_MAX));
  // The last group ends where the stream does.
  const TrainingOrder odd = order_of({4, 4}, {1, 7, 1});
  uint64_t last = (10ull << 31) / 7 - 1;
  EXPECT_TRUE(odd.holds(last));
  EXPECT_FALSE(odd.holds(last + 1));
  for (int i = 0; i < 5; ++i, --last) {
    EXPECT_TRUE(odd.holds(odd.slot_of(last)));
    EXPECT_EQ(odd.sequence_of(odd.slot_of(last)), last);
    EXPECT_EQ(odd.sequence(last).back().token_end > 0, true);
  }
}

}  // namespace
}  // namespace yurai
