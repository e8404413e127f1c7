#include "yurai/base/subprocess.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace yurai {
namespace {

TEST(Subprocess, FeedsAndReadsMoreThanAPipeHolds) {
  const std::string input(5'000'000, 'x');
  const auto result = run_process({"cat"}, input);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_status, 0);
  EXPECT_EQ(result->out, input);
}

TEST(Subprocess, ReportsStatusErrorsAndMissingPrograms) {
  const auto result = run_process({"sh", "-c", "echo no >&2; exit 3"}, "ignored input");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_status, 3);
  EXPECT_EQ(result->err, "no\n");
  EXPECT_EQ(run_process({"no-such-program-here"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run_process({"yes"}, {}, 100000).error().code, ErrorCode::kResourceExhausted);
}

TEST(Subprocess, ChildrenThatDoNotReadEndNobody) {
  const std::string input(1 << 20, 'x');
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto result = run_process({"true"}, input);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->exit_status, 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Subprocess, ChildrenEndByBrokenPipesAsUsual) {
  ASSERT_TRUE(run_process({"true"}));
  const auto result = run_process({"sh", "-c", "kill -PIPE $$; echo survived"});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_status, 128 + SIGPIPE);
  EXPECT_EQ(result->out, "");
}

}  // namespace
}  // namespace yurai
