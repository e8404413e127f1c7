#include "yurai/corpus/input_file.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/compressed_testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::gzip;
using testing::TemporaryDirectory;
using testing::zstd;

/// Reads a file with these bytes; pieces of random size.
Result<std::string> read_bytes(const std::string& stored, Compression compression,
                               DecompressionLimits limits = {}) {
  static const TemporaryDirectory dir;
  const fs::path path = dir / "input";
  std::ofstream(path, std::ios::binary | std::ios::trunc) << stored;
  static std::mt19937_64 random(testing::test_seed());
  YURAI_ASSIGN(InputFile file, InputFile::open(path, compression, limits));
  std::string out;
  while (true) {
    std::string piece(1 + random() % 100'000, '\0');
    YURAI_ASSIGN(const size_t got, file.read(piece));
    if (got == 0) break;
    out.append(piece, 0, got);
  }
  EXPECT_EQ(file.stored_bytes_read(), stored.size());
  EXPECT_EQ(file.stored_sha256(), sha256_hex(stored));
  return out;
}

std::string message(const std::string& stored, Compression compression,
                    DecompressionLimits limits = {}) {
  const auto read = read_bytes(stored, compression, limits);
  if (read) return "read " + std::to_string(read->size()) + " bytes";
  const std::string& text = read.error().message;
  return text.substr(text.find("', byte ") + 3);  // the path changes from run to run
}

std::string random_text(size_t size) {
  std::mt19937_64 random(testing::test_seed());
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 16);
  return text;
}

TEST(InputFile, ReadsPlainGzipAndZstd) {
  for (const size_t size : {0, 1, 1000, 300'000, 3'000'000}) {
    const std::string text = random_text(size);
    EXPECT_EQ(read_bytes(text, Compression::kNone).value(), text);
    EXPECT_EQ(read_bytes(gzip(text), Compression::kGzip).value(), text);
    EXPECT_EQ(read_bytes(zstd(text), Compression::kZstd).value(), text);
  }
}

TEST(InputFile, JoinsMembersAndFrames) {
  const std::string text = random_text(100'000);
  EXPECT_EQ(read_bytes(gzip(text) + gzip("") + gzip("b"), Compression::kGzip).value(), text + "b");
  const std::string skippable("\x5a\x2a\x4d\x18\x03\0\0\0xyz", 11);
  EXPECT_EQ(read_bytes(zstd(text) + skippable + zstd("") + zstd("b"), Compression::kZstd).value(),
            text + "b");
}

TEST(InputFile, NamesTheByteOfABrokenContainer) {
  EXPECT_EQ(message("", Compression::kGzip), "byte 0: the file is empty, so it is no gzip file");
  EXPECT_EQ(message("", Compression::kZstd), "byte 0: the file is empty, so it is no zstd file");
  EXPECT_EQ(message("{\"text\":\"a\"}\n", Compression::kGzip),
            "byte 0: no gzip file: it does not begin with 1f 8b");
  EXPECT_EQ(message("{\"text\":\"a\"}\n", Compression::kZstd),
            "byte 0: no zstd file: it does not begin with 28 b5 2f fd");
  EXPECT_EQ(message(gzip("abc") + "garbage", Compression::kGzip),
            "byte 23: no gzip member begins here, and the file goes on");
  EXPECT_EQ(message(zstd("abc") + "garbage", Compression::kZstd),
            "byte " + std::to_string(zstd("abc").size()) +
                ": no zstd frame begins here, and the file goes on");
  EXPECT_EQ(message(gzip("abc").substr(0, 15), Compression::kGzip),
            "byte 15: the file is cut off here");
  EXPECT_NE(message(gzip("abc").substr(0, 21) + "xx", Compression::kGzip).find("damaged gzip data"),
            std::string::npos);
}

TEST(InputFile, NeverReadsADamagedContainerWrongly) {
  const std::string text = random_text(20'000);
  std::mt19937_64 random(testing::test_seed());
  for (const auto compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string good = compression == Compression::kGzip ? gzip(text) : zstd(text);
    for (int i = 0; i < 80; ++i) {
      const size_t cut = random() % good.size();
      EXPECT_FALSE(read_bytes(good.substr(0, cut), compression)) << cut;
      std::string damaged = good;
      damaged[random() % good.size()] ^= static_cast<char>(1 << (random() % 8));
      const auto read = read_bytes(damaged, compression);
      // A flipped bit in the time stamp or the flags of a header changes nothing that is read.
      if (read) {
        EXPECT_EQ(*read, text);
      }
    }
  }
}

TEST(InputFile, StopsAtBombs) {
  const std::string zeros(20 << 20, '\0');
  const std::string bomb = zstd(zeros);
  ASSERT_GT(zeros.size() / bomb.size(), 10'000U);
  EXPECT_NE(message(bomb, Compression::kZstd).find("it expands more than 10000 times (1"),
            std::string::npos);
  // Small outputs may repeat as much as they like.
  EXPECT_EQ(message(zstd(std::string(1 << 20, '\0')), Compression::kZstd), "read 1048576 bytes");
  EXPECT_EQ(message(gzip(std::string(5 << 20, '\0')), Compression::kGzip), "read 5242880 bytes");
  EXPECT_NE(message(gzip(zeros), Compression::kGzip, {.max_bytes = 1000})
                .find("more than 1000 bytes come out"),
            std::string::npos);
}

TEST(InputFile, RefusesAWindowThatIsTooLarge) {
  const std::string text = random_text(3 << 20);
  const std::string stored = zstd(text, 21);
  EXPECT_EQ(read_bytes(stored, Compression::kZstd).value(), text);
  EXPECT_EQ(message(stored, Compression::kZstd, {.max_window_log = 20}),
            "byte 0: the zstd frame wants a window of more than 1 MiB; compress it again without "
            "--ultra or --long");
}

}  // namespace
}  // namespace yurai
