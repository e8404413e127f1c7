#include "yurai/curate/part_writer.h"

#include <gtest/gtest.h>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/input_file.h"

namespace yurai {
namespace {

std::string read_zstd(const std::filesystem::path& path) {
  InputFile file = InputFile::open(path, Compression::kZstd).value();
  std::string all;
  std::string buffer(1 << 16, '\0');
  while (const size_t got = file.read(buffer).value()) all.append(buffer, 0, got);
  return all;
}

TEST(PartWriter, EndsAPartWithTheLineThatReachesItsSize) {
  testing::TemporaryDirectory folder;
  StagingDirectory stage = StagingDirectory::create(folder / "out", {}).value();
  PartWriter parts(stage, {.part_bytes = 8});
  for (const char* line : {"aaa", "bbb", "c", "0123456789", "d"}) ASSERT_TRUE(parts.append(line));
  ASSERT_TRUE(parts.close());
  EXPECT_EQ(parts.num_parts(), 3u);
  EXPECT_EQ(read_file(stage.path() / "part-00000.jsonl").value(), "aaa\nbbb\n");
  EXPECT_EQ(read_file(stage.path() / "part-00001.jsonl").value(), "c\n0123456789\n");
  EXPECT_EQ(read_file(stage.path() / "part-00002.jsonl").value(), "d\n");
}

TEST(PartWriter, WritesOneEmptyPartWithoutLines) {
  testing::TemporaryDirectory folder;
  StagingDirectory stage = StagingDirectory::create(folder / "out", {}).value();
  PartWriter parts(stage, {});
  ASSERT_TRUE(parts.close());
  EXPECT_EQ(read_file(stage.path() / "part-00000.jsonl").value(), "");
}

TEST(PartWriter, SplitsCompressedPartsAtTheSameLines) {
  testing::TemporaryDirectory folder;
  StagingDirectory stage = StagingDirectory::create(folder / "out", {}).value();
  PartWriter parts(stage, {.part_bytes = 8, .zstd = true});
  for (const char* line : {"aaa", "bbb", "c"}) ASSERT_TRUE(parts.append(line));
  ASSERT_TRUE(parts.close());
  EXPECT_EQ(read_zstd(stage.path() / "part-00000.jsonl.zst"), "aaa\nbbb\n");
  EXPECT_EQ(read_zstd(stage.path() / "part-00001.jsonl.zst"), "c\n");
}

TEST(PartWriter, NamesFinishedPartsAndGoesOnAfterThem) {
  testing::TemporaryDirectory folder;
  StagingDirectory stage = StagingDirectory::create(folder / "out", {}).value();
  PartWriter first(stage, {.part_bytes = 8});
  for (const char* line : {"aaa", "bbb", "c"}) ASSERT_TRUE(first.append(line));
  ASSERT_EQ(first.finished().size(), 1u);
  EXPECT_EQ(first.finished()[0].name, "part-00000.jsonl");
  EXPECT_EQ(first.finished()[0].bytes, 8u);
  EXPECT_EQ(first.finished()[0].sha256, sha256_hex("aaa\nbbb\n"));
  PartWriter second(stage, {.part_bytes = 8}, first.finished());
  ASSERT_TRUE(second.append("d"));
  ASSERT_TRUE(second.end_part());
  ASSERT_TRUE(second.end_part());
  ASSERT_TRUE(second.append("e"));
  ASSERT_TRUE(second.close());
  EXPECT_EQ(second.num_parts(), 3u);
  EXPECT_EQ(read_file(stage.path() / "part-00001.jsonl").value(), "d\n");
  EXPECT_EQ(read_file(stage.path() / "part-00002.jsonl").value(), "e\n");
}

TEST(PartWriter, TellsOfEveryWriteThatFails) {
  for (uint64_t fail_at = 0;; ++fail_at) {
    testing::TemporaryDirectory folder;
    testing::FailingDisk disk(fail_at);
    StagingDirectory stage = StagingDirectory::create(folder / "out", {.disk = &disk}).value();
    PartWriter parts(stage, {.part_bytes = 4});
    Result<void> done;
    for (const char* line : {"aaa", "bbb"}) {
      if (done) done = parts.append(line);
    }
    if (done) done = parts.close();
    if (done) {
      EXPECT_GT(fail_at, 4u);
      break;
    }
  }
}

}  // namespace
}  // namespace yurai
