#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using yurai::testing::TemporaryDirectory;

constexpr size_t kCorpusBytes = 26'000'000;
constexpr int kKilled = 128 + 9;

/// A corpus of made-up words, with copies of documents, larger than `--memory 192M` sorts at once.
class IndexBuildCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("YURAI_LANG", "en", 1);
    directory_ = new TemporaryDirectory;
    std::mt19937_64 random(testing::test_seed());
    std::ofstream input(path("input.jsonl"));
    std::vector<std::string> texts;
    for (size_t bytes = 0; bytes < kCorpusBytes; bytes += texts.back().size()) {
      std::string text;
      while (text.size() < 50'000) {
        std::mt19937_64 word(random() % (1 + random() % 20'000));
        for (uint64_t n = 2 + word() % 8; n > 0; --n) {
          text.push_back(static_cast<char>('a' + word() % 26));
        }
        text.push_back(' ');
      }
      texts.push_back(random() % 10 == 0 && !texts.empty() ? texts[random() % texts.size()] : text);
      input << Json{{"text", texts.back()}, {"source", texts.size() % 2 == 0 ? "a" : "b"}}.dump()
            << "\n";
    }
    input.close();
    const auto corpus = run({"corpus", "build", path("corpus"), path("input.jsonl")});
    ASSERT_EQ(corpus.exit_status, 0) << corpus.err;
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::string path(std::string_view name) { return (*directory_ / name).string(); }

  /// Runs the program, under the limits that the arguments of prlimit say.
  static ProcessResult run(std::vector<std::string> arguments,
                           const std::vector<std::string>& limits = {}) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    if (!limits.empty()) {
      arguments.insert(arguments.begin(), limits.begin(), limits.end());
      arguments.insert(arguments.begin(), "prlimit");
    }
    return run_process(arguments).value();
  }
  static std::vector<std::string> build(std::string_view name, std::string_view memory) {
    return {"index",
            "build",
            path(name),
            "--corpus",
            path("corpus"),
            "--memory",
            std::string(memory),
            "--threads",
            "2"};
  }
  static std::map<std::string, std::string> files_of(std::string_view name) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(path(name))) {
      files[entry.path().filename()] = read_file(entry.path()).value();
    }
    return files;
  }

  static inline TemporaryDirectory* directory_ = nullptr;
};

/// The limit holds for memory that is not the image of a file.
TEST_F(IndexBuildCli, KeepsToItsMemoryAndWritesTheSameBytes) {
  const std::vector<std::string> limit = {"--data=" + std::to_string(192 << 20)};
  const auto bounded = run(build("bounded", "192M"), limit);
  ASSERT_EQ(bounded.exit_status, 0) << bounded.err;
  const auto whole = run(build("whole", "4G"));
  ASSERT_EQ(whole.exit_status, 0) << whole.err;
  EXPECT_EQ(files_of("bounded"), files_of("whole"));
  EXPECT_EQ(run({"info", path("bounded"), "--verify"}).exit_status, 0);

  const auto unbounded = run(build("unbounded", "4G"), limit);  // else the limit shows nothing
  EXPECT_NE(unbounded.exit_status, 0);
  EXPECT_FALSE(fs::exists(path("unbounded")));
}

TEST_F(IndexBuildCli, StartsCleanAfterItWasKilled) {
  const auto killed = run(build("index", "192M"), {"--cpu=1:1"});
  ASSERT_EQ(killed.exit_status, kKilled) << killed.err;
  EXPECT_FALSE(fs::exists(path("index")));
  EXPECT_TRUE(fs::exists(path("index.partial")));
  const auto count = run({"index", "count", path("index.partial"), "a"});
  EXPECT_EQ(count.exit_status, 1);

  const auto again = run(build("index", "192M"));
  ASSERT_EQ(again.exit_status, 0) << again.err;
  EXPECT_FALSE(fs::exists(path("index.partial")));
  EXPECT_EQ(run({"info", path("index"), "--verify"}).exit_status, 0);
  for (const auto& [name, bytes] : files_of("index"))
    EXPECT_FALSE(name.starts_with("run.")) << name;
}

}  // namespace
}  // namespace yurai
