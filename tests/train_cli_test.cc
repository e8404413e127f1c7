#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/small_disk.h"
#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

/// From documents to an answer traced to training steps, as a person does it.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TrainCli : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("YURAI_LANG", "en", 1);
    const fs::path models = fs::path(std::getenv("YURAI_BIN")).parent_path() / "yurai-models";
    if (!fs::exists(models)) GTEST_SKIP() << "built without models (YURAI_WITH_TORCH)";
    std::ofstream text(dir_ / "texts.jsonl");
    for (int i = 0; i < 30; ++i) {
      text
          << R"({"id":"cat)" << i
          << R"(","text":"吾輩は猫である。名前はまだ無い。どこで生れたかとんと)"
          << R"(見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。",)"
          << R"("license":"CC0-1.0","source":"s"})"
          << "\n";
    }
    text.close();
    std::ofstream(dir_ / "run.toml")
        << "corpus = \"texts.jsonl\"\nvocabulary = 307\n[model]\nhidden_size = 32\nlayers = 2\n"
           "heads = 2\ninner_size = 64\n[batch]\nsequence_tokens = 64\nsequences = 8\n"
           "micro_batch = 4\n[schedule]\nsteps = 120\nlearning_rate = 0.01\n[validation]\n"
           "share = 0.0\n";
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }
  ProcessResult yurai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    return run_process(arguments).value();
  }
  Json json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const ProcessResult result = yurai(arguments);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "out").value_or(Json::object());
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(TrainCli, TrainsTheSameOnSeveralProcesses) {
  const auto mpirun = run_process({"mpirun", "--version"});
  if (!mpirun || mpirun->exit_status != 0) GTEST_SKIP() << "mpirun is missing: openmpi-bin";
  std::string toml = read_file(path("run.toml")).value();
  toml.replace(toml.find("steps = 120"), 11, "steps = 8");
  ASSERT_TRUE(write_file(path("short.toml"), toml));
  const Json alone = json({"train", path("short.toml"), "--out", path("alone"), "--threads", "1"});
  const auto on_two = [&](const std::string& config, const std::string& out) {
    return run_process({"env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                        "mpirun", "--oversubscribe", "-n", "2", std::getenv("YURAI_BIN"), "train",
                        path(config), "--out", path(out), "--threads", "1", "--mpi", "--json"})
        .value();
  };
  const ProcessResult result = on_two("short.toml", "two");
  if (result.err.find("built without MPI") != std::string::npos) GTEST_SKIP() << "no MPI";
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(parse_json(result.out, "out").value_or(Json()), alone);
  EXPECT_EQ(yurai({"ledger", "verify", path("two")}).exit_status, 0);

  // One micro-batch a step is not for two.
  toml.replace(toml.find("sequences = 8"), 13, "sequences = 4");
  ASSERT_TRUE(write_file(path("one.toml"), toml));
  const ProcessResult refused = on_two("one.toml", "refused");
  EXPECT_NE(refused.exit_status, 0);
  EXPECT_THAT(refused.err, HasSubstr("2 processes do not divide the 1 micro-batches"));
}

TEST_F(TrainCli, WalksAnAnswerBackToTheStepsThatReadIt) {
  const Json report = json({"train", path("run.toml"), "--out", path("run"), "--threads", "2"});
  EXPECT_EQ(report["steps"], 120);
  EXPECT_LT(report["loss_nats"].get<double>(), 1.0);
  ASSERT_EQ(yurai({"index", "build", path("index"), "--corpus", path("run/corpus")}).exit_status,
            0);

  // The model has learnt the one passage there is by heart.
  const Json asked = json({"ask", "--model", path("run"), "--index", path("index"), "--max-chars",
                           "60", "吾輩は猫である。"});
  EXPECT_THAT(asked["answer"]["text"].get<std::string>(), HasSubstr("名前はまだ無い"));
  ASSERT_FALSE(asked["trace"]["spans"].empty());
  const Json document = asked["trace"]["spans"][0]["documents"][0];
  ASSERT_GT(document["seen_total"].get<int>(), 0);
  EXPECT_EQ(document["seen"][0]["stage"], "pretrain");
  EXPECT_LT(document["loss_last"].get<double>(), document["loss_first"].get<double>());
  EXPECT_LT(document["loss_now"].get<double>(), document["loss_first"].get<double>());

  // The ledger says the same.
  const Json rows =
      json({"ledger", "step", path("run"), std::to_string(document["seen"][0]["step"].get<int>())});
  bool found = false;
  for (const Json& row : rows["rows"]) {
    found = found || row["document_id"] == document["id"];
  }
  EXPECT_TRUE(found) << rows;
  const auto shown = yurai({"ask", "--model", path("run"), "--index", path("index"), "--max-chars",
                            "60", "吾輩は猫である。"});
  EXPECT_THAT(shown.out, HasSubstr("times in training, whole or in part, at steps"));

  // A copy in int8 is still known to come from the run.
  ASSERT_EQ(yurai({"model", "quantize", path("run"), "--out", path("int8")}).exit_status, 0);
  ASSERT_EQ(yurai({"model", "import", path("run"), path("copy")}).exit_status, 0);
  for (const char* made : {"int8", "copy"}) {
    EXPECT_EQ(json({"model", "info", path(made)})["trained"]["steps"], 120) << made;
    const Json from_copy = json({"ask", "--model", path(made), "--run", path("run"), "--index",
                                 path("index"), "--max-chars", "60", "吾輩は猫である。"});
    const Json seen = from_copy["trace"]["spans"][0]["documents"][0];
    EXPECT_EQ(seen["seen"], document["seen"]) << made;
    EXPECT_NEAR(seen["loss_now"].get<double>(), document["loss_now"].get<double>(), 0.1) << made;
  }

  // What the run is, whole and proven; and damage is found.
  const Json info = json({"info", path("run"), "--verify"});
  EXPECT_EQ(info["format"], "yurai-run");
  EXPECT_EQ(info["verified"], true);
  EXPECT_EQ(info["ledger"]["steps"], 120);
  EXPECT_EQ(info["ledger"]["chain_head"], report["ledger_head"]);
  EXPECT_EQ(info["checkpoints"].size(), 2U);
  EXPECT_EQ(info["metrics"].size(), 120U);
  EXPECT_EQ(info["model"]["id"], "step-120");
  const Json model = json({"model", "info", path("run")});
  EXPECT_EQ(model["parameters"]["total"], report["parameters"]);
  EXPECT_EQ(model["trained"]["steps"], 120);
  EXPECT_THAT(yurai({"model", "info", path("run")}).out, HasSubstr("120 steps (step-120)"));
  const auto said = yurai({"info", path("run")});
  EXPECT_THAT(said.out, HasSubstr("120 of 120"));
  EXPECT_THAT(said.out, HasSubstr("schedule.learning_rate"));
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(yurai({"info", path("run")}).out, HasSubstr("チェックポイント"));
  EXPECT_THAT(yurai({"model", "info", path("run")}).out, HasSubstr("120 ステップ（step-120）"));
  ::setenv("YURAI_LANG", "en", 1);
  const std::string metrics = read_file(path("run/metrics.jsonl")).value();
  std::string other = metrics;
  other[other.find("loss_nats") + 11] ^= 1;
  ASSERT_TRUE(write_file(path("run/metrics.jsonl"), other));
  EXPECT_THAT(yurai({"info", path("run"), "--verify"}).err, HasSubstr("metrics.jsonl is not what"));
  ASSERT_TRUE(write_file(path("run/metrics.jsonl"), metrics));

  // A second time: the same text; and refused to be trained over.
  const Json again = json({"ask", "--model", path("run"), "--index", path("index"), "--max-chars",
                           "60", "吾輩は猫である。"});
  EXPECT_EQ(again["answer"]["text"], asked["answer"]["text"]);
  const auto refused = yurai({"train", path("run.toml"), "--out", path("run")});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("--resume"));
  EXPECT_EQ(json({"train", path("run.toml"), "--out", path("run"), "--resume"}), report);
}

TEST_F(TrainCli, GoesOnWithMoreSpaceAfterADiskWasFull) {
  SmallDisk disk(dir_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs root";
  std::string toml = read_file(path("run.toml")).value();
  toml.replace(toml.find("steps = 120"), 11, "steps = 12");
  ASSERT_TRUE(write_file(path("short.toml"), toml + "[checkpoint]\nevery = 2\n"));
  const Json whole = json({"train", path("short.toml"), "--out", path("whole/run")});
  const auto full = yurai({"train", path("short.toml"), "--out", path("disk/run")});
  EXPECT_EQ(full.exit_status, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left on device; free some space"));
  EXPECT_THAT(full.err, HasSubstr("go on with --resume"));
  EXPECT_EQ(yurai({"info", path("disk/run"), "--verify"}).exit_status, 0);
  disk.grow();
  EXPECT_EQ(json({"train", path("short.toml"), "--out", path("disk/run"), "--resume"}), whole);
  EXPECT_TRUE(files_of(dir_ / "disk/run") == files_of(dir_ / "whole/run"));
}

TEST_F(TrainCli, NamesWhatIsWrongBeforeAnyWork) {
  std::ofstream(dir_ / "bad.toml") << "corpus = \"texts.jsonl\"\n[schedule]\nstep = 3\n";
  const auto unknown = yurai({"train", path("bad.toml"), "--out", path("run")});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("'schedule.step' is unknown; [schedule] has"));
  EXPECT_FALSE(fs::exists(dir_ / "run"));
  const auto no_model = yurai({"generate", "--model", path("nothing"), "--prompt", "x"});
  EXPECT_EQ(no_model.exit_status, 1);
  EXPECT_THAT(no_model.err, HasSubstr("is no model folder"));
}

}  // namespace
}  // namespace yurai
