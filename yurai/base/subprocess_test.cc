#include "yurai/base/subprocess.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace yurai
