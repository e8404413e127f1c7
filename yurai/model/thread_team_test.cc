#include "yurai/model/thread_team.h"

#include <gtest/gtest.h>

namespace yurai {
namespace {

TEST(ThreadTeam, DoesEachPieceOnce) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    ThreadTeam team(threads);
    for (size_t round = 0; round < 2000; ++round) {
      std::vector<std::atomic<int>> done(round % 37);
      team.run(done.size(), [&](size_t piece) { ++done[piece]; });
      for (const auto& count : done) ASSERT_EQ(count, 1) << round;
    }
  }
}

TEST(ThreadTeam, EndsWhileItsThreadsSleep) {
  for (int i = 0; i < 50; ++i) {
    ThreadTeam team(3);
    if (i % 2 == 0) team.run(3, [](size_t) {});
    if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace
}  // namespace yurai
