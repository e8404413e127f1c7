#include "yurai/testbed/run_facts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/testbed/testing.h"

namespace yurai {
namespace {

class RunFactsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(testing::write_corpus(dir_ / "corpus", {{.id = "a", .text = "abcdefghijklmnopqrst"},
                                                        {.id = "b", .text = "123456789"}}));
    const auto written = testing::write_run(dir_.path(), dir_ / "corpus", 4);
    ASSERT_TRUE(written) << written.error().message;
  }

  Result<Json> facts() const {
    YURAI_ASSIGN(const TrainedRun run, TrainedRun::open(dir_ / "run"));
    return facts_json(run);
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(RunFactsTest, SayWhatARunIsAndHowItWentWithoutPaths) {
  const auto json = facts();
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["run"]["tokens"], 29);
  EXPECT_EQ((*json)["run"]["configuration"]["batch"]["sequence_tokens"], 8);
  EXPECT_EQ((*json)["lineage"].back()["checksum"].get<std::string>().size(), 64U);
  EXPECT_EQ((*json)["ledger"]["steps"], 4);
  EXPECT_EQ((*json)["ledger"]["tokens_per_epoch"], 31);  // an end token a document
  EXPECT_EQ((*json)["ledger"]["chain_head"].get<std::string>().size(), 64U);
  ASSERT_EQ((*json)["metrics"].size(), 4U);
  EXPECT_EQ((*json)["metrics"][3]["loss_nats"], 3.0);
  EXPECT_EQ((*json)["metrics"][0]["running_mean_nats"], 0.0);
  EXPECT_EQ(dump_json(*json).find(dir_.path().string()), std::string::npos);
}

TEST_F(RunFactsTest, AreThoseOfItsFolderAndKnownBeforeTheFirstStep) {
  EXPECT_EQ(facts_json(dir_ / "run").value(), facts().value());
  std::filesystem::remove_all(dir_ / "run" / kRunLedger);
  std::filesystem::remove(dir_ / "run" / kMetricsName);
  const auto json = facts_json(dir_ / "run");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_TRUE((*json)["ledger"].is_null());
  EXPECT_TRUE((*json)["metrics"].empty());
  EXPECT_EQ((*json)["run"]["documents"], 2);
  EXPECT_EQ(facts_json(dir_ / "none").error().code, ErrorCode::kNotFound);
}

TEST_F(RunFactsTest, OfALedgerAloneAreWhatItKnows) {
  std::filesystem::copy(dir_ / "run" / kRunLedger, dir_ / "moved");
  const auto ledger = TrainedRun::open(dir_ / "moved");
  ASSERT_TRUE(ledger) << ledger.error().message;
  const auto json = facts_json(*ledger);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["run"]["format"], "yurai-ledger");
  EXPECT_EQ((*json)["run"]["documents"], 2);
  EXPECT_TRUE((*json)["run"]["validation_documents"].is_null());
  EXPECT_EQ((*json)["run"]["corpus_sha256"], facts().value()["run"]["corpus_sha256"]);
  EXPECT_EQ((*json)["ledger"], facts().value()["ledger"]);
  EXPECT_TRUE((*json)["model"].is_null());
  EXPECT_TRUE((*json)["metrics"].empty());
}

TEST_F(RunFactsTest, CountTheParametersOfTheNewestCheckpoint) {
  EXPECT_TRUE(facts().value()["model"].is_null());
  for (const uint64_t steps : {2, 10}) {
    ASSERT_TRUE(testing::write_checkpoint_without_weights(dir_ / "run", steps));
  }
  const auto json = facts();
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["model"]["id"], "step-10");
  EXPECT_EQ((*json)["model"]["architecture"], "LlamaForCausalLM");
  uint64_t total = 0;
  const auto shapes = parameter_shapes(testing::checkpoint_config());
  for (const ParameterShape& shape : shapes) total += shape.num_values();
  EXPECT_EQ((*json)["model"]["parameters"]["total"], total);
  EXPECT_TRUE((*json)["model"]["experts"].is_null());
}

TEST_F(RunFactsTest, LeaveOutALineThatIsBeingWrittenAndRefuseOneThatIsDamaged) {
  const std::string lines = read_file(dir_ / "run" / kMetricsName).value();
  ASSERT_TRUE(write_file(dir_ / "run" / kMetricsName, lines.substr(0, lines.size() - 9)));
  EXPECT_EQ(facts().value()["metrics"].size(), 3U);
  ASSERT_TRUE(write_file(dir_ / "run" / kMetricsName, "{\"step\":\n" + lines));
  EXPECT_FALSE(facts());
  std::filesystem::remove(dir_ / "run" / kMetricsName);
  EXPECT_EQ(facts().value()["metrics"].size(), 0U);
}

TEST(LossCurve, KeepsTheLastStepAndEveryValidationWhenItIsThinned) {
  std::vector<StepMetrics> steps(5000);
  for (size_t i = 0; i < steps.size(); ++i) {
    steps[i].step = i;
    if (i % 60 == 59) steps[i].validation_nats = 2;
  }
  const std::vector<size_t> chosen = thinned(steps, 1000);
  EXPECT_EQ(chosen.size(), 1000U);
  EXPECT_TRUE(std::ranges::is_sorted(chosen));
  EXPECT_EQ(std::ranges::adjacent_find(chosen), chosen.end());
  EXPECT_EQ(chosen.back(), 4999U);
  for (size_t i = 59; i < steps.size(); i += 60) {
    EXPECT_TRUE(std::ranges::binary_search(chosen, i)) << i;
  }
  // No gap is much wider than an even choice's.
  for (size_t i = 1; i < chosen.size(); ++i) EXPECT_LE(chosen[i] - chosen[i - 1], 7U);
  for (StepMetrics& step : steps) step.validation_nats = 2;
  EXPECT_EQ(thinned(steps, 1000).size(), 1000U);
  EXPECT_EQ(thinned(steps, 1000).back(), 4999U);
  EXPECT_EQ(thinned({}, 1000).size(), 0U);
  EXPECT_EQ(thinned(std::vector<StepMetrics>(3), 1000), (std::vector<size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace yurai
