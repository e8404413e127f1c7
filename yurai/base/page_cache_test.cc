#include "yurai/base/page_cache.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;

std::string payload(uint64_t number) {
  return std::string(1 + number * 37 % kPagePayload, static_cast<char>('a' + number % 26));
}

void write_pages(const std::filesystem::path& target, uint64_t num_pages) {
  auto stage = StagingDirectory::create(target, {});
  ASSERT_TRUE(stage);
  auto writer = PageFileWriter::create(*stage, "p.bin");
  ASSERT_TRUE(writer);
  for (uint64_t i = 0; i < num_pages; ++i) ASSERT_TRUE(writer->append(payload(i)));
  EXPECT_EQ(writer->num_pages(), num_pages);
  ASSERT_TRUE(writer->close());
  ASSERT_TRUE(stage->commit());
}

void expect_page(std::string_view page, uint64_t number) {
  const std::string expected = payload(number);
  ASSERT_EQ(page.substr(0, expected.size()), expected) << number;
  ASSERT_EQ(page.find_first_not_of('\0', expected.size()), std::string_view::npos) << number;
}

TEST(PageFile, ReadsPagesOneByOneAndManyAtOnce) {
  const TemporaryDirectory dir;
  write_pages(dir / "x", 1000);
  for (const auto mode : {ReadableFile::Mode::kCached, ReadableFile::Mode::kDirect}) {
    const auto file = PageFile::open(dir / "x" / "p.bin", 1000, mode);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->verify());
    PageReader reader(*file, nullptr);
    std::vector<uint64_t> numbers;
    for (uint64_t i = 0; i < 1000; i += 3) numbers.push_back(i);
    numbers.push_back(3);
    ASSERT_TRUE(reader.fetch(numbers));
    EXPECT_EQ(reader.num_reads(), 334u);
    for (uint64_t i = 0; i < 1000; ++i) expect_page(reader.page(i).value(), i);
    EXPECT_EQ(reader.num_reads(), 1000u);
  }
}

TEST(PageFile, FindsEveryFlippedBitTruncationAndMisplacedPage) {
  const TemporaryDirectory dir;
  write_pages(dir / "x", 6);
  const auto path = dir / "x" / "p.bin";
  const std::string good = read_file(path).value();
  for (size_t i = 0; i < good.size(); i += 199) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(write_file(path, bad));
    EXPECT_EQ(PageFile::open(path, 6)->verify().error().code, ErrorCode::kCorrupt);
    ASSERT_TRUE(write_file(path, good.substr(0, i)));
    EXPECT_EQ(PageFile::open(path, 6).error().code, ErrorCode::kCorrupt);
  }
  std::string swapped = good.substr(kPageBytes, kPageBytes) + good.substr(0, kPageBytes);
  ASSERT_TRUE(write_file(path, swapped + good.substr(2 * kPageBytes)));
  EXPECT_FALSE(PageFile::open(path, 6)->verify());
}

TEST(PageFile, SaysWhenAFileShrinksAfterItWasOpened) {
  const TemporaryDirectory dir;
  write_pages(dir / "x", 40);
  const auto path = dir / "x" / "p.bin";
  const auto file = PageFile::open(path, 40);
  std::filesystem::resize_file(path, 20 * kPageBytes + 7);
  PageReader reader(*file, nullptr);
  EXPECT_EQ(reader.page(20).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(reader.fetch({1, 2, 3, 4, 30, 31}).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(reader.page(19));
}

TEST(PageCache, KeepsWithinItsBudgetAndServesManyThreads) {
  const TemporaryDirectory dir;
  constexpr uint64_t kPages = 600;
  write_pages(dir / "x", kPages);
  const auto file = PageFile::open(dir / "x" / "p.bin", kPages);
  for (const uint64_t budget : {uint64_t{0}, 130 * kPageBytes, 4 * kPages * kPageBytes}) {
    PageCache cache(budget);
    std::vector<std::thread> threads;
    for (uint64_t seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&, seed] {
        std::mt19937_64 random(testing::test_seed() + seed);
        for (int round = 0; round < 300; ++round) {
          PageReader reader(*file, &cache);
          std::vector<uint64_t> numbers;
          for (int i = 0; i < 8; ++i) numbers.push_back(random() % kPages);
          if (round % 2 == 0) {
            ASSERT_TRUE(reader.fetch(numbers));
          }
          for (const uint64_t number : numbers) expect_page(reader.page(number).value(), number);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    uint64_t kept = 0;
    for (uint64_t i = 0; i < kPages; ++i) kept += cache.find(file->id(), i) ? 1 : 0;
    EXPECT_LE(kept * kPageBytes, budget);
    EXPECT_GE(kept, std::min(kPages, budget / kPageBytes) * 9 / 10);
  }
}

TEST(PageCache, NeverKeepsAPageThatCouldNotBeRead) {
  const TemporaryDirectory dir;
  write_pages(dir / "x", 3);
  const auto path = dir / "x" / "p.bin";
  const std::string good = read_file(path).value();
  std::string bad = good;
  bad[kPageBytes + 5] ^= 1;
  std::ofstream(path, std::ios::binary) << bad;
  const auto file = PageFile::open(path, 3);
  PageCache cache(1 << 20);
  EXPECT_FALSE(PageReader(*file, &cache).page(1));
  EXPECT_FALSE(PageReader(*file, &cache).page(1));
  std::ofstream(path, std::ios::binary) << good;
  EXPECT_TRUE(PageReader(*file, &cache).page(1));
}

}  // namespace
}  // namespace yurai
