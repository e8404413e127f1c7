#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/filter_run.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::FailingDisk;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

constexpr std::string_view kChain = R"(
[[filter]]
name = "length"
min = 3
max = 8
[[filter]]
name = "ja_lines"
[[filter]]
name = "hiragana_share"
min = 0.5
)";

using Files = std::map<std::string, std::string>;

Files files_of(const fs::path& dir) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(dir).generic_string()] = read_file(entry.path()).value();
  }
  return files;
}

class FilterResumeTest : public ::testing::Test {
 protected:
  FilterResumeTest() {
    options_.parts.part_bytes = 1'800;
    fs::create_directory(dir_ / "in");
    std::mt19937_64 random(testing::test_seed());
    for (const char* name : {"in/a.jsonl", "in/b.jsonl"}) {
      std::ofstream out(dir_ / name, std::ios::binary);
      for (int row = 0; row < 10; ++row) out << row_of(random);
    }
    std::ofstream(dir_ / "in/c.txt") << "ひらがなです";
  }

  /// A row, sometimes a broken one before it.
  static std::string row_of(std::mt19937_64& random) {
    static const std::vector<std::string> kAlphabet = {"あ", "い", "漢", "a", "\\n", " "};
    std::string text;
    for (uint64_t n = random() % 12; n > 0; --n) text += kAlphabet[random() % kAlphabet.size()];
    const std::string broken = random() % 10 == 0 ? "{broken\n" : "";
    return broken + "{\"n\":" + std::to_string(random() % 1'000'000) + ",\"text\":\"" + text +
           "\",\"url\":\"http://h" + std::to_string(random() % 9) + ".jp/\"}\n";
  }

  struct How {
    std::string_view chain = kChain;
    bool resume = false;
    bool force = false;
    Disk* disk = nullptr;
  };

  Result<void> filter(const std::string& out, const How& how) {
    const Chain chain = Chain::parse(how.chain, "c", {}, {}).value();
    YURAI_ASSIGN(const InputList inputs, list_inputs({dir_ / "in"}));
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(
                     dir_ / out, {.force = how.force, .resume = how.resume, .disk = how.disk}));
    YURAI_TRY(filter_files(chain, "c", inputs, options_, stage, no_progress));
    return stage.commit();
  }

  /// A run to compare with.
  Files uninterrupted() {
    EXPECT_TRUE(filter("whole", {}));
    return files_of(dir_ / "whole");
  }

  /// Leaves "out" with some finished parts.
  void interrupt() {
    FailingDisk disk(45);
    ASSERT_FALSE(filter("out", {.disk = &disk}));
    ASSERT_TRUE(fs::exists(dir_ / "out.partial/part-00000.jsonl"));
  }

  std::string why_not(const How& how) {
    const auto done = filter("out", how);
    EXPECT_FALSE(done);
    return done ? "" : done.error().message;
  }

  TemporaryDirectory dir_;
  FilterRunOptions options_;
};

TEST_F(FilterResumeTest, ADiskThatFillsUpAtAnyWriteLeavesAPointToGoOnFrom) {
  const Files expected = uninterrupted();
  EXPECT_GT(expected.count("part-00001.jsonl"), 0u);
  EXPECT_GT(expected.count("ledger/decisions-00002.jsonl.zst"), 0u);
  FailingDisk counting(UINT64_MAX);
  ASSERT_TRUE(filter("out", {.disk = &counting}));
  fs::remove_all(dir_ / "out");
  bool kept_some = false;
  for (uint64_t at = 0; at < counting.num_operations(); ++at) {
    FailingDisk disk(at);
    options_.num_threads = static_cast<int>(at % 3) + 1;
    const auto failed = filter("out", {.disk = &disk});
    ASSERT_FALSE(failed) << at;
    EXPECT_THAT(failed.error().message, HasSubstr("free some space"));
    // The last operation syncs the parent folder: the folder is whole by then.
    if (at + 1 < counting.num_operations()) {
      ASSERT_FALSE(fs::exists(dir_ / "out")) << at;
      if (DecisionLedger::open(dir_ /
                               "out.partial")) {  // only where nothing but the rename is left
        Files there = files_of(dir_ / "out.partial");
        there.erase(std::string(kStagingMark));
        EXPECT_TRUE(there == expected) << at;
      }
      const bool kept = fs::exists(dir_ / "out.partial");
      EXPECT_TRUE(kept || !kept_some) << at;
      kept_some |= kept;
      if (kept) {
        EXPECT_THAT(why_not({}), HasSubstr("with --resume, or begin anew with --force"));
      }
      ASSERT_TRUE(filter("out", {.resume = true})) << at;
    }
    ASSERT_TRUE(files_of(dir_ / "out") == expected) << at;
    EXPECT_FALSE(fs::exists(dir_ / "out.partial")) << at;
    fs::remove_all(dir_ / "out");
  }
  EXPECT_TRUE(kept_some);
}

TEST_F(FilterResumeTest, GoesOnHoweverOftenItIsKilled) {
  options_.parts.zstd = true;
  const Files expected = uninterrupted();
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 4; ++round) {
    int killed = 0;
    while (!fs::exists(dir_ / "out")) {
      options_.num_threads = static_cast<int>(random() % 3) + 1;
      const bool lived = testing::survives(
          random() % (20 + 20 * static_cast<uint64_t>(killed)),
          [&](Disk& disk) { return filter("out", {.resume = true, .disk = &disk}); });
      killed += lived ? 0 : 1;
    }
    EXPECT_GT(killed, 0);
    ASSERT_TRUE(files_of(dir_ / "out") == expected);
    fs::remove_all(dir_ / "out");
  }
}

TEST_F(FilterResumeTest, DoesNotFilterAgainWhatIsFinished) {
  const Files expected = uninterrupted();
  interrupt();
  const fs::path part = dir_ / "out.partial/part-00000.jsonl";
  const auto written = fs::last_write_time(part);
  ASSERT_TRUE(filter("out", {.resume = true}));
  EXPECT_EQ(fs::last_write_time(dir_ / "out/part-00000.jsonl"), written);
  EXPECT_TRUE(files_of(dir_ / "out") == expected);
}

TEST_F(FilterResumeTest, RefusesAnotherChainOtherOptionsAndOtherInputs) {
  interrupt();
  const std::string other = std::string(kChain) + "[change.length]\nmax = 9\n";
  EXPECT_THAT(why_not({.chain = other, .resume = true}),
              HasSubstr("was begun with step {\"step\":\"length\""));
  const std::string longer = std::string(kChain) + "[[filter]]\nname = \"not_empty\"\n";
  EXPECT_THAT(why_not({.chain = longer, .resume = true}), HasSubstr("was begun with steps ["));
  options_.measure_all = true;
  EXPECT_THAT(why_not({.resume = true}), HasSubstr("was begun with measure_all false, not true"));
  options_.measure_all = false;
  options_.parts.part_bytes = 5'000;
  EXPECT_THAT(why_not({.resume = true}), HasSubstr("was begun with part_bytes 1800, not 5000"));
  options_.parts.part_bytes = 1'800;

  fs::rename(dir_ / "in/b.jsonl", dir_ / "b.jsonl");
  EXPECT_THAT(why_not({.resume = true}), HasSubstr("was begun with input {\"name\":\"b.jsonl\""));
  fs::rename(dir_ / "b.jsonl", dir_ / "in/b.jsonl");

  const std::string rows = read_file(dir_ / "in/a.jsonl").value();
  std::string changed = rows;
  changed[rows.find("\"n\":") + 4] ^= 1;  // another member, the same text
  std::ofstream(dir_ / "in/a.jsonl", std::ios::binary) << changed;
  EXPECT_THAT(why_not({.resume = true}), HasSubstr("of the input are not those that '"));
  std::ofstream(dir_ / "in/a.jsonl", std::ios::binary) << rows;
  ASSERT_TRUE(filter("out", {.resume = true}));
  EXPECT_TRUE(files_of(dir_ / "out") == uninterrupted());
}

TEST_F(FilterResumeTest, RefusesWhatWasChangedOnTheDisk) {
  std::mt19937_64 random(testing::test_seed());
  interrupt();
  for (const char* name :
       {"part-00000.jsonl", "ledger/decisions-00000.jsonl.zst", ".yurai-partial"}) {
    const fs::path path = dir_ / "out.partial" / name;
    const std::string whole = read_file(path).value();
    for (int round = 0; round < 20; ++round) {
      std::string bytes = whole;
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      std::ofstream(path, std::ios::binary) << bytes;
      EXPECT_THAT(why_not({.resume = true}), HasSubstr("begin anew with --force")) << name;
    }
    std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() / 2);
    EXPECT_THAT(why_not({.resume = true}), HasSubstr("begin anew with --force")) << name;
    std::ofstream(path, std::ios::binary) << whole;
  }
  ASSERT_TRUE(filter("out", {.resume = true}));
  EXPECT_TRUE(files_of(dir_ / "out") == uninterrupted());
}

TEST_F(FilterResumeTest, BeginsAnewByForceAndWhereNothingIsFinished) {
  const Files expected = uninterrupted();
  ASSERT_TRUE(filter("out", {.resume = true}));
  EXPECT_TRUE(files_of(dir_ / "out") == expected);
  fs::remove_all(dir_ / "out");
  interrupt();
  ASSERT_TRUE(filter("out", {.force = true}));
  EXPECT_TRUE(files_of(dir_ / "out") == expected);
  EXPECT_FALSE(fs::exists(dir_ / "out.partial"));
}

}  // namespace
}  // namespace yurai
