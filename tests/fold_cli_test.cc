#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

/// `yurai index build --fold` and `yurai trace --fold`, as a process.
namespace yurai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using yurai::testing::TemporaryDirectory;

constexpr std::string_view kDocument = "舊字體で書かれた國會圖書館の澁い藏書、及びＤＡＴＡの目録。";
constexpr std::string_view kAnswer =
    "曰く「旧字体で書かれた国会図書館の渋い蔵書及びdataの目録」と。";
constexpr std::string_view kSpan = "旧字体で書かれた国会図書館の渋い蔵書及びdataの目録";
constexpr std::string_view kMatch = "舊字體で書かれた國會圖書館の澁い藏書、及びＤＡＴＡの目録";

class FoldCli : public ::testing::Test {
 protected:
  FoldCli() {
    ::setenv("YURAI_LANG", "en", 1);
    write("a.jsonl", {{"old", std::string(kDocument)}, {"cat", "吾輩は猫である。"}});
    write("b.jsonl", {{"more", "序。" + std::string(kDocument)}});
    for (const std::string name : {"a", "b"}) {
      EXPECT_EQ(run({"corpus", "build", path(name), path(name + ".jsonl")}).exit_status, 0);
    }
    built_ =
        json(run({"index", "build", path("index"), "--corpus", path("a"), "--fold", "--json"}));
  }

  std::string path(std::string_view name) const { return (dir_ / name).string(); }
  void write(const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& documents) const {
    std::ofstream file(path(name));
    for (const auto& [id, text] : documents) {
      file << dump_json({{"id", id}, {"text", text}, {"source", "s"}, {"license", "CC0-1.0"}})
           << "\n";
    }
  }

  static ProcessResult run(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    return run_process(arguments, input).value();
  }
  ProcessResult trace(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"trace", "--index", path("index"), "--fold"});
    return run(options, kAnswer);
  }
  static Json json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "output").value();
  }
  /// The folded span over the whole quotation; null where it is not found.
  Json quotation() const {
    const Json traced = json(trace({"--json"}));
    for (const Json& span : traced["spans"]) {
      if (span.contains("differs") && span["text"] == kSpan) return span;
    }
    return nullptr;
  }

  TemporaryDirectory dir_;
  Json built_;
};

TEST_F(FoldCli, FindsAQuotationInOldKanjiAndOtherWidths) {
  const Json span = quotation();
  ASSERT_TRUE(span.is_object());
  EXPECT_EQ(span["byte_begin"], kAnswer.find(kSpan));
  EXPECT_EQ(span["byte_end"], kAnswer.find(kSpan) + kSpan.size());
  EXPECT_EQ(span["char_begin"], 3);
  EXPECT_EQ(span["differs"], Json({"case", "width", "punctuation", "old_kanji"}));
  ASSERT_EQ(span["documents"].size(), 1u);
  const Json& document = span["documents"][0];
  EXPECT_EQ(document["id"], "old");
  EXPECT_EQ(document["match"], kMatch);
  EXPECT_EQ(document["byte_begin"], 0);
  EXPECT_EQ(document["byte_end"], kMatch.size());
  EXPECT_EQ(document["char_begin"], 0);
  EXPECT_EQ(document["char_end"], 28);
  EXPECT_EQ(document["differs"], span["differs"]);
  const Json traced = json(trace({"--json"}));
  EXPECT_EQ(traced["credits"][0]["source"], "s");
  EXPECT_GT(traced["coverage"], 0.7);
  const Json plain = json(run({"trace", "--index", path("index"), "--json"}, kAnswer));
  for (const Json& one : plain["spans"]) EXPECT_FALSE(one.contains("differs"));
  EXPECT_LT(plain["coverage"], traced["coverage"]);
}

TEST_F(FoldCli, ShowsAPersonWhatDiffersInBothLanguages) {
  const auto english = trace();
  EXPECT_EQ(english.exit_status, 0) << english.err;
  EXPECT_THAT(english.out, HasSubstr("the same but for: case, width, punctuation, old kanji"));
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(trace().out, HasSubstr("次の違いを除いて一致: 大文字と小文字、全角と半角"));
}

TEST_F(FoldCli, TellsWhatTheTwinTakesAndInfoProvesIt) {
  EXPECT_GT(built_["folded_bytes"], 0);
  EXPECT_LT(built_["folded_bytes"], built_["index_bytes"]);
  const Json info = json(run({"info", path("index"), "--json", "--verify"}));
  EXPECT_EQ(info["facts"]["folded"]["segments"].size(), 1u);
  EXPECT_TRUE(info["configuration"]["folded"]["folding"].is_string());
}

TEST_F(FoldCli, KeepsTheTwinThroughAddTakedownAndMerge) {
  EXPECT_EQ(run({"index", "add", path("index"), "--corpus", path("b")}).exit_status, 0);
  EXPECT_EQ(quotation()["documents_total"], 2);
  EXPECT_EQ(run({"index", "takedown", path("index"), "--id", "old", "--who", "w", "--when", "d",
                 "--why", "y"})
                .exit_status,
            0);
  for (const bool merged : {false, true}) {
    if (merged) {
      const auto merge = run({"index", "merge", path("index")});
      ASSERT_EQ(merge.exit_status, 0) << merge.err;
    }
    const Json span = quotation();
    ASSERT_TRUE(span.is_object()) << merged;
    EXPECT_EQ(span["documents_total"], 1);
    EXPECT_EQ(span["documents"][0]["id"], "more");
    EXPECT_EQ(span["documents"][0]["byte_begin"], std::string("序。").size());
    EXPECT_EQ(span["documents"][0]["char_begin"], 2);
  }
  EXPECT_EQ(run({"info", path("index"), "--verify"}).exit_status, 0);
}

TEST_F(FoldCli, RefusesAnIndexWithoutATwinAndWhatDoesNotGoTogether) {
  EXPECT_EQ(run({"index", "build", path("plain"), "--corpus", path("a")}).exit_status, 0);
  const auto refused = run({"trace", "--index", path("plain"), "--fold"}, kAnswer);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("yurai index build --fold"));
  EXPECT_EQ(trace({"--work"}).exit_status, 2);
}

TEST_F(FoldCli, RefusesADamagedTwinByNameAndTracesWithoutIt) {
  const std::string file = path("index") + "/folded/leaves.bin";
  std::string bytes = read_file(file).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(file, std::ios::binary) << bytes;
  const auto refused = trace({"--json"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("leaves.bin"));
  EXPECT_EQ(run({"trace", "--index", path("index")}, kAnswer).exit_status, 0);
  EXPECT_EQ(run({"info", path("index"), "--verify"}).exit_status, 1);
}

}  // namespace
}  // namespace yurai
