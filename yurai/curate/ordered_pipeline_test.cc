#include "yurai/curate/ordered_pipeline.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <random>
#include <string>

#include "yurai/base/testing.h"
#include "yurai/curate/parallel_tasks.h"

namespace yurai {
namespace {

/// Squares of 0, 1, …; item `bad` fails.
Result<std::vector<int>> squares(int num_threads, int num_items, int bad = -1) {
  std::vector<int> out;
  int next = 0;
  YURAI_TRY(run_in_order<int>(
      num_threads,
      [&](int& item) -> Result<bool> {
        item = next;
        return next++ < num_items;
      },
      [&](int& item, int) -> Result<void> {
        if (item >= bad && bad >= 0) return fail(ErrorCode::kIo, std::to_string(item));
        item *= item;
        return {};
      },
      [&](int& item) -> Result<void> {
        out.push_back(item);
        return {};
      }));
  return out;
}

std::vector<int> expected(int num_items) {
  std::vector<int> out;
  for (int i = 0; i < num_items; ++i) out.push_back(i * i);
  return out;
}

/// So little address space that the system has no further thread for us, as long as it lives.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    ::getrlimit(RLIMIT_AS, &before_);
    uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit little = before_;
    little.rlim_cur = pages * 4096 + (6 << 20);  // less than the stack of a thread
    ::setrlimit(RLIMIT_AS, &little);
  }
  ~NoMoreThreads() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

TEST(OrderedPipeline, GivesTheItemsInTheirOrderOnAnyNumberOfThreads) {
  for (const int threads : {0, 1, 2, 7}) EXPECT_EQ(squares(threads, 100).value(), expected(100));
  EXPECT_EQ(squares(3, 0).value(), expected(0));
}

TEST(OrderedPipeline, EndsWithTheErrorOfTheFirstItemThatHasOne) {
  for (const int threads : {1, 2, 7}) {
    EXPECT_EQ(squares(threads, 100, 42).error().message, "42") << threads;
  }
}

TEST(OrderedPipeline, GoesOnWithTheThreadsThatThereAreWhereNoneCanBeStarted) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs the address space";
  const NoMoreThreads little;
  EXPECT_EQ(squares(16, 100).value(), expected(100));
}

TEST(ParallelTasks, GoOnWithTheCallersThreadWhereNoneCanBeStarted) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs the address space";
  std::vector<int> out(100);
  const NoMoreThreads little;
  ASSERT_TRUE(for_each_task(16, out.size(), [&](size_t i) -> Result<void> {
    out[i] = static_cast<int>(i * i);
    return {};
  }));
  EXPECT_EQ(out, expected(100));
}

TEST(ParallelTasks, ReturnTheErrorOfTheLowestTaskThatHasOne) {
  for (const int threads : {1, 4}) {
    const auto done = for_each_task(threads, 50, [](size_t i) -> Result<void> {
      if (i == 0 || i == 30) return fail(ErrorCode::kIo, std::to_string(i));
      return {};
    });
    EXPECT_EQ(done.error().message, "0");
  }
}

}  // namespace
}  // namespace yurai
