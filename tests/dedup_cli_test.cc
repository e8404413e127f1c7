#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DedupCli : public ::testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> arguments, std::vector<std::string> before = {}) {
    std::vector<std::string> command = {"env", "YURAI_LANG=en"};
    command.insert(command.end(), before.begin(), before.end());
    command.insert(command.end(), {std::getenv("YURAI_BIN"), "corpus"});
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Result<ProcessResult> result = run_process(command);
    EXPECT_TRUE(result);
    return result ? *result : ProcessResult{};
  }

  /// Rows of which many are near another: `num_files` files of `num_rows` in all.
  void write_rows(int num_rows, int num_files) {
    std::mt19937_64 random(testing::test_seed());
    fs::create_directories(in());
    std::vector<std::ofstream> files;
    for (int i = 0; i < num_files; ++i) {
      files.emplace_back(in() / ("f" + std::to_string(i) + ".jsonl"));
    }
    for (int i = 0; i < num_rows; ++i) {
      std::mt19937_64 topic(random() % static_cast<uint64_t>(num_rows / 2));
      std::string text;
      for (int c = 0; c < 300; ++c) {
        append_char(U'ぁ' + static_cast<char32_t>(topic() % 80), text);
      }
      for (uint64_t edits = random() % 6; edits > 0; --edits) {
        text.replace(3 * (random() % 300), 3, "ー");
      }
      files[static_cast<size_t>(i * num_files / num_rows)] << R"({"id":"r)" << i << R"(","text":")"
                                                           << text << "\"}\n";
    }
  }

  std::string manifest(const std::string& out) const {
    return read_file(folder_ / out / "manifest.json").value_or("none");
  }
  fs::path in() const { return folder_ / "in"; }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  testing::TemporaryDirectory folder_;
};

TEST_F(DedupCli, PrintsWhatItRemovedAndWritesAProvableFolder) {
  fs::create_directories(in());
  ASSERT_TRUE(write_file(in() / "a.jsonl",
                         "{\"id\":\"1\",\"text\":\"いろは\",\"license\":\"MIT\"}\n"
                         "{\"id\":\"2\",\"text\":\"いろは\",\"license\":\"CC0-1.0\"}\n"
                         "{\"id\":\"3\"}\n"));
  const ProcessResult text = run({"dedup", in().string(), "--out", path("out")});
  ASSERT_EQ(text.exit_status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("1 of 2 rows kept"));
  EXPECT_THAT(text.out, HasSubstr("1 rejected"));
  EXPECT_THAT(text.out, HasSubstr("another licence"));
  EXPECT_THAT(read_file(folder_ / "out" / "removals.jsonl").value(),
              HasSubstr(R"("id":"2","file":"a.jsonl","line":2,"kept_id":"1")"));
  EXPECT_FALSE(fs::exists(folder_ / "out" / "scratch"));

  const auto info = run_process({std::getenv("YURAI_BIN"), "info", path("out"), "--verify"});
  EXPECT_EQ(info->exit_status, 0) << info->err;

  const ProcessResult again = run({"dedup", in().string(), "--out", path("out")});
  EXPECT_EQ(again.exit_status, 1);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  const ProcessResult json =
      run({"dedup", in().string(), "--out", path("out"), "--force", "--json"});
  ASSERT_EQ(json.exit_status, 0) << json.err;
  EXPECT_EQ(parse_json(json.out, "output").value()["removed_exact"], 1);
}

TEST_F(DedupCli, RefusesAWrongCommandLineBeforeAnyWork) {
  EXPECT_EQ(run({"dedup", "x"}).exit_status, 2);
  EXPECT_EQ(run({"dedup", "x", "--out", path("o"), "--method", "fuzzy"}).exit_status, 2);
  EXPECT_EQ(run({"dedup", "x", "--out", path("o"), "--threshold", "2"}).exit_status, 2);
  EXPECT_EQ(run({"dedup", "x", "--out", path("o"), "--shards", "0"}).exit_status, 2);
  EXPECT_EQ(run({"dedup", path("missing"), "--out", path("o")}).exit_status, 1);
  write_rows(10, 1);
  const ProcessResult no_index =
      run({"dedup", in().string(), "--out", path("o"), "--method", "substring"});
  EXPECT_EQ(no_index.exit_status, 2);
  EXPECT_THAT(no_index.err, HasSubstr("--index DIR"));
  EXPECT_EQ(run({"dedup", in().string(), "--out", path("o"), "--index", "i"}).exit_status, 2);
  EXPECT_THAT(run({"dedup", in().string(), "--out", (in() / "o").string()}).err, HasSubstr("in"));
  EXPECT_THAT(run({"dedup", in().string(), "--out", path("o")}, {"YURAI_FORCE_ISA=mmx"}).err,
              HasSubstr("scalar, avx2 and avx512"));
  EXPECT_FALSE(fs::exists(folder_ / "o"));
}

TEST_F(DedupCli, ListsRepeatedPassagesWithAnIndex) {
  std::string text;
  for (int i = 0; i < 60; ++i) append_char(static_cast<char32_t>(0x4E00 + i), text);
  fs::create_directories(in());
  ASSERT_TRUE(write_file(in() / "a.jsonl", "{\"id\":\"a\",\"text\":\"始" + text +
                                               "\"}\n{\"id\":\"b\",\"text\":\"" + text +
                                               "終わりの文は別\"}\n"));
  ASSERT_EQ(run({"build", path("corpus"), in().string()}).exit_status, 0);
  const auto built = run_process(
      {std::getenv("YURAI_BIN"), "index", "build", path("index"), "--corpus", path("corpus")});
  ASSERT_EQ(built->exit_status, 0) << built->err;
  const ProcessResult result = run({"dedup", in().string(), "--out", path("out"), "--method",
                                    "substring", "--index", path("index"), "--min-chars", "50"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(read_file(folder_ / "out" / "passages.jsonl").value(),
            R"({"id":"b","number":1,"byte_begin":0,"byte_end":180,"chars":60,)"
            R"("kept_id":"a","kept_number":0,"kept_byte_begin":3})"
            "\n");
}

TEST_F(DedupCli, GivesTheSameBytesOnSeveralProcessesAsOnOne) {
  const auto mpirun = run_process({"mpirun", "--version"});
  if (!mpirun || mpirun->exit_status != 0) GTEST_SKIP() << "mpirun is missing: openmpi-bin";
  write_rows(2000, 3);
  ASSERT_EQ(run({"dedup", in().string(), "--out", path("one"), "--shards", "1"}).exit_status, 0);
  const std::string one = manifest("one");
  EXPECT_THAT(one, ::testing::Not(HasSubstr(R"("removed_near":0)")));
  for (const std::string processes : {"2", "4"}) {  // more files than processes, and fewer
    const ProcessResult result =
        run({"dedup", in().string(), "--out", path("mpi" + processes), "--mpi", "--shards", "7",
             "--threads", "1"},
            {"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "mpirun",
             "--oversubscribe", "-n", processes});
    if (result.err.find("built without MPI") != std::string::npos) GTEST_SKIP() << "no MPI";
    ASSERT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(manifest("mpi" + processes), one);
  }
}

TEST_F(DedupCli, FailsOnAllProcessesWithOneMessageAndLeavesNothing) {
  const auto mpirun = run_process({"mpirun", "--version"});
  if (!mpirun || mpirun->exit_status != 0) GTEST_SKIP() << "mpirun is missing: openmpi-bin";
  write_rows(200, 3);
  ASSERT_TRUE(write_file(in() / "f9.jsonl.gz", "this is no gzip"));
  const ProcessResult result = run({"dedup", in().string(), "--out", path("out"), "--mpi"},
                                   {"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                                    "mpirun", "--oversubscribe", "-n", "2"});
  if (result.err.find("built without MPI") != std::string::npos) GTEST_SKIP() << "no MPI";
  EXPECT_NE(result.exit_status, 0);
  const size_t at = result.err.find("f9.jsonl.gz");
  EXPECT_NE(at, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("f9.jsonl.gz", at + 1), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_FALSE(fs::exists(folder_ / "out.partial"));
}

/// A worker that dies takes the job with it; the next run starts anew and gives the same bytes.
TEST_F(DedupCli, GivesTheSameBytesAfterAWorkerWasKilled) {
  const auto mpirun = run_process({"mpirun", "--version"});
  if (!mpirun || mpirun->exit_status != 0) GTEST_SKIP() << "mpirun is missing: openmpi-bin";
  write_rows(1000, 4);
  ASSERT_EQ(run({"dedup", in().string(), "--out", path("one")}).exit_status, 0);
  // The second worker dies before it joins; mpirun ends the first.
  const std::string worker =
      "if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then kill -9 $$; fi; exec \"$@\"";
  const std::vector<std::string> mpi = {"OMPI_ALLOW_RUN_AS_ROOT=1",
                                        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                                        "mpirun",
                                        "--oversubscribe",
                                        "-n",
                                        "2"};
  std::vector<std::string> dying = mpi;
  dying.insert(dying.end(), {"sh", "-c", worker, "worker"});
  const std::vector<std::string> arguments = {"dedup", in().string(), "--out", path("out"),
                                              "--mpi"};
  const ProcessResult killed = run(arguments, dying);
  EXPECT_NE(killed.exit_status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  const ProcessResult again = run(arguments, mpi);
  if (again.err.find("built without MPI") != std::string::npos) GTEST_SKIP() << "no MPI";
  ASSERT_EQ(again.exit_status, 0) << again.err;
  EXPECT_EQ(manifest("out"), manifest("one"));
  EXPECT_FALSE(fs::exists(folder_ / "out.partial"));
}

}  // namespace
}  // namespace yurai
