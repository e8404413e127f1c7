#include "yurai/base/page_fetch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;

constexpr uint64_t kNumPages = 700;  // more than are in flight at once

std::string payload(uint64_t number) { return "page " + std::to_string(number); }

void write_pages(const std::filesystem::path& target) {
  auto stage = StagingDirectory::create(target, {}).value();
  auto writer = PageFileWriter::create(stage, "p.bin").value();
  for (uint64_t i = 0; i < kNumPages; ++i) ASSERT_TRUE(writer.append(payload(i)));
  ASSERT_TRUE(writer.close());
  ASSERT_TRUE(stage.commit());
}

void expect_page(PageReader& reader, uint64_t number) {
  const std::string_view page = reader.page(number).value();
  EXPECT_EQ(page.substr(0, page.find('\0')), payload(number));
}

TEST(PageFetch, BringsEachTaskItsPagesAndReadsEachOnce) {
  const TemporaryDirectory dir;
  write_pages(dir / "a");
  write_pages(dir / "b");
  for (const auto mode : {ReadableFile::Mode::kCached, ReadableFile::Mode::kDirect}) {
    const PageFile a = PageFile::open(dir / "a" / "p.bin", kNumPages, mode).value();
    const PageFile b = PageFile::open(dir / "b" / "p.bin", kNumPages, mode).value();
    PageCache cache(1 << 20);
    for (PageCache* used : {static_cast<PageCache*>(nullptr), &cache}) {
      PageReader first(a, used);
      PageReader second(b, used);
      expect_page(first, 3);
      // Task i needs page i of one file, then page 2i and 3 of the other.
      PageFetch fetch(kNumPages);
      std::vector<int> steps(kNumPages, 0);
      for (size_t task = 0; task < kNumPages; ++task) {
        fetch.want(second, task, task);
        fetch.want(second, task, task);
        EXPECT_TRUE(fetch.is_waiting(task));
      }
      size_t num_done = 0;
      while (const auto task = fetch.next_ready().value()) {
        EXPECT_FALSE(fetch.is_waiting(*task));
        if (steps[*task]++ == 0) {
          expect_page(second, *task);
          fetch.want(first, 2 * *task % kNumPages, *task);
          fetch.want(first, 3, *task);
          if (fetch.is_waiting(*task)) continue;
        }
        expect_page(first, 2 * *task % kNumPages);
        ++num_done;
      }
      EXPECT_EQ(num_done, kNumPages);
      EXPECT_EQ(second.num_reads(), kNumPages);
      EXPECT_EQ(first.num_reads(), kNumPages / 2 + 1);
    }
  }
}

TEST(PageFetch, NamesAPageThatDoesNotProveItselfAndLeavesNothingInFlight) {
  const TemporaryDirectory dir;
  write_pages(dir / "a");
  const auto path = dir / "a" / "p.bin";
  std::fstream(path, std::ios::in | std::ios::out).seekp(5 * kPageBytes + 7).put('x');
  const PageFile file = PageFile::open(path, kNumPages).value();
  for (int attempt = 0; attempt < 2; ++attempt) {
    PageReader reader(file, nullptr);
    PageFetch fetch(1);
    for (uint64_t i = 0; i < kNumPages; ++i) fetch.want(reader, i, 0);
    EXPECT_EQ(fetch.next_ready().error().code, ErrorCode::kCorrupt);
  }
  PageReader reader(file, nullptr);
  PageFetch fetch(2);
  fetch.want(reader, 6, 1);
  EXPECT_EQ(fetch.next_ready().value(), 1u);
  EXPECT_EQ(fetch.next_ready().value(), std::nullopt);
}

TEST(PageFetch, ReadsWhileAnotherOfTheSameThreadDoes) {
  const TemporaryDirectory dir;
  write_pages(dir / "a");
  const PageFile file = PageFile::open(dir / "a" / "p.bin", kNumPages).value();
  PageReader one(file, nullptr);
  PageReader other(file, nullptr);
  PageFetch outer(1);
  for (uint64_t i = 0; i < 10; ++i) outer.want(one, i, 0);
  PageFetch inner(1);
  for (uint64_t i = 0; i < 10; ++i) inner.want(other, i, 0);
  EXPECT_EQ(inner.next_ready().value(), 0u);
  EXPECT_EQ(outer.next_ready().value(), 0u);
  expect_page(one, 9);
  expect_page(other, 9);
}

}  // namespace
}  // namespace yurai
