#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"
#include "yurai/ledger/ledger_writer.h"
#include "yurai/ledger/testing.h"

/// `yurai ledger` as a person uses it. A run's ledger is written by the library, as training does.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class LedgerCli : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("YURAI_LANG", "en", 1); }

  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }

  ProcessResult yurai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    return run_process(arguments).value();
  }
  ProcessResult ledger(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ledger");
    return yurai(arguments);
  }
  static Json json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "out").value_or(Json::object());
  }

  /// "run" with its ledger, and what it holds.
  testing::ToyRun write_run(uint64_t steps = 6) {
    testing::ToyRun run = testing::toy_run(7, 6, 14, {5, 8, 2}, steps);
    run.documents[3].id = "evil\x1b[31m";
    LedgerWriter writer =
        LedgerWriter::create(dir_ / "run/ledger", run.head, run.documents).value();
    for (const auto& rows : run.steps) EXPECT_TRUE(writer.append(rows));
    EXPECT_TRUE(writer.sync());
    return run;
  }

  void write_corpus() {
    put("a.jsonl",
        "{\"id\":\"x\",\"text\":\"hello\"}\n{\"id\":\"y\",\"text\":\"吾輩は猫である\"}\n");
    EXPECT_EQ(yurai({"corpus", "build", path("corpus"), path("a.jsonl")}).exit_status, 0);
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(LedgerCli, SaysWhichDocumentsAStepReadAndWhichStepsADocument) {
  const testing::ToyRun run = write_run();
  for (uint64_t n = 0; n < run.steps.size(); ++n) {
    const Json step = json(ledger({"step", path("run"), std::to_string(n), "--json"}));
    ASSERT_EQ(step["rows"].size(), run.steps[n].size());
    for (size_t i = 0; i < run.steps[n].size(); ++i) {
      const LedgerRow& row = run.steps[n][i];
      EXPECT_EQ(dump_json(step["rows"][i]),
                dump_json(to_json(row, "pretrain", run.documents[row.document].id)));
    }
  }
  const Json document =
      json(ledger({"document", path("run/ledger"), run.documents[4].id, "--json"}));
  size_t expected = 0;
  for (const LedgerRow& row : run.rows()) expected += row.document == 4;
  EXPECT_EQ(document["rows"].size(), expected);
  EXPECT_EQ(document["rows"][0]["document_id"], run.documents[4].id);

  const auto shown = ledger({"step", path("run"), "0"});
  EXPECT_THAT(shown.out, HasSubstr("document"));
  EXPECT_THAT(shown.out, HasSubstr("loss (nats)"));
  EXPECT_THAT(shown.err, HasSubstr("pretrain, step 0 of 6"));
  const auto evil = ledger({"document", path("run"), run.documents[3].id});
  EXPECT_EQ(evil.exit_status, 0) << evil.err;
  EXPECT_THAT(evil.out + evil.err, Not(HasSubstr("\x1b")));
}

TEST_F(LedgerCli, FindsTheStepsOfSomeBytes) {
  const testing::ToyRun run = write_run();
  const std::string id = run.documents[5].id;
  const Json some =
      json(ledger({"document", path("run"), id, "--byte-begin", "3", "--byte-end", "4", "--json"}));
  size_t expected = 0;
  for (const LedgerRow& row : run.rows()) {
    expected += row.document == 5 && row.byte_begin < 4 && row.byte_end > 3;
  }
  EXPECT_EQ(some["rows"].size(), expected);
  EXPECT_EQ(
      ledger({"document", path("run"), id, "--byte-begin", "4", "--byte-end", "4"}).exit_status, 1);
}

TEST_F(LedgerCli, VerifiesAndFindsDamage) {
  write_run();
  const Json report = json(ledger({"verify", path("run"), "--json"}));
  EXPECT_EQ(report["steps"], 6);
  EXPECT_EQ(report["order_checked"], true);
  EXPECT_EQ(report["torn_bytes"], 0);
  const Json info = json(yurai({"info", path("run/ledger"), "--verify", "--json"}));
  EXPECT_EQ(info["format"], "yurai-ledger");
  EXPECT_EQ(info["ledger"]["steps"], 6);
  EXPECT_EQ(info["ledger"]["chain_head"], report["chain_head"]);
  EXPECT_THAT(yurai({"info", path("run/ledger")}).out, HasSubstr("chain_head"));
  EXPECT_THAT(ledger({"verify", path("run")}).out, HasSubstr("every segment follows the order"));

  const std::string log = read_file(dir_ / "run/ledger/steps.log").value();
  put("run/ledger/steps.log", log + "torn");
  EXPECT_EQ(json(ledger({"verify", path("run"), "--json"}))["torn_bytes"], 4);
  EXPECT_THAT(ledger({"verify", path("run")}).err, HasSubstr("4 bytes after the last whole step"));

  std::string damaged = log;
  damaged[20] = static_cast<char>(damaged[20] ^ 1);
  put("run/ledger/steps.log", damaged);
  const auto found = ledger({"verify", path("run")});
  EXPECT_EQ(found.exit_status, 1);
  EXPECT_THAT(found.err, HasSubstr("step 0: the hash chain breaks here"));
  EXPECT_EQ(yurai({"info", path("run/ledger"), "--verify"}).exit_status, 1);
}

TEST_F(LedgerCli, ImportsLines) {
  write_corpus();
  put("steps.jsonl", "{\"id\":\"y\",\"step\":2}\n{\"id\":\"x\",\"iteration\":0}\n");
  const auto imported = ledger({"import", path("ledger"), "--documents", path("corpus"), "--jsonl",
                                path("steps.jsonl"), "--stage", "midtrain"});
  EXPECT_EQ(imported.exit_status, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("3 steps with 2 segments of 2 documents"));
  const Json rows = json(ledger({"document", path("ledger"), "y", "--json"}))["rows"];
  EXPECT_EQ(dump_json(rows),
            R"([{"stage":"midtrain","step":2,"epoch":0,"sequence":0,"document":1,)"
            R"("document_id":"y","token_begin":0,"tokens":null,"byte_begin":0,"byte_end":21,)"
            R"("loss_nats_mean":null}])");
  EXPECT_THAT(ledger({"document", path("ledger"), "y"}).err, HasSubstr("Bytes are bounds"));
  EXPECT_EQ(json(ledger({"verify", path("ledger"), "--json"}))["order_checked"], false);
  EXPECT_EQ(json(yurai({"info", path("ledger"), "--verify", "--json"}))["verified"], true);
  const auto again = ledger(
      {"import", path("ledger"), "--documents", path("corpus"), "--jsonl", path("steps.jsonl")});
  EXPECT_EQ(again.exit_status, 1);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_EQ(json(ledger({"import", path("ledger"), "--documents", path("corpus"), "--jsonl",
                         path("steps.jsonl"), "--force", "--json"}))["steps"],
            3);
}

/// The model is another program's; which of its steps read a passage is known.
TEST_F(LedgerCli, ATraceSaysWhichStepsOfAnImportReadAPassage) {
  write_corpus();
  put("steps.jsonl", "{\"id\":\"y\",\"step\":2}\n{\"id\":\"y\",\"step\":5,\"epoch\":1}\n");
  ASSERT_EQ(ledger({"import", path("ledger"), "--documents", path("corpus"), "--jsonl",
                    path("steps.jsonl")})
                .exit_status,
            0);
  ASSERT_EQ(yurai({"index", "build", path("index"), "--corpus", path("corpus")}).exit_status, 0);
  put("answer.txt", "吾輩は猫である");
  const std::vector<std::string> trace = {"trace", "--index",         path("index"),
                                          "--run", path("ledger"),    "--max-chance",
                                          "inf",   path("answer.txt")};
  auto as_json = trace;
  as_json.emplace_back("--json");
  const Json document = json(yurai(as_json))["spans"][0]["documents"][0];
  EXPECT_EQ(document["id"], "y");
  EXPECT_EQ(document["seen_total"], 2);
  EXPECT_EQ(document["seen"][1]["step"], 5);
  EXPECT_EQ(document["exact_bytes"], false);
  EXPECT_TRUE(document["loss_first"].is_null());
  EXPECT_THAT(
      yurai(trace).out,
      HasSubstr(
          "its document was read 2 times in training (which part is not known), at steps 2, 5"));
}

TEST_F(LedgerCli, SaysWhatIsWrong) {
  write_corpus();
  write_run(1);
  put("steps.jsonl", "{\"id\":\"zz\\u001b\",\"step\":2}\n");
  const auto unknown = ledger(
      {"import", path("ledger"), "--documents", path("corpus"), "--jsonl", path("steps.jsonl")});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("line 1: the corpus has no document 'zz\\u001b'"));
  EXPECT_FALSE(fs::exists(dir_ / "ledger"));
  EXPECT_EQ(ledger({"import", path("l"), "--documents", path("corpus")}).exit_status, 2);
  EXPECT_EQ(ledger({"import", path("l"), "--documents", path("corpus"), "--megatron", path("m")})
                .exit_status,
            2);
  const auto no_stage = ledger({"import", path("l"), "--documents", path("corpus"), "--jsonl",
                                path("steps.jsonl"), "--stage", "nap"});
  EXPECT_EQ(no_stage.exit_status, 1);
  EXPECT_EQ(ledger({"step", path("run"), "-1"}).exit_status, 2);
  const auto late = ledger({"step", path("run"), "9"});
  EXPECT_EQ(late.exit_status, 1);
  EXPECT_THAT(late.err, HasSubstr("no step 9; the ledger has steps 0 to 0"));
  EXPECT_THAT(ledger({"document", path("run"), "nobody"}).err, HasSubstr("no document 'nobody'"));
  EXPECT_THAT(ledger({"verify", path("corpus")}).err, HasSubstr("yurai-ledger"));
}

TEST_F(LedgerCli, SpeaksJapanese) {
  write_run();
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(ledger({"step", path("run"), "0"}).out, HasSubstr("損失（nat）"));
  EXPECT_THAT(ledger({"document", path("run"), "文書-4"}).err, HasSubstr("全 6 ステップのうち"));
  EXPECT_THAT(ledger({"verify", path("run")}).out, HasSubstr("検証済み"));
  EXPECT_THAT(ledger({"--help"}).out, HasSubstr("学習のどのステップがどの文書を読んだか"));
}

}  // namespace
}  // namespace yurai
