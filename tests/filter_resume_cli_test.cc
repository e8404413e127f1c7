#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "tests/small_disk.h"
#include "yurai/base/file.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FilterResumeCli : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 random(testing::test_seed());
    std::ofstream out(dir_ / "in.jsonl", std::ios::binary);
    for (int row = 0; row < 4000; ++row) {
      out << "{\"id\":\"" << row << "\",\"text\":\"";
      for (uint64_t n = 100 + random() % 400; n > 0; --n) {
        out << static_cast<char>('a' + random() % 26);
      }
      out << "\"}\n";
    }
  }

  ProcessResult filter(const fs::path& out, std::vector<std::string> more = {},
                       const std::string& lang = "en") {
    std::vector<std::string> command = {"env",
                                        "LC_ALL=C",
                                        "YURAI_LANG=" + lang,
                                        std::getenv("YURAI_BIN"),
                                        "corpus",
                                        "filter",
                                        "basic",
                                        path("in.jsonl"),
                                        "--out",
                                        out.string(),
                                        "--part-size",
                                        "256K",
                                        "--threads",
                                        "2"};
    command.insert(command.end(), more.begin(), more.end());
    const Result<ProcessResult> result = run_process(command);
    EXPECT_TRUE(result);
    return result ? *result : ProcessResult{};
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }

  testing::TemporaryDirectory dir_;
};

TEST_F(FilterResumeCli, GoesOnWithMoreSpaceAfterADiskWasFull) {
  SmallDisk disk(dir_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs root";
  ASSERT_EQ(filter(dir_ / "whole").exit_status, 0);
  const fs::path out = dir_ / "disk/out";
  const ProcessResult failed = filter(out);
  EXPECT_EQ(failed.exit_status, 1);
  EXPECT_THAT(failed.err, HasSubstr("No space left on device; free some space"));
  EXPECT_THAT(failed.err, HasSubstr(" parts are finished and kept in '" + out.string()));
  EXPECT_THAT(failed.err, HasSubstr("go on with: "));
  EXPECT_THAT(failed.err, HasSubstr("--threads 2 --resume\n"));
  EXPECT_FALSE(fs::exists(out));

  EXPECT_THAT(filter(out, {"--resume"}, "ja").err, HasSubstr("続きから実行するには"));
  const ProcessResult anew = filter(out);
  EXPECT_EQ(anew.exit_status, 1);
  EXPECT_THAT(anew.err, HasSubstr("with --resume, or begin anew with --force"));
  EXPECT_THAT(filter(out, {"--resume", "--measure", "all"}).err,
              HasSubstr("was begun with measure_all false, not true"));

  disk.grow();
  const ProcessResult done = filter(out, {"--resume"});
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("read again but not filtered again"));
  EXPECT_TRUE(files_of(out) == files_of(dir_ / "whole"));
  EXPECT_FALSE(fs::exists(dir_ / "disk/out.partial"));
}

TEST_F(FilterResumeCli, ResumeNeedsAFolderAndSaysWhenThereIsNothingToGoOnFrom) {
  const ProcessResult done = filter(dir_ / "out", {"--resume"});
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("There is nothing to go on from"));
  const auto streamed = run_process(
      {"env", "YURAI_LANG=en", std::getenv("YURAI_BIN"), "corpus", "filter", "basic", "--resume"});
  ASSERT_TRUE(streamed);
  EXPECT_EQ(streamed->exit_status, 2);
  EXPECT_THAT(streamed->err, HasSubstr("--out DIR"));
}

}  // namespace
}  // namespace yurai
