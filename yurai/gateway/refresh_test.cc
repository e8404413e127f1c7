#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "yurai/gateway/ask_gateway.h"
#include "yurai/gateway/served_index.h"
#include "yurai/index/index_update.h"
#include "yurai/testbed/testing.h"

namespace yurai {
namespace {

using testing::ask;
using testing::ServedIndex;

uint64_t count(const Gateway& gateway, const std::string& text) {
  const Json body = {{"texts", Json::array({text})}};
  const testing::Answer answer = ask(gateway, "POST", "/v1/count", dump_json(body));
  return parse_json(answer.body, "count").value()["counts"][0].get<uint64_t>();
}

Result<void> take_down(const std::filesystem::path& index, const std::string& id) {
  YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(index));
  YURAI_TRY(update.take_down({.ids = {id}, .who = "a test"}, {}, no_progress));
  return update.commit();
}

TEST(Refresh, TakesUpWhatWasTakenDown) {
  const ServedIndex served;
  const Gateway gateway = Gateway::open({.index_dir = served.dir()}).value();
  EXPECT_EQ(gateway.refresh()->index, false);
  ASSERT_EQ(count(gateway, "quick brown fox"), 2u);
  const auto taken = take_down(served.dir(), "fox");
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(count(gateway, "quick brown fox"), 2u);
  EXPECT_EQ(gateway.refresh()->index, true);
  EXPECT_EQ(count(gateway, "quick brown fox"), 0u);
  EXPECT_EQ(ask(gateway, "GET", "/v1/documents/fox").status, 404);
  EXPECT_EQ(gateway.refresh()->index, false);
  const std::string metrics = ask(gateway, "GET", "/metrics").body;
  EXPECT_NE(metrics.find("yurai_index_documents 6"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("yurai_index_changes 1"), std::string::npos) << metrics;
}

TEST(Refresh, WhatCannotBeOpenedLeavesTheOldIndexServed) {
  const ServedIndex served;
  const Gateway gateway = Gateway::open({.index_dir = served.dir()}).value();
  const auto path = served.dir() / "manifest.json";
  const std::string good = read_file(path).value();
  ASSERT_TRUE(write_file(path, "{}"));
  EXPECT_FALSE(gateway.refresh());
  EXPECT_EQ(count(gateway, "quick brown fox"), 2u);
  ASSERT_TRUE(write_file(path, good));
  EXPECT_EQ(gateway.refresh()->index, false);
}

TEST(Refresh, AStreamEndsWithTheIndexThatItBeganWith) {
  const ServedIndex served;
  const Gateway gateway = Gateway::open({.index_dir = served.dir()}).value();
  ApiRequest request{
      .method = "POST",
      .target = "/v1/completions",
      .headers = {{"content-type", "application/json"}},
      .body = R"({"prompt":"The quick brown ","max_tokens":20,"temperature":0,"stream":true})",
      .stop = {}};
  ApiResponse response = gateway.answer(request);
  ASSERT_TRUE(response.stream);
  ASSERT_TRUE(take_down(served.dir(), "fox"));
  ASSERT_EQ(gateway.refresh()->index, true);
  struct Collect final : ResponseWriter {
    void begin(int, const HttpFields&) override {}
    bool write(std::string_view bytes) override {
      all += bytes;
      return true;
    }
    std::string all;
  } collected;
  response.stream(collected);
  EXPECT_NE(collected.all.find(R"("text":"x")"), std::string::npos) << collected.all;
  EXPECT_NE(collected.all.find("[DONE]"), std::string::npos) << collected.all;
}

/// Whether a trace says when the run read what it finds.
bool speaks_of_run(const Gateway& gateway) {
  const Json trace = ask(gateway, "POST", "/v1/trace",
                         R"({"text":"吾輩は猫である。名前はまだ無い。","max_chance":"inf"})")
                         .json();
  return trace["spans"][0]["documents"][0].contains("seen");
}

TEST(Refresh, ARunThatNoLongerFitsGoesAndTheTakedownStays) {
  const ServedIndex served;
  const testing::TemporaryDirectory folder;
  const auto written = testing::write_run(folder.path(), served.dir().parent_path() / "corpus", 12);
  ASSERT_TRUE(written) << written.error().message;
  const GatewayOptions options{.index_dir = served.dir(), .run_dirs = {folder / "run"}};
  const Gateway gateway = Gateway::open(options).value();
  EXPECT_TRUE(speaks_of_run(gateway));
  ASSERT_TRUE(take_down(served.dir(), "fox"));
  EXPECT_EQ(gateway.refresh()->index, true);
  EXPECT_EQ(count(gateway, "quick brown fox"), 0u);
  EXPECT_FALSE(speaks_of_run(gateway));
  EXPECT_TRUE(gateway.lacks_run());
}

TEST(Refresh, AServerThatBeginsWithAChangedIndexLeavesTheModelsRunOut) {
  const ServedIndex served;
  const testing::TemporaryDirectory folder;
  ASSERT_TRUE(testing::write_run(folder.path(), served.dir().parent_path() / "corpus", 12));
  ASSERT_TRUE(take_down(served.dir(), "fox"));
  GatewayOptions options{.index_dir = served.dir(), .run_dirs = {folder / "run"}};
  EXPECT_FALSE(Gateway::open(options));
  options.run_must_fit = false;
  const auto gateway = Gateway::open(options);
  ASSERT_TRUE(gateway) << gateway.error().message;
  EXPECT_TRUE(gateway->lacks_run());
  EXPECT_FALSE(speaks_of_run(*gateway));
}

/// Appends steps to the ledger and the metrics of a run, and a checkpoint after them.
void train_on(const std::filesystem::path& run, uint64_t to) {
  const testing::TemporaryDirectory longer;
  const std::string corpus = (run.parent_path() / "corpus").string();
  ASSERT_TRUE(testing::write_run(longer.path(), corpus, to));
  for (const char* name : {"ledger/steps.log", "ledger/steps.idx", "metrics.jsonl"}) {
    ASSERT_TRUE(write_file(run / name, read_file(longer / "run" / name).value()));
  }
  ASSERT_TRUE(testing::write_checkpoint_without_weights(run, to));
}

TEST(Refresh, ShowsARunThatHasGoneOnOnceItHasANewCheckpoint) {
  const ServedIndex served;
  const auto folder = served.dir().parent_path();
  ASSERT_TRUE(testing::write_run(folder, folder / "corpus", 4));
  const Gateway gateway =
      Gateway::open({.index_dir = served.dir(), .run_dirs = {folder / "run"}}).value();
  const auto run = [&] { return ask(gateway, "GET", "/v1/runs").json()["runs"][0]; };
  EXPECT_EQ(run()["ledger"]["steps"], 4);
  EXPECT_FALSE(gateway.refresh()->runs);
  train_on(folder / "run", 9);
  EXPECT_EQ(run()["ledger"]["steps"], 4);
  const auto changed = gateway.refresh();
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_TRUE(changed->runs);
  EXPECT_FALSE(changed->index);
  EXPECT_EQ(run()["ledger"]["steps"], 9);
  EXPECT_EQ(run()["model"]["id"], "step-9");
  EXPECT_EQ(run()["metrics"].size(), 9u);
  EXPECT_EQ(count(gateway, "quick brown fox"), 2u);
  EXPECT_FALSE(gateway.refresh()->runs);
  // One that cannot be opened leaves what was shown.
  std::filesystem::create_directories(folder / "run/checkpoints/step-10");
  EXPECT_FALSE(gateway.refresh());
  EXPECT_EQ(run()["ledger"]["steps"], 9);
}

TEST(Refresh, ARunThatCannotBeOpenedDoesNotKeepAnotherFromBeingShown) {
  const ServedIndex served;
  const auto folder = served.dir().parent_path();
  ASSERT_TRUE(testing::write_run(folder, folder / "corpus", 4));
  std::filesystem::copy(folder / "run", folder / "broken",
                        std::filesystem::copy_options::recursive);
  const Gateway gateway =
      Gateway::open({.index_dir = served.dir(), .run_dirs = {folder / "broken", folder / "run"}})
          .value();
  std::filesystem::create_directories(folder / "broken/checkpoints/step-10");
  train_on(folder / "run", 9);
  EXPECT_FALSE(gateway.refresh());
  const Json runs = ask(gateway, "GET", "/v1/runs").json()["runs"];
  EXPECT_EQ(runs[0]["ledger"]["steps"], 4);
  EXPECT_EQ(runs[1]["ledger"]["steps"], 9);
}

TEST(Refresh, ConcurrentQueriesSeeTheOldIndexOrTheNewOne) {
  const ServedIndex served;
  const Gateway gateway = Gateway::open({.index_dir = served.dir()}).value();
  std::atomic<bool> done = false;
  std::atomic<uint64_t> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        const uint64_t fox = count(gateway, "quick brown fox");
        if (fox != 0 && fox != 2) ++wrong;
        if (count(gateway, "吾輩は猫") != 1) ++wrong;
      }
    });
  }
  for (const char* id : {"fox", "nul"}) {
    (void)take_down(served.dir(), id);
    EXPECT_TRUE(gateway.refresh());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace yurai
