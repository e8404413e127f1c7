#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

/// `yurai index add`, `merge`, `takedown` and `duplicates`, as a process.
namespace yurai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using yurai::testing::TemporaryDirectory;

class SegmentsCli : public ::testing::Test {
 protected:
  SegmentsCli() {
    ::setenv("YURAI_LANG", "en", 1);
    const std::string passage =
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。";
    write("a.jsonl", {{"one", "猫が猫を見た。" + passage, "s"}, {"two", "concat cat", "t"}});
    write("b.jsonl", {{"three", "犬と猫。" + passage, "t"}, {"four", "the cat sat", "u"}});
    for (const std::string name : {"a", "b"}) {
      EXPECT_EQ(run({"corpus", "build", path(name), path(name + ".jsonl")}).exit_status, 0);
    }
    EXPECT_EQ(run({"corpus", "build", path("all"), path("a.jsonl"), path("b.jsonl")}).exit_status,
              0);
    EXPECT_EQ(run({"index", "build", path("index"), "--corpus", path("a")}).exit_status, 0);
    EXPECT_EQ(run({"index", "build", path("one"), "--corpus", path("all")}).exit_status, 0);
  }

  std::string path(std::string_view name) const { return (dir_ / name).string(); }

  static ProcessResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    return run_process(arguments).value();
  }
  ProcessResult add() const { return run({"index", "add", path("index"), "--corpus", path("b")}); }
  ProcessResult take_down(std::vector<std::string> names) const {
    names.insert(names.begin(), {"index", "takedown", path("index")});
    names.insert(names.end(), {"--who", "legal", "--when", "2026-11-25", "--why", "request 7"});
    return run(names);
  }
  Json info() const { return json(run({"info", path("index"), "--json", "--verify"})); }

  static Json json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "output").value();
  }

  /// What a verb prints of either index, but for the hash of the corpus.
  Json ask(std::string_view index, std::vector<std::string> arguments) const {
    for (std::string& argument : arguments) {
      if (argument == "INDEX") argument = path(index);
    }
    arguments.push_back("--json");
    Json answer = json(run(arguments));
    answer.erase("index");
    return answer;
  }

 protected:
  struct Row {
    std::string id, text, source;
  };
  void write(std::string_view name, const std::vector<Row>& rows) const {
    std::ofstream file(path(name));
    for (const Row& row : rows) {
      file << Json{{"id", row.id}, {"text", row.text}, {"source", row.source}}.dump() << "\n";
    }
  }
  TemporaryDirectory dir_;
};

TEST_F(SegmentsCli, AddsACorpusAndAnswersAsOneIndex) {
  const auto added = add();
  ASSERT_EQ(added.exit_status, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("2 segments, 4 documents"));
  const Json facts = json(run({"info", path("index"), "--verify", "--json"}));
  EXPECT_EQ(facts["configuration"]["search"], Json::array({"", "segment.1"}));
  for (const std::vector<std::string>& question :
       std::vector<std::vector<std::string>>{{"index", "count", "INDEX", "猫", "cat", "zzz"},
                                             {"index", "find", "INDEX", "猫である"},
                                             {"index", "next", "INDEX", "猫"},
                                             {"index", "search", "INDEX", "猫の名前"},
                                             {"index", "query", "INDEX", "猫 AND 犬"},
                                             {"index", "duplicates", "INDEX", "--min-bytes", "12"},
                                             {"generate", "--index", "INDEX", "--prompt", "猫"}}) {
    EXPECT_EQ(ask("index", question), ask("one", question)) << question[1];
  }
  // Scores come from the first segment's calibration; which spans there are, and whose, does not.
  std::ofstream(path("answer")) << "犬と猫。吾輩は猫である。名前はまだ無い。concat";
  const std::vector<std::string> traced = {"trace",        "--index",      "INDEX",
                                           path("answer"), "--max-chance", "inf"};
  const auto spans = [&](std::string_view index) {
    Json kept = Json::array();
    Json answer = ask(index, traced);
    for (Json& span : answer["spans"]) {
      for (const char* member : {"score", "chance_per_10k"}) span.erase(member);
      kept.push_back(std::move(span));
    }
    std::sort(kept.begin(), kept.end(),
              [](const Json& a, const Json& b) { return a["byte_begin"] < b["byte_begin"]; });
    return Json{{"spans", kept}, {"credits", answer["credits"]}, {"coverage", answer["coverage"]}};
  };
  EXPECT_GT(spans("one")["spans"].size(), 1u);
  EXPECT_EQ(spans("index"), spans("one"));

  const Json described = info();
  EXPECT_EQ(described["format_version"], 3);
  EXPECT_EQ(described["facts"]["num_documents"], 4);
  EXPECT_EQ(described["further_corpora"].size(), 1u);
  EXPECT_THAT(run({"info", path("index")}).out, HasSubstr("drawn from the first segment"));
}

TEST_F(SegmentsCli, RefusesACorpusThatIsThereAlready) {
  ASSERT_EQ(add().exit_status, 0);
  const ProcessResult again = add();
  EXPECT_EQ(again.exit_status, 1);
  EXPECT_NE(again.err.find("already"), std::string::npos) << again.err;

  // Nor after merges, which make one corpus of all.
  EXPECT_EQ(run({"index", "merge", path("index")}).exit_status, 0);
  write("c.jsonl", {{"five", "a dog", "u"}});
  EXPECT_EQ(run({"corpus", "build", path("c"), path("c.jsonl")}).exit_status, 0);
  EXPECT_EQ(run({"index", "add", path("index"), "--corpus", path("c")}).exit_status, 0);
  EXPECT_EQ(run({"index", "merge", path("index")}).exit_status, 0);
  for (const char* corpus : {"a", "b", "c"}) {
    const auto merged = run({"index", "add", path("index"), "--corpus", path(corpus)});
    EXPECT_EQ(merged.exit_status, 1);
    EXPECT_THAT(merged.err, HasSubstr("already"));
  }
}

TEST_F(SegmentsCli, WhatWasTakenDownDoesNotComeBackUnseen) {
  ASSERT_EQ(take_down({"--id", "two"}).exit_status, 0);
  write("c.jsonl", {{"five", "new text", "s"}, {"other name", "concat cat", "t"}});
  ASSERT_EQ(run({"corpus", "build", path("c"), path("c.jsonl")}).exit_status, 0);
  const std::vector<std::string> add_c = {"index", "add", path("index"), "--corpus", path("c")};
  const auto refused = [&] {
    const ProcessResult result = run(add_c);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr("'other name'"));
    EXPECT_EQ(run({"index", "count", path("index"), "new text"}).out, "0\tnew text\n");
  };
  refused();
  ASSERT_EQ(run({"index", "merge", path("index")}).exit_status, 0);
  refused();
  std::vector<std::string> again = add_c;
  again.push_back("--again");
  ASSERT_EQ(run(again).exit_status, 0);
  EXPECT_EQ(run({"index", "count", path("index"), "concat"}).out, "1\tconcat\n");
}

TEST_F(SegmentsCli, MergesToTheIndexOfABuildAtOnce) {
  ASSERT_EQ(add().exit_status, 0);
  const std::string before = info()["index_sha256"];
  const auto merged = run({"index", "merge", path("index"), "--threads", "1", "--memory", "1G"});
  ASSERT_EQ(merged.exit_status, 0) << merged.err;
  for (const auto& entry : std::filesystem::directory_iterator(path("one"))) {
    const std::string name = entry.path().filename();
    if (name == "manifest.json") continue;  // tells another way to the corpus
    EXPECT_EQ(read_file(path("index/" + name)).value(), read_file(entry.path()).value()) << name;
  }
  const Json described = info();
  EXPECT_NE(described["index_sha256"], before);
  EXPECT_EQ(described["index_sha256"], json(run({"info", path("one"), "--json"}))["index_sha256"]);
  EXPECT_EQ(described["configuration"]["corpus"], "corpus");
  EXPECT_EQ(run({"info", path("index/corpus"), "--verify"}).exit_status, 0);
  // The corpora that it was made from are not needed any more.
  std::filesystem::remove_all(path("a"));
  std::filesystem::remove_all(path("b"));
  EXPECT_EQ(run({"index", "count", path("index"), "cat"}).out, "3\tcat\n");
  const auto again = run({"index", "merge", path("index")});
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to merge"));
}

TEST_F(SegmentsCli, AMergedCorpusKeepsTheLineageOfItsParts) {
  ASSERT_TRUE(write_file(path("chain.toml"), "[[filter]]\nname = \"length\"\nmin = 1\n"));
  for (const std::string name : {"p", "q"}) {
    const std::string rows = R"({"id":")" + name + R"(","text":"text of )" + name + "\"}\n";
    ASSERT_TRUE(write_file(path(name + ".jsonl"), rows));
    ASSERT_EQ(run({"corpus", "filter", path("chain.toml"), path(name + ".jsonl"), "--out",
                   path(name + "-kept")})
                  .exit_status,
              0);
    ASSERT_EQ(run({"corpus", "build", path(name), path(name + "-kept")}).exit_status, 0);
  }
  ASSERT_EQ(run({"index", "build", path("both"), "--corpus", path("p")}).exit_status, 0);
  ASSERT_EQ(run({"index", "add", path("both"), "--corpus", path("q")}).exit_status, 0);
  ASSERT_EQ(run({"index", "merge", path("both")}).exit_status, 0);
  const Json manifest =
      parse_json(read_file(path("both/corpus/manifest.json")).value(), "m").value();
  ASSERT_EQ(manifest["lineage"].size(), 2u);
  for (const Json& step : manifest["lineage"]) EXPECT_EQ(step["format"], "yurai-filtered");
  EXPECT_NE(manifest["lineage"][0], manifest["lineage"][1]);
}

TEST_F(SegmentsCli, TakesDocumentsDownAtOnceAndForGoodWithTheMerge) {
  ASSERT_EQ(add().exit_status, 0);
  EXPECT_EQ(run({"index", "takedown", path("index"), "--id", "one"}).exit_status, 2);
  const auto none = take_down({"--id", "nobody"});
  EXPECT_EQ(none.exit_status, 1);
  EXPECT_THAT(none.err, HasSubstr("nothing was changed"));

  std::ofstream(path("hashes")) << sha256_hex("concat cat") << "\n" << sha256_hex("?") << "\n";
  const Json taken = json(take_down({"--hashes", path("hashes"), "--json"}));
  EXPECT_EQ(taken["taken_down"], 1);
  EXPECT_EQ(taken["not_found"], Json::array({sha256_hex("?")}));
  EXPECT_EQ(taken["index"]["documents"], 3);
  EXPECT_EQ(taken["index"]["index_sha256"], info()["index_sha256"]);
  EXPECT_EQ(run({"index", "count", path("index"), "cat", "concat"}).out, "1\tcat\n0\tconcat\n");
  EXPECT_EQ(ask("index", {"index", "search", "INDEX", "concat"})["documents"].size(), 0u);
  // The hits that stay have their own rows, though the numbers of documents have moved.
  EXPECT_EQ(ask("index", {"index", "search", "INDEX", "sat"})["documents"][0]["id"], "four");
  EXPECT_THAT(take_down({"--source", "s"}).out, HasSubstr("1 documents taken down, 2 left"));

  ASSERT_EQ(run({"index", "merge", path("index")}).exit_status, 0);
  EXPECT_EQ(info()["facts"]["num_documents"], 2);
  EXPECT_EQ(run({"index", "count", path("index"), "cat", "猫"}).out, "1\tcat\n2\t猫\n");
  const std::string log = read_file(path("index/corpus/takedowns.jsonl")).value();
  EXPECT_THAT(log, HasSubstr(R"("id":"two")"));
  EXPECT_THAT(log, HasSubstr(R"("id":"one","source":"s","license":"","who":"legal")"));
  EXPECT_THAT(log, Not(HasSubstr("concat")));
}

TEST_F(SegmentsCli, RefusesWhatItCannotDo) {
  const auto inside = run({"index", "add", path("a"), "--corpus", path("a")});
  EXPECT_EQ(inside.exit_status, 1);
  EXPECT_THAT(inside.err, HasSubstr("folder of its own"));
  EXPECT_EQ(run({"index", "add", path("index"), "--corpus", path("nowhere")}).exit_status, 1);
  EXPECT_EQ(run({"index", "merge", path("nowhere")}).exit_status, 1);
  EXPECT_EQ(run({"index", "duplicates", path("index"), "--min-bytes", "0"}).exit_status, 2);
  const auto none = run({"index", "duplicates", path("index"), "--min-bytes", "60000"});
  EXPECT_EQ(none.exit_status, 0);
  EXPECT_THAT(none.out, HasSubstr("No passage"));
  EXPECT_EQ(run({"index", "count", path("index"), "cat"}).out, "2\tcat\n");
}

}  // namespace
}  // namespace yurai
