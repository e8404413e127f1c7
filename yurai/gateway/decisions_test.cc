#include <gmock/gmock.h>

#include <fstream>

#include "yurai/curate/whatif.h"
#include "yurai/gateway/ask_gateway.h"
#include "yurai/gateway/openapi_document.h"
#include "yurai/gateway/served_index.h"

// The decisions of a filter chain over HTTP.
namespace yurai {
namespace {

using testing::Answer;
using testing::ask;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServedDecisions;
using testing::ServedIndex;

class DecisionsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    index_ = new ServedIndex;
    decisions_ = new ServedDecisions;
    gateway_ = new Gateway(
        Gateway::open({.index_dir = index_->dir(), .filtered_dir = decisions_->dir()}).value());
    contract_ = new Json(parse_json(openapi_document(), "openapi").value());
  }
  static void TearDownTestSuite() {
    delete contract_;
    delete gateway_;
    delete decisions_;
    delete index_;
  }

  /// The answer, which is what the contract says.
  static Answer get(const std::string& target, const Gateway& gateway) {
    Answer answer = ask(gateway, "GET", target);
    EXPECT_EQ(testing::contract_error(*contract_, answer, std::string(path_of(target)), "get"), "");
    return answer;
  }
  static Answer get(const std::string& target) { return get(target, *gateway_); }

  static ServedIndex* index_;
  static ServedDecisions* decisions_;
  static Gateway* gateway_;
  static Json* contract_;
};
ServedIndex* DecisionsTest::index_ = nullptr;
ServedDecisions* DecisionsTest::decisions_ = nullptr;
Gateway* DecisionsTest::gateway_ = nullptr;
Json* DecisionsTest::contract_ = nullptr;

TEST_F(DecisionsTest, ShowsTheFunnelTheHistogramsAndTheLicences) {
  const Json json = get("/v1/decisions").json();
  EXPECT_EQ(json["chain"], "tests");
  EXPECT_EQ(json["documents"], 6);
  EXPECT_EQ(json["kept"], 1);
  EXPECT_EQ(json["of_this_corpus"], false);
  ASSERT_EQ(json["steps"].size(), 2u);
  const Json& words = json["steps"][0];
  EXPECT_EQ(words["step"], "words");
  EXPECT_EQ(words["upper_bound"], 1);
  EXPECT_EQ(words["in"]["documents"], 6);
  EXPECT_EQ(words["out"]["documents"], 3);
  EXPECT_EQ(words["undetermined"]["documents"], 3);  // counting stopped
  const Json& length = json["steps"][1];
  EXPECT_EQ(length["in"], words["out"]);
  EXPECT_EQ(length["out"]["documents"], 1);
  EXPECT_EQ(length["undetermined"]["documents"], 3);
  EXPECT_EQ(json["licenses"]["groups"].size(), 3u);
}

TEST_F(DecisionsTest, AnswersWhatTheCommandLineAnswers) {
  const DecisionLedger ledger = DecisionLedger::open(decisions_->dir()).value();
  for (const auto& [query, question] : std::vector<std::pair<std::string, WhatIfQuestion>>{
           {"filter=length&threshold=60", {.step = "length", .threshold = 60}},
           {"filter=length&threshold=3.5", {.step = "length", .threshold = 3.5}},
           {"filter=length&min=6&max=1e3", {.step = "length", .min = 6, .max = 1000}},
           {"filter=length&max=55.0001", {.step = "length", .max = 55.0001}},
           {"filter=words&threshold=3", {.step = "words", .threshold = 3}},
           {"filter=words&min=-1", {.step = "words", .min = -1}}}) {
    const Answer answer = get("/v1/decisions/whatif?" + query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, dump_json(to_json(what_if(ledger, question).value())) + "\n") << query;
  }
  const Json more = get("/v1/decisions/whatif?filter=length&threshold=60").json();
  EXPECT_EQ(more["gained"]["documents"], 1);
  EXPECT_EQ(more["kept_then"]["documents"], 2);
  EXPECT_EQ(
      get("/v1/decisions/whatif?filter=words&threshold=3").json()["undetermined"]["documents"], 3);
}

TEST_F(DecisionsTest, ListsDroppedDocumentsWithTheirEvidencePageByPage) {
  std::vector<std::string> ids;
  std::string cursor;
  do {
    const Answer answer = get("/v1/decisions/examples?filter=words&limit=2" +
                              (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const Json page = answer.json();
    EXPECT_EQ(page["dropped"], 3);
    EXPECT_EQ(page["drawn"], 3);
    EXPECT_LE(page["documents"].size(), 2u);
    for (const Json& document : page["documents"]) {
      ids.push_back(document["id"]);
      EXPECT_EQ(document["filter"], "words");
      EXPECT_EQ(document["value"], 2);
      EXPECT_EQ(document["at_least"], true);
      EXPECT_EQ(document["upper_bound"], 1);
      EXPECT_EQ(document["source"], "tests");
      EXPECT_EQ(document["excerpts"][0]["match"], "bad");
      EXPECT_EQ(document["evidence"].size(), 2u);
    }
    cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
  } while (!cursor.empty() && ids.size() <= 3);
  EXPECT_THAT(ids, ::testing::UnorderedElementsAre("bad/<b>1</b>", "bad/2", "bad/3"));
  const Json length = get("/v1/decisions/examples?filter=length").json();
  EXPECT_EQ(length["documents"].size(), 2u);
  EXPECT_EQ(length["documents"][0]["evidence"], Json::array());
  EXPECT_NE(length["documents"][0]["excerpts"][0]["after"], "");
}

TEST_F(DecisionsTest, RefusesParametersThatAreOff) {
  const std::string cursor =
      get("/v1/decisions/examples?filter=words&limit=1").json()["next_cursor"];
  for (const auto& [target, param] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/decisions?chain=x", "chain"},
           {"/v1/decisions/examples", "filter"},
           {"/v1/decisions/examples?filter=none", "filter"},
           {"/v1/decisions/examples?filter=words&limit=0", "limit"},
           {"/v1/decisions/examples?filter=words&limit=101", "limit"},
           {"/v1/decisions/examples?filter=words&cursor=1-2", "cursor"},
           {"/v1/decisions/examples?filter=length&cursor=" + cursor, "cursor"},
           {"/v1/decisions/whatif", "filter"},
           {"/v1/decisions/whatif?filter=none&threshold=1", "filter"},
           {"/v1/decisions/whatif?filter=length", "threshold"},
           {"/v1/decisions/whatif?filter=length&threshold=10", "threshold"},
           {"/v1/decisions/whatif?filter=length&threshold=3&min=2", "threshold"},
           {"/v1/decisions/whatif?filter=length&threshold=nan", "threshold"},
           {"/v1/decisions/whatif?filter=length&threshold=inf", "threshold"},
           {"/v1/decisions/whatif?filter=length&threshold=1e999", "threshold"},
           {"/v1/decisions/whatif?filter=length&min=1x", "min"},
           {"/v1/decisions/whatif?filter=length&max=", "max"},
           {"/v1/decisions/whatif?filter=length&treshold=3", "treshold"}}) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.param(), param) << target;
  }
  const std::string message = get("/v1/decisions/examples?filter=none").body;
  EXPECT_THAT(message, HasSubstr("it has words, length"));
  EXPECT_THAT(message, Not(HasSubstr("/filtered")));
}

TEST_F(DecisionsTest, SaysHowToStartTheServerWithDecisions) {
  const Gateway gateway = Gateway::open({.index_dir = index_->dir()}).value();
  for (const std::string path :
       {"/v1/decisions", "/v1/decisions/examples", "/v1/decisions/whatif"}) {
    const Answer answer = get(path, gateway);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "no_decisions");
    EXPECT_THAT(answer.body, HasSubstr("--filtered DIR"));
  }
}

TEST_F(DecisionsTest, AFolderThatIsNoneOrDamagedIsAnErrorAtTheStart) {
  const auto open = [&](const std::filesystem::path& dir) {
    return Gateway::open({.index_dir = index_->dir(), .filtered_dir = dir});
  };
  EXPECT_FALSE(open(decisions_->dir() / "none"));
  EXPECT_FALSE(open(index_->dir()));
  const ServedDecisions damaged;
  const auto file = damaged.dir() / "ledger/decisions-00000.jsonl.zst";
  std::string bytes = read_file(file).value();
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(file, std::ios::binary) << bytes;
  const auto opened = open(damaged.dir());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("decisions-00000.jsonl.zst"));
}

}  // namespace
}  // namespace yurai
