#include "yurai/index/run_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "yurai/base/testing.h"
#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

yurai::Run write_run(StagingDirectory& stage, const RunText& part,
                     std::span<const RunRecord> records) {
  RunWriter writer = RunWriter::create(stage, "run", part).value();
  for (const RunRecord& record : records) EXPECT_TRUE(writer.append(record));
  return writer.finish().value();
}

TEST(RunFile, GivesBackPlacesLcpsAndTheFirstBytesOfKeys) {
  const testing::TemporaryDirectory dir;
  StagingDirectory stage = StagingDirectory::create(dir / "out", {}).value();
  const RunText part{uint64_t{1} << 33, (uint64_t{1} << 33) + (uint64_t{1} << 31)};
  const std::vector<RunRecord> records{
      {part.begin, 0, 8, 0x4142434445464748},      {part.end - 1, 65535, 8, 0x4142434445464748},
      {part.begin + 7, 12, 2, 0x4142FF0000000000},  // what is not valid may be anything
      {part.begin + 9, 3, 8, 0x4142FFFFFFFFFFFF},   // the document ends after two bytes
      {part.begin + 9, 3, 8, 0x41424344FFFFFFFF},   // … after four
      {part.begin + 10, 3, 1, 0x41FF000000000000}, {part.begin + 11, 3, 0, 0},
  };
  const auto run = write_run(stage, part, records);
  RunReader reader = RunReader::open(run, 0, run.num_records).value();
  for (const RunRecord& expected : records) {
    RunRecord record;
    ASSERT_TRUE(reader.next(record).value());
    EXPECT_EQ(record.position, expected.position);
    EXPECT_EQ(record.lcp, expected.lcp);
    EXPECT_LE(record.num_valid, expected.num_valid);
    const bool ends = expected.num_valid == kKeyBytes && key_end(expected.key) < 4;
    EXPECT_EQ(record.num_valid, ends ? 8 : std::min<uint32_t>(expected.num_valid, 4));
    for (uint32_t i = 0; i < record.num_valid; ++i) {
      EXPECT_EQ(record.key >> (56 - 8 * i) & 0xFF, expected.key >> (56 - 8 * i) & 0xFF) << i;
    }
  }
  RunRecord none;
  EXPECT_FALSE(reader.next(none).value());
}

TEST(RunFile, TakesRecordsAndChunksOfThemToTheSameBytes) {
  const testing::TemporaryDirectory dir;
  StagingDirectory stage = StagingDirectory::create(dir / "out", {}).value();
  const RunText part{7, 1 << 20};
  const RunFormat format(part);
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, format.chunk_records,
                              3 * format.chunk_records, 3 * format.chunk_records + 1}) {
    std::vector<RunRecord> records(size);
    for (uint64_t i = 0; i < size; ++i) records[i] = {7 + i, static_cast<uint32_t>(i % 9), 4, i};
    const auto run = write_run(stage, part, records);
    RunWriter writer = RunWriter::create(stage, "chunks", part).value();
    for (uint64_t begin = 0; begin < size; begin += 2 * format.chunk_records) {
      RunChunks chunks;
      chunks.begin(writer.format(), begin);
      for (uint64_t i = begin; i < std::min(size, begin + 2 * format.chunk_records); ++i) {
        chunks.add(records[i]);
      }
      chunks.end();
      ASSERT_TRUE(writer.append(chunks));
    }
    const auto same = writer.finish().value();
    EXPECT_EQ(same.num_records, size);
    EXPECT_EQ(same.samples, run.samples);
    const std::string bytes = read_file(run.path).value();
    EXPECT_EQ(bytes, read_file(same.path).value());
    const uint64_t num_chunks = (size + format.chunk_records - 1) / format.chunk_records;
    EXPECT_EQ(bytes.size(), size * format.record_bytes + num_chunks * RunFormat::kSumBytes);
  }
}

TEST(RunFile, GivesTheDiskSpaceOfReadRecordsBack) {
  const testing::TemporaryDirectory dir;
  StagingDirectory stage = StagingDirectory::create(dir / "out", {}).value();
  std::vector<RunRecord> records(100000);
  for (size_t i = 0; i < records.size(); ++i) records[i].position = i;
  const auto run = write_run(stage, {0, records.size()}, records);
  const auto blocks = [&] {
    struct stat status;
    ::stat(run.path.c_str(), &status);
    return status.st_blocks;
  };
  const auto before = blocks();
  free_records(run, 1000, 60000);
  if (blocks() == before) GTEST_SKIP() << "the file system gives nothing back";
  EXPECT_LT(blocks(), before * 6 / 10);
  RunReader reader = RunReader::open(run, 60000, run.num_records).value();
  RunRecord record;
  for (size_t i = 60000; i < records.size(); ++i) {
    ASSERT_TRUE(reader.next(record).value());
    ASSERT_EQ(record.position, i);
  }
  // What was given back is not taken for records.
  reader.seek(0, 10);
  EXPECT_EQ(reader.next(record).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace yurai
