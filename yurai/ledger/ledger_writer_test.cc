#include "yurai/ledger/ledger_writer.h"

#include <gtest/gtest.h>

#include "yurai/base/testing.h"
#include "yurai/ledger/ledger.h"
#include "yurai/ledger/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::FailingDisk;
using testing::files_of;
using testing::TemporaryDirectory;
using testing::ToyRun;

constexpr uint64_t kSteps = 8;
constexpr uint64_t kSyncEvery = 3;

ToyRun small_run() { return testing::toy_run(9, 5, 12, {5, 8, 2}, kSteps); }

/// From the writer's next step to the last, synced every kSyncEvery steps and at the end.
Result<void> go_on(LedgerWriter& writer, const ToyRun& run) {
  while (writer.steps() < run.steps.size()) {
    YURAI_TRY(writer.append(run.steps[writer.steps()]));
    if (writer.steps() % kSyncEvery == 0) YURAI_TRY(writer.sync());
  }
  return writer.sync();
}

Result<void> write_run(const fs::path& dir, const ToyRun& run, Disk* disk = nullptr) {
  YURAI_ASSIGN(LedgerWriter writer, LedgerWriter::create(dir, run.head, run.documents, disk));
  return go_on(writer, run);
}

TEST(LedgerWriter, GoesOnAfterACrashAtAnyByteAsIfNothingHadHappened) {
  for (const ToyRun& run : {small_run(), testing::toy_run(9, 5, 12, {5, 8, 2, false}, kSteps),
                            testing::toy_listed_run(4, 5, kSteps)}) {
    const TemporaryDirectory dir;
    ASSERT_TRUE(write_run(dir / "ledger", run));
    const auto whole = files_of(dir / "ledger");
    const std::string& log = whole.at("steps.log");
    const std::string& index = whole.at("steps.idx");
    for (uint64_t synced = 0; synced <= kSteps; ++synced) {
      const std::string named = index.substr(0, 8 * synced);
      const uint64_t durable = LedgerWriter::resume(dir / "ledger", synced).has_value()
                                   ? fs::file_size(dir / "ledger" / "steps.log")
                                   : 0;
      for (size_t size = durable; size <= log.size(); size += 1 + size % 3) {
        testing::overwrite(dir / "ledger" / "steps.log", log.substr(0, size) + "torn");
        testing::overwrite(dir / "ledger" / "steps.idx", named + "???");
        auto writer = LedgerWriter::resume(dir / "ledger", synced);
        ASSERT_TRUE(writer) << writer.error().message;
        EXPECT_EQ(writer->steps(), synced);
        const auto done = go_on(*writer, run);
        ASSERT_TRUE(done) << done.error().message;
        EXPECT_TRUE(files_of(dir / "ledger") == whole) << synced << " synced, " << size;
      }
    }
  }
}

TEST(LedgerWriter, GoesOnFromEveryStep) {
  const ToyRun run = small_run();
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_run(dir / "ledger", run));
  const auto whole = files_of(dir / "ledger");
  const Ledger ledger = Ledger::open(dir / "ledger").value();
  std::vector<std::string> heads;
  for (uint64_t steps = 0; steps <= kSteps; ++steps) {
    heads.push_back(ledger.chain_head(steps).value());
  }
  for (uint64_t steps = 0; steps <= kSteps; ++steps) {
    auto writer = LedgerWriter::resume(dir / "ledger", steps);
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_EQ(writer->chain_head(), heads[steps]);
    EXPECT_EQ(Ledger::open(dir / "ledger")->steps(), steps);
    ASSERT_TRUE(go_on(*writer, run));
    EXPECT_EQ(writer->chain_head(), heads[kSteps]);
    EXPECT_TRUE(files_of(dir / "ledger") == whole);
  }
  EXPECT_EQ(LedgerWriter::resume(dir / "ledger", kSteps + 1).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(LedgerWriter, ChainDependsOnDocumentsHeadAndEveryStep) {
  const TemporaryDirectory dir;
  const ToyRun run = small_run();
  const auto head_of = [&](const ToyRun& other) {
    fs::remove_all(dir / "ledger");
    EXPECT_TRUE(write_run(dir / "ledger", other));
    return Ledger::open(dir / "ledger")->chain_head().value();
  };
  const std::string head = head_of(run);
  EXPECT_EQ(head_of(run), head);
  ToyRun other = run;
  other.head.tokenizer_sha256 = "71";
  EXPECT_NE(head_of(other), head);
  other = run;
  other.documents[2].id += "x";
  EXPECT_NE(head_of(other), head);
  other = run;
  other.steps[1][0].loss_nats_mean += 1;
  EXPECT_NE(head_of(other), head);
}

TEST(LedgerWriter, OutlivesAKillAtEveryOperation) {
  const ToyRun run = small_run();
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_run(dir / "whole", run));
  const auto whole = files_of(dir / "whole");
  for (uint64_t die_at = 0;; ++die_at) {
    fs::remove_all(dir / "ledger");
    const bool lived = testing::survives(
        die_at, [&](Disk& disk) { return write_run(dir / "ledger", run, &disk); });
    if (fs::exists(dir / "ledger")) {
      const auto ledger = Ledger::open(dir / "ledger");
      ASSERT_TRUE(ledger) << die_at << ": " << ledger.error().message;
      const uint64_t synced = ledger->steps() / kSyncEvery * kSyncEvery;
      auto writer = LedgerWriter::resume(dir / "ledger", synced);
      ASSERT_TRUE(writer) << writer.error().message;
      ASSERT_TRUE(go_on(*writer, run));
    } else {
      ASSERT_TRUE(write_run(dir / "ledger", run)) << die_at;
    }
    auto files = files_of(dir / "ledger");
    files.erase(std::string(kStagingMark));  // a kill right after the rename leaves it
    EXPECT_TRUE(files == whole) << "killed at operation " << die_at;
    if (lived) break;
  }
}

TEST(LedgerWriter, SaysThatTheDiskIsFullAndGoesOnWhenItIsNot) {
  const ToyRun run = small_run();
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_run(dir / "whole", run));
  const auto whole = files_of(dir / "whole");
  FailingDisk counting(UINT64_MAX);
  ASSERT_TRUE(write_run(dir / "counted", run, &counting));
  for (uint64_t fail_at = 0; fail_at < counting.num_operations(); ++fail_at) {
    fs::remove_all(dir / "ledger");
    FailingDisk disk(fail_at);
    const auto written = write_run(dir / "ledger", run, &disk);
    ASSERT_FALSE(written) << fail_at;
    EXPECT_EQ(written.error().code, ErrorCode::kIo);
    if (!fs::exists(dir / "ledger")) continue;
    const Ledger ledger = Ledger::open(dir / "ledger").value();
    for (uint64_t n = 0; n < ledger.steps(); ++n) {
      EXPECT_EQ(testing::text_of(ledger.step(n).value()), testing::text_of(run.steps[n]));
    }
    LedgerWriter writer = LedgerWriter::resume(dir / "ledger", ledger.steps()).value();
    ASSERT_TRUE(go_on(writer, run));
    EXPECT_TRUE(files_of(dir / "ledger") == whole) << fail_at;
  }
}

TEST(LedgerWriter, RefusesRowsThatAreNotTheNextOfTheOrder) {
  const ToyRun run = testing::toy_run(9, 5, 12, {5, 8, 2, false}, kSteps);
  const TemporaryDirectory dir;
  LedgerWriter writer = LedgerWriter::create(dir / "ledger", run.head, run.documents).value();
  ASSERT_TRUE(writer.append(run.steps[0]));
  const auto refuses = [&](auto&& change) {
    std::vector<LedgerRow> rows = run.steps[1];
    change(rows);
    const auto appended = writer.append(rows);
    return !appended && appended.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refuses([](auto& rows) { rows.pop_back(); }));
  EXPECT_TRUE(refuses([](auto& rows) { rows.push_back(rows.back()); }));
  EXPECT_TRUE(refuses([](auto& rows) { rows.clear(); }));
  EXPECT_TRUE(refuses([](auto& rows) { std::swap(rows[0], rows[1]); }));
  EXPECT_TRUE(refuses([](auto& rows) { rows[0].step = 0; }));
  EXPECT_TRUE(refuses([](auto& rows) { ++rows[0].tokens; }));
  EXPECT_TRUE(refuses([](auto& rows) { ++rows[0].epoch; }));
  EXPECT_TRUE(refuses([](auto& rows) { ++rows[0].byte_begin; }));
  EXPECT_TRUE(refuses([](auto& rows) { rows.back().byte_end += 1000; }));
  EXPECT_EQ(writer.steps(), 1u);
  ASSERT_TRUE(writer.append(run.steps[1]));
  EXPECT_FALSE(writer.append(run.steps[1]));
}

TEST(LedgerWriter, RefusesShuffledRowsWhoseBytesDoNotJoinInTheirSequence) {
  const ToyRun run = small_run();
  const TemporaryDirectory dir;
  LedgerWriter writer = LedgerWriter::create(dir / "ledger", run.head, run.documents).value();
  for (const auto& rows : run.steps) {
    for (size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].sequence != rows[i - 1].sequence) continue;
      std::vector<LedgerRow> wrong = rows;
      ++wrong[i].byte_begin;
      EXPECT_FALSE(writer.append(wrong));
    }
    ASSERT_TRUE(writer.append(rows));
  }
}

TEST(LedgerWriter, RefusesAStageThatIsNoneAndAnotherWriter) {
  ToyRun run = small_run();
  const TemporaryDirectory dir;
  run.head.stage = "sleep";
  const auto created = LedgerWriter::create(dir / "ledger", run.head, run.documents);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().message,
            "'sleep' is no stage of training; there are pretrain, midtrain, long, sft, dpo, rl");
  run.head.stage = "long";
  const LedgerWriter writer = LedgerWriter::create(dir / "ledger", run.head, run.documents).value();
  EXPECT_EQ(LedgerWriter::resume(dir / "ledger", 0).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(LedgerWriter::create(dir / "ledger", run.head, run.documents).error().code,
            ErrorCode::kAlreadyExists);
  EXPECT_FALSE(LedgerWriter::create(dir / "none", run.head, {}));
}

}  // namespace
}  // namespace yurai
