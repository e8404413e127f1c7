#include <gtest/gtest.h>

#include "yurai/gateway/gateway_testing.h"
#include "yurai/testbed/trained_run.h"

namespace yurai {
namespace {

using testing::Answer;
using testing::ask;
using testing::GatewayTest;

TEST_F(GatewayTest, SaysWhenARunReadWhatATextRepeats) {
  const Json body = {{"text", "吾輩は猫である。名前はまだ無い。"}, {"max_chance", "inf"}};
  const Answer answer = documented(post("/v1/trace", body), "/v1/trace", "post");
  const Json document = answer.json()["spans"][0]["documents"][0];
  ASSERT_EQ(document["id"], "neko");
  // Not every document was read in 12 steps of 16 tokens, and how often depends on the order.
  const auto run = TrainedRun::open(*run_ / "run");
  ASSERT_TRUE(run) << run.error().message;
  const auto rows = run->ledger().exposures("neko", document["byte_begin"], document["byte_end"]);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(document["seen_total"], rows->size());
  EXPECT_EQ(document["seen"].size(), rows->size());
  EXPECT_TRUE(document["loss_now"].is_null());
  const Json without = ask(open({}), "POST", "/v1/trace", dump_json(body)).json();
  EXPECT_FALSE(without["spans"][0]["documents"][0].contains("seen"));
}

TEST_F(GatewayTest, CreditsTheModelThatAnswersWithTheStepsBeforeItWasKept) {
  const testing::TemporaryDirectory dir;
  std::filesystem::copy(*run_ / "run", dir / "run", std::filesystem::copy_options::recursive);
  const auto model = std::make_shared<testing::ThreeNats>();
  const std::string body =
      dump_json({{"text", "吾輩は猫である。名前はまだ無い。"}, {"max_chance", "inf"}});
  for (const uint64_t steps : {0, 5, 12}) {
    ASSERT_TRUE(testing::write_checkpoint_without_weights(dir / "run", steps));
    const auto kept = dir / "run/checkpoints" / ("step-" + std::to_string(steps));
    const Gateway gateway = open({.model = model, .model_dir = kept, .run_dirs = {dir / "run"}});
    const Json document =
        ask(gateway, "POST", "/v1/trace", body).json()["spans"][0]["documents"][0];
    for (const Json& seen : document["seen"]) EXPECT_LT(seen["step"], steps);
    EXPECT_EQ(document["loss_now"].is_null(), document["seen"].empty());
    if (!document["loss_now"].is_null()) {
      EXPECT_EQ(document["loss_now"], 3);
    }
  }
}

TEST_F(GatewayTest, SaysThatARunCannotBeRead) {
  const testing::TemporaryDirectory dir;
  std::filesystem::copy(*run_ / "run", dir / "run", std::filesystem::copy_options::recursive);
  const Gateway gateway = open({.run_dirs = {dir / "run"}});
  std::filesystem::resize_file(dir / "run/ledger/steps.log", 10);
  const Answer answer = documented(
      ask(gateway, "POST", "/v1/trace",
          dump_json({{"text", "吾輩は猫である。名前はまだ無い。"}, {"max_chance", "inf"}})),
      "/v1/trace", "post");
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("the run cannot be read"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find(dir.path().string()), std::string::npos);
}

TEST_F(GatewayTest, ShowsTheRunsThatItServes) {
  const Json run = documented(get("/v1/runs"), "/v1/runs", "get").json()["runs"][0];
  EXPECT_EQ(run["name"], "run");
  EXPECT_EQ(run["ledger"]["steps"], 12);
  EXPECT_EQ(run["metrics"].size(), 12U);
  EXPECT_EQ(get("/v1/runs?steps=3").param(), "steps");
  const Answer none = documented(ask(open({}), "GET", "/v1/runs"), "/v1/runs", "get");
  EXPECT_EQ(none.body, "{\"runs\":[]}\n");

  // Traces speak of the first; another may be of any corpus, or of another trainer.
  const testing::TemporaryDirectory other;
  ASSERT_TRUE(testing::write_corpus(other / "corpus", {{.id = "else", .text = "anything else"}}));
  ASSERT_TRUE(testing::write_run(other.path(), other / "corpus", 3));
  std::filesystem::copy(other / "run/ledger", other / "ledger");
  const Gateway both = open({.run_dirs = {*run_ / "run", other / "run/", other / "ledger"}});
  const Json list = documented(ask(both, "GET", "/v1/runs"), "/v1/runs", "get").json()["runs"];
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0], run);
  EXPECT_EQ(list[1]["name"], "run");
  EXPECT_EQ(list[1]["ledger"]["steps"], 3);
  EXPECT_EQ(list[2]["name"], "ledger");
  EXPECT_EQ(list[2]["run"]["format"], "yurai-ledger");
  EXPECT_EQ(list[2]["ledger"], list[1]["ledger"]);
}

}  // namespace
}  // namespace yurai
