#include "yurai/train/comm.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"
#include "yurai/train/gradient_tree.h"

namespace yurai {
namespace {

TEST(Comm, GathersInTheOrderOfRanksAndBroadcastsFromTheFirst) {
  for (const unsigned size : {1U, 2U, 5U}) {
    auto comms = make_thread_comms(size);
    std::vector<std::jthread> ranks;
    for (auto& comm : comms) {
      ranks.emplace_back([&comm, size] {
        for (int round = 0; round < 200; ++round) {
          const std::string mine = fmt::format("{} in {}", comm->rank(), round);
          const auto all = comm->gather(mine);
          ASSERT_TRUE(all);
          ASSERT_EQ(all->size(), comm->rank() == 0 ? size : 0);
          for (unsigned rank = 0; rank < all->size(); ++rank) {
            EXPECT_EQ((*all)[rank], fmt::format("{} in {}", rank, round));
          }
          EXPECT_EQ(*comm->broadcast(mine), fmt::format("0 in {}", round));
        }
      });
    }
  }
}

TEST(Comm, AgreesOnTheFirstFailureByRank) {
  auto comms = make_thread_comms(3);
  std::vector<std::jthread> ranks;
  for (auto& comm : comms) {
    ranks.emplace_back([&comm] {
      EXPECT_TRUE(agree(*comm, {}));
      const Result<void> mine =
          comm->rank() == 0
              ? Result<void>()
              : fail(ErrorCode::kIo, fmt::format("the disk of rank {} is full", comm->rank()));
      const auto agreed = agree(*comm, mine);
      ASSERT_FALSE(agreed);
      EXPECT_EQ(agreed.error().code, ErrorCode::kIo);
      EXPECT_EQ(agreed.error().message, "the disk of rank 1 is full");
    });
  }
}

std::vector<std::vector<float>> random_leaves(size_t count, SplitMix64& random) {
  std::vector<std::vector<float>> leaves(count, std::vector<float>(3));
  for (auto& leaf : leaves) {
    for (float& value : leaf) value = static_cast<float>(random.next() >> 40) * 0x1p-12F;
  }
  return leaves;
}

TEST(GradientTree, HasTheSameBitsInPartsAsInOnePiece) {
  SplitMix64 random(testing::test_seed());
  for (size_t count = 1; count <= 24; ++count) {
    const auto leaves = random_leaves(count, random);
    GradientTree whole(3);
    for (size_t i = 0; i < count; ++i) whole.add(i, leaves[i]);
    const std::vector<float> expected = whole.finish();
    for (size_t ranks = 1; ranks <= count; ++ranks) {
      if (count % ranks != 0) continue;
      GradientTree first(3);
      for (size_t rank = 0; rank < ranks; ++rank) {
        GradientTree part(3);
        for (size_t i = rank * count / ranks; i < (rank + 1) * count / ranks; ++i) {
          (rank == 0 ? first : part).add(i, leaves[i]);
        }
        std::string bytes;
        part.append_to(bytes);
        ASSERT_TRUE(first.add_bytes(bytes));
      }
      EXPECT_EQ(first.finish(), expected) << count << " leaves on " << ranks;
    }
  }
}

TEST(GradientTree, AddsUpAsATreeNotAsAChain) {
  // Written out for five leaves: ((0 1)(2 3)) 4.
  SplitMix64 random(testing::test_seed());
  const auto leaves = random_leaves(5, random);
  GradientTree tree(3);
  for (size_t i = 0; i < 5; ++i) tree.add(i, leaves[i]);
  const auto sum = tree.finish();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sum[i],
              ((leaves[0][i] + leaves[1][i]) + (leaves[2][i] + leaves[3][i])) + leaves[4][i]);
  }
}

TEST(GradientTree, RefusesBytesOfAnotherModel) {
  GradientTree tree(3);
  EXPECT_FALSE(tree.add_bytes("something"));
  EXPECT_EQ(tree.take(), std::vector<float>(3, 0));
}

}  // namespace
}  // namespace yurai
