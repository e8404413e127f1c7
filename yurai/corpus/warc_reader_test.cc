#include "yurai/corpus/warc_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/corpus/compressed_testing.h"
#include "yurai/corpus/warc_testing.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using testing::gzip;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::warc_record;

/// Each record as "block" or "!problem"; an error ends the list as "error: message".
std::vector<std::string> read(const std::string& bytes,
                              Compression compression = Compression::kNone,
                              uint64_t max_record_bytes = 1 << 20) {
  TemporaryDirectory dir;
  const auto path = dir / "x.warc";
  std::ofstream(path, std::ios::binary) << bytes;
  InputFile file = InputFile::open(path, compression).value();
  WarcReader reader(file, "x.warc", max_record_bytes);
  std::vector<std::string> out;
  WarcRecord record;
  while (true) {
    const auto more = reader.next(record);
    if (!more) out.push_back("error: " + more.error().message);
    if (!more || !*more) return out;
    EXPECT_EQ(record.number, out.size() + 1);
    out.push_back(record.problem.empty() ? std::string(record.block) : "!" + record.problem);
  }
}

std::string plain(std::string_view block) { return warc_record("resource", "", block); }

TEST(WarcReader, ReadsRecordsWithTheirFields) {
  TemporaryDirectory dir;
  const std::string bytes =
      "WARC/1.1\nwarc-TYPE : warcinfo\nX-Long: a\n  b\nContent-Length: 3\n\nabc\n\n" + plain("de");
  std::ofstream(dir / "x", std::ios::binary) << bytes;
  InputFile file = InputFile::open(dir / "x", Compression::kNone).value();
  WarcReader reader(file, "x", 100);
  WarcRecord record;
  ASSERT_TRUE(reader.next(record).value());
  EXPECT_EQ(record.field("warc-type"), "warcinfo");
  EXPECT_EQ(record.field("x-long"), "a b");
  EXPECT_EQ(record.field("absent"), "");
  EXPECT_EQ(record.block, "abc");
  EXPECT_EQ(record.byte, 0U);
  ASSERT_TRUE(reader.next(record).value());
  EXPECT_EQ(record.block, "de");
  EXPECT_EQ(record.byte, bytes.find("WARC/1.0"));
  EXPECT_FALSE(reader.next(record).value());
}

TEST(WarcReader, ReadsAMemberARecord) {
  EXPECT_THAT(read(gzip(plain("a")) + gzip(plain("")) + gzip(plain("c")), Compression::kGzip),
              ElementsAre("a", "", "c"));
}

TEST(WarcReader, ReadsBlocksThatHoldRecords) {
  EXPECT_THAT(read(plain("x\r\n\r\n" + plain("inner")) + plain("b")),
              ElementsAre("x\r\n\r\n" + plain("inner"), "b"));
}

TEST(WarcReader, GoesOnAfterAWrongLength) {
  std::string wrong = plain("0123456789");
  wrong.replace(wrong.find("Length: 10"), 10, "Length: 7");
  EXPECT_THAT(read(wrong + plain("next")),
              ElementsAre("!a record does not end after the 7 bytes of its Content-Length; 15 "
                          "bytes were skipped to the next record",
                          "next"));
  wrong = plain("0123456789");
  wrong.replace(wrong.find("Length: 10"), 10, "Length: 30");
  EXPECT_THAT(
      read(wrong + plain("next")),
      ElementsAre(::testing::StartsWith("!a record does not end after the 30 bytes"), "next"));
}

TEST(WarcReader, GoesOnAfterABrokenHeader) {
  EXPECT_THAT(read("WARC/1.0\r\nno colon\r\n\r\nblock\r\n\r\n" + plain("next")),
              ElementsAre(HasSubstr("is no 'Name: value'; 10 bytes were skipped"), "next"));
  EXPECT_THAT(read("WARC/1.0\r\nContent-Length: -1\r\n\r\n\r\n" + plain("next")),
              ElementsAre(HasSubstr("without a Content-Length that is a number"), "next"));
  EXPECT_THAT(read(plain("a") + "garbage\r\n" + plain("next")),
              ElementsAre("a", HasSubstr("no WARC record begins here; 9 bytes"), "next"));
  EXPECT_THAT(read("WARC/1.0\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n" + plain("next")),
              ElementsAre(HasSubstr("the header of a record has more than 65536 bytes"), "next"));
}

TEST(WarcReader, SkipsRecordsThatAreTooLongWithoutHoldingThem) {
  EXPECT_THAT(
      read(plain("a") + plain(std::string(5'000'000, 'x')) + plain("b"), Compression::kNone, 1000),
      ElementsAre("a", "!a record of more than 1000 bytes", "b"));
}

TEST(WarcReader, ProvesBlockDigests) {
  const auto with = [](std::string_view digest) {
    return warc_record("resource", fmt::format("WARC-Block-Digest: {}\r\n", digest), "abc");
  };
  EXPECT_THAT(read(with("sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5")), ElementsAre("abc"));
  EXPECT_THAT(read(with("SHA1:a9993e364706816aba3e25717850c26c9cd0d89d")), ElementsAre("abc"));
  EXPECT_THAT(read(with("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
              ElementsAre("abc"));
  EXPECT_THAT(read(with("md5:900150983cd24fb0d6963f7d28e17f72")), ElementsAre("abc"));
  EXPECT_THAT(read(with("sha1:AGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5")),
              ElementsAre(::testing::StartsWith("!damaged: the block has another digest")));
}

TEST(WarcReader, RefusesWhatIsNoArchive) {
  EXPECT_THAT(read(""), ElementsAre("error: 'x.warc', byte 0 (decompressed): the file is empty, "
                                    "so it is no WARC file"));
  EXPECT_THAT(read("\r\n"), ElementsAre(HasSubstr("the file is empty")));
  EXPECT_THAT(read("<html>"), ElementsAre("error: 'x.warc', byte 0 (decompressed): no WARC file: "
                                          "it does not begin with WARC/"));
}

TEST(WarcReader, EveryTruncationIsAnErrorOrEndsAtARecord) {
  const std::string bytes = plain("first") + plain("second");
  const std::vector<std::string> whole = read(bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::string> got = read(bytes.substr(0, size));
    for (size_t i = 0; i < got.size(); ++i) {
      if (got[i].starts_with("error: ")) continue;
      ASSERT_LT(i, whole.size());
      EXPECT_EQ(got[i], whole[i]) << size;
    }
    const bool at_border = size + 4 >= bytes.size() ||
                           (size + 4 >= plain("first").size() && size <= plain("first").size());
    EXPECT_EQ(got.back().starts_with("error: "), !at_border) << size;
  }
}

TEST(WarcReader, FlippedBytesNeverCrashAndKeepTheNumbersAscending) {
  std::mt19937_64 random(testing::test_seed());
  const std::string bytes = plain("first") + plain("second") + plain("third");
  for (int round = 0; round < 500; ++round) {
    std::string damaged = bytes;
    for (uint64_t i = random() % 3; i < 3; ++i) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    (void)read(damaged, Compression::kNone, 1000);
  }
}

}  // namespace
}  // namespace yurai
