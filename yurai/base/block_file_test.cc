#include "yurai/base/block_file.h"

#include <gtest/gtest.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;

std::string sample(size_t size) {
  std::mt19937_64 random(testing::test_seed());
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void write_blocks(const std::filesystem::path& target, const std::string& bytes) {
  auto stage = StagingDirectory::create(target, {});
  ASSERT_TRUE(stage);
  auto writer = BlockFileWriter::create(*stage, "b.bin");
  ASSERT_TRUE(writer);
  for (size_t i = 0; i < bytes.size(); i += 777) {
    ASSERT_TRUE(writer->append(std::string_view(bytes).substr(i, 777)));
  }
  ASSERT_TRUE(writer->close());
  ASSERT_TRUE(stage->commit());
}

TEST(BlockFile, ReadsBackEveryRangeAndCountsReads) {
  for (const size_t size : {0, 1, 4095, 4096, 4097, 20000}) {
    const TemporaryDirectory dir;
    const std::string bytes = sample(size);
    write_blocks(dir / "x", bytes);
    const auto file = BlockFile::open(dir / "x" / "b.bin", size);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->verify());
    BlockReader reader(*file);
    EXPECT_EQ(reader.bytes(0, size).value(), bytes);
    EXPECT_EQ(reader.num_reads(), file->num_blocks());
    if (size > 5000) {
      EXPECT_EQ(reader.bytes(4090, 100).value(), bytes.substr(4090, 100));
    }
  }
}

TEST(BlockFile, FindsEveryFlippedBitAndEveryTruncation) {
  const TemporaryDirectory dir;
  const std::string bytes = sample(9000);
  write_blocks(dir / "x", bytes);
  for (const char* name : {"b.bin", "b.bin.sums"}) {
    const auto path = dir / "x" / name;
    const std::string good = read_file(path).value();
    for (size_t i = 0; i < good.size(); i += 1 + good.size() / 50) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      ASSERT_TRUE(write_file(path, bad));
      const auto file = BlockFile::open(dir / "x" / "b.bin", bytes.size());
      ASSERT_TRUE(file);
      EXPECT_EQ(file->verify().error().code, ErrorCode::kCorrupt);
      ASSERT_TRUE(write_file(path, good.substr(0, i)));
      EXPECT_EQ(BlockFile::open(dir / "x" / "b.bin", bytes.size()).error().code,
                ErrorCode::kCorrupt);
    }
    ASSERT_TRUE(write_file(path, good));
  }
}

}  // namespace
}  // namespace yurai
