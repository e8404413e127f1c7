#include "yurai/testbed/trained_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yurai/base/stop.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/testbed/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using testing::ThreeNats;

/// A run of four steps of two sequences of 8 tokens over two documents of 20 and 9 bytes, whose
/// losses are the number of their step.
class TrainedRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto corpus = testing::write_corpus(
        dir_ / "corpus",
        {{.id = "a", .text = "abcdefghijklmnopqrst"}, {.id = "b", .text = "123456789"}});
    ASSERT_TRUE(corpus);
    identity_ = corpus->identity();
    const auto written = testing::write_run(dir_.path(), dir_ / "corpus", 4);
    ASSERT_TRUE(written) << written.error().message;
  }

  Trace trace(const std::string& id, uint64_t begin, uint64_t end) const {
    Occurrence occurrence;
    occurrence.document.id = id;
    occurrence.byte_begin = begin;
    occurrence.byte_end = end;
    Span span;
    span.documents = {occurrence};
    Trace out;
    out.spans = {span};
    out.index = identity_;
    return out;
  }

  std::filesystem::path ledger_alone() const {
    std::filesystem::copy(dir_ / "run" / kRunLedger, dir_ / "moved");
    return dir_ / "moved";
  }

  testing::TemporaryDirectory dir_;
  CorpusIdentity identity_;
};

TEST_F(TrainedRunTest, SaysWhichStepsReadWhatAnAnswerRepeats) {
  const auto run = TrainedRun::open(dir_ / "run");
  ASSERT_TRUE(run) << run.error().message;
  for (uint64_t begin = 0; begin < 20; ++begin) {
    for (uint64_t end = begin + 1; end <= 20; ++end) {
      Trace traced = trace("a", begin, end);
      ASSERT_TRUE(run->add_exposures(traced, std::nullopt));
      const Exposures& exposures = *traced.spans[0].documents[0].exposures;
      // Every step's rows, one by one.
      size_t wanted = 0;
      for (uint64_t step = 0; step < 4; ++step) {
        const std::vector<LedgerRow> rows = run->ledger().step(step).value();
        for (const LedgerRow& row : rows) {
          if (row.document != 0 || row.byte_begin >= end || row.byte_end <= begin) continue;
          ASSERT_LT(wanted, exposures.seen.size());
          EXPECT_EQ(exposures.seen[wanted].step, step);
          EXPECT_EQ(exposures.seen[wanted].byte_begin, row.byte_begin);
          EXPECT_EQ(exposures.seen[wanted].byte_end, row.byte_end);
          EXPECT_EQ(*exposures.seen[wanted].loss_nats, static_cast<double>(step));
          ++wanted;
        }
      }
      EXPECT_EQ(exposures.total, wanted);
      EXPECT_FALSE(exposures.loss_now);
      EXPECT_LE(*exposures.loss_first, *exposures.loss_last);
    }
  }
}

TEST_F(TrainedRunTest, AsksTheModelWhatThePassageCostsNow) {
  const auto run = TrainedRun::open(dir_ / "run");
  Trace traced = trace("b", 0, 9);
  const ThreeNats model;
  ASSERT_TRUE(run->add_exposures(traced, TrainedRun::Kept{&model, 4}));
  EXPECT_EQ(*traced.spans[0].documents[0].exposures->loss_now, 3);
  const Json json = to_json(traced)["spans"][0]["documents"][0];
  EXPECT_EQ(json["loss_now"], 3);
  EXPECT_EQ(json["seen"][0]["stage"], "pretrain");
  EXPECT_EQ(json["seen_total"], json["seen"].size());
}

TEST_F(TrainedRunTest, CreditsAKeptModelWithTheStepsBeforeItOnly) {
  const auto run = TrainedRun::open(dir_ / "run");
  const ThreeNats model;
  for (uint64_t steps = 0; steps <= 4; ++steps) {
    Trace traced = trace("a", 0, 20);
    ASSERT_TRUE(run->add_exposures(traced, TrainedRun::Kept{&model, steps}));
    const Exposures& exposures = *traced.spans[0].documents[0].exposures;
    uint64_t wanted = 0;
    const std::vector<LedgerRow> rows = run->ledger().exposures("a", 0, 20).value();
    for (const LedgerRow& row : rows) {
      wanted += row.step < steps ? 1 : 0;
    }
    EXPECT_EQ(exposures.total, wanted) << steps;
    EXPECT_EQ(exposures.loss_now.has_value(), wanted > 0);
    for (const Exposure& seen : exposures.seen) EXPECT_LT(seen.step, steps);
  }
}

TEST_F(TrainedRunTest, SaysNothingOfADocumentThatWasNotTrained) {
  const auto run = TrainedRun::open(dir_ / "run");
  Trace traced = trace("kept apart", 0, 4);
  ASSERT_TRUE(run->add_exposures(traced, std::nullopt));
  EXPECT_EQ(traced.spans[0].documents[0].exposures->total, 0U);
  EXPECT_TRUE(to_json(traced)["spans"][0]["documents"][0]["loss_first"].is_null());
}

TEST_F(TrainedRunTest, SaysWhichDocumentsWereKeptApart) {
  std::vector<Document> documents;
  for (int i = 0; i < 20; ++i) {
    documents.push_back({.id = std::to_string(i), .text = "text " + std::to_string(i)});
  }
  const testing::TemporaryDirectory dir;
  identity_ = testing::write_corpus(dir / "corpus", documents)->identity();
  const auto written = testing::write_run(dir.path(), dir / "corpus", 40, 0.5);
  ASSERT_TRUE(written) << written.error().message;
  const auto run = TrainedRun::open(dir / "run");
  ASSERT_TRUE(run) << run.error().message;
  size_t held_out = 0;
  for (const Document& document : documents) {
    Trace traced = trace(document.id, 0, 4);
    ASSERT_TRUE(run->add_exposures(traced, std::nullopt));
    const Json json = to_json(traced)["spans"][0]["documents"][0];
    EXPECT_EQ(json["held_out"].get<bool>(), json["seen_total"] == 0) << json;
    EXPECT_EQ(json["exact_bytes"], true);
    held_out += json["held_out"].get<bool>() ? 1 : 0;
  }
  EXPECT_EQ(held_out, run->inputs()->validation.size());
  EXPECT_GT(held_out, 0U);
}

TEST_F(TrainedRunTest, ALedgerAloneSaysTheSame) {
  const auto run = TrainedRun::open(dir_ / "run");
  const auto ledger = TrainedRun::open(ledger_alone());
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_FALSE(ledger->inputs());
  Trace from_run = trace("a", 3, 9);
  Trace from_ledger = from_run;
  ASSERT_TRUE(run->add_exposures(from_run, std::nullopt));
  ASSERT_TRUE(ledger->add_exposures(from_ledger, std::nullopt));
  EXPECT_EQ(to_json(from_ledger), to_json(from_run));
  EXPECT_TRUE(TrainedRun::open(dir_ / "run/ledger/")->inputs()) << "the ledger of a run is the run";
  EXPECT_GT(from_run.spans[0].documents[0].exposures->total, 0U);
  from_ledger.index.corpus_sha256 = std::string(64, '0');
  EXPECT_FALSE(ledger->add_exposures(from_ledger, std::nullopt));
}

TEST_F(TrainedRunTest, KnowsAfterHowManyStepsItKeptAModel) {
  const std::filesystem::path kept = dir_ / "run/checkpoints/step-2";
  ASSERT_TRUE(testing::write_checkpoint_without_weights(dir_ / "run", 2));
  Manifest copy;
  copy.format = "yurai-model";
  add_to_lineage(copy.lineage, read_manifest(kept).value());
  const auto write = [&](const std::string& name) {
    auto stage = StagingDirectory::create(dir_ / name, {}).value();
    ASSERT_TRUE(write_manifest(copy, stage));
    ASSERT_TRUE(stage.commit());
  };
  write("copy");
  copy.lineage[0]["facts"]["ledger_head"] = std::string(64, '0');
  write("of another");
  copy.lineage[0]["facts"]["steps"] = 99;
  write("of a longer one");
  const auto run = TrainedRun::open(dir_ / "run").value();
  EXPECT_EQ(run.steps_of(kept).value(), 2U);
  EXPECT_EQ(run.steps_of(dir_ / "copy").value(), 2U);
  std::filesystem::remove_all(kept);
  EXPECT_EQ(run.steps_of(dir_ / "copy").value(), 2U) << "the ledger knows what is gone";
  EXPECT_FALSE(run.steps_of(dir_ / "of another").value());
  EXPECT_FALSE(run.steps_of(dir_ / "of a longer one").value());
  EXPECT_FALSE(run.steps_of(dir_ / "corpus").value());
}

TEST_F(TrainedRunTest, StopsWhenItIsAskedTo) {
  const auto run = TrainedRun::open(dir_ / "run").value();
  Trace traced = trace("a", 0, 4);
  std::stop_source stop;
  stop.request_stop();
  const StopScope stopping(stop.get_token());
  EXPECT_EQ(run.add_exposures(traced, std::nullopt).error().code, ErrorCode::kCancelled);
}

TEST_F(TrainedRunTest, RefusesATraceOfAnotherCorpus) {
  const auto run = TrainedRun::open(dir_ / "run");
  Trace traced = trace("a", 0, 4);
  traced.index.corpus_sha256 = std::string(64, '0');
  EXPECT_THAT(run->add_exposures(traced, std::nullopt).error().message,
              HasSubstr("trained on corpus"));
}

}  // namespace
}  // namespace yurai
