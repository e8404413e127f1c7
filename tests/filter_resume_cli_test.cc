#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>

#include "yurai/base/file.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A real file system that is small; unmounted with the object.
class SmallDisk {
 public:
  explicit SmallDisk(fs::path path) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = set_size("size=1m", 0);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void grow() { ASSERT_TRUE(set_size("size=64m", MS_REMOUNT)) << std::strerror(errno); }

 private:
  bool set_size(const char* size, unsigned long flags) {
    return ::mount("tmpfs", path_.c_str(), "tmpfs", flags, size) == 0;
  }
  fs::path path_;
  bool mounted_ = false;
};

using Files = std::map<std::string, std::string>;

Files files_of(const fs::path& dir) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(dir).generic_string()] = read_file(entry.path()).value();
  }
  return files;
}

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
