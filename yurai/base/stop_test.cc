#include "yurai/base/stop.h"

#include <gtest/gtest.h>

#include <thread>

namespace yurai {
namespace {

TEST(StopScope, GivesUpWhatRunsInsideOfIt) {
  std::stop_source source;
  EXPECT_TRUE(check_stop());
  {
    const StopScope scope(source.get_token());
    EXPECT_TRUE(check_stop());
    source.request_stop();
    ASSERT_FALSE(check_stop());
    EXPECT_EQ(check_stop().error().code, ErrorCode::kCancelled);
    {
      const StopScope inner{std::stop_token()};
      EXPECT_TRUE(check_stop());
    }
    EXPECT_FALSE(check_stop());
    std::thread([] { EXPECT_TRUE(check_stop()); }).join();
    std::thread([stop = current_stop()] {
      const StopScope handed(stop);
      EXPECT_FALSE(check_stop());
    }).join();
  }
  EXPECT_TRUE(check_stop());
}

}  // namespace
}  // namespace yurai
