#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using yurai::testing::TemporaryDirectory;

ProcessResult yurai_program(std::vector<std::string> arguments, std::string_view input = {}) {
  arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
  return run_process(arguments, input).value();
}

/// A corpus of four documents, its index with and one without document search.
class SearchCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("YURAI_LANG", "en", 1);
    directory_ = new TemporaryDirectory;
    std::ofstream(path("input.jsonl"))
        << R"({"id":"neko","text":"吾輩は猫である。名前はまだ無い。","source":"aozora","license":"CC0-1.0","title":"吾輩は猫である","date":"1905"})"
           "\n"
        << R"({"id":"inu","text":"犬は\u001b[31m名前を呼ばれると尾を振る。","source":"s"})"
           "\n"
        << R"({"id":"free","text":"Free software gives its users the freedom to share and change it."})"
           "\n"
        << R"({"id":"other","text":"The weather is fine today."})"
           "\n";
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"corpus", "build", path("corpus"), path("input.jsonl")},
          {"index", "build", path("index"), "--corpus", path("corpus")},
          {"index", "build", path("bare"), "--corpus", path("corpus"), "--no-search"}}) {
      const auto result = yurai_program(command);
      ASSERT_EQ(result.exit_status, 0) << result.err;
    }
  }
  static void TearDownTestSuite() { delete directory_; }
  static std::string path(std::string_view name) { return (*directory_ / name).string(); }
  static ProcessResult search(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"index", "search", path("index")});
    return yurai_program(std::move(arguments));
  }
  static Json json_of(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "output").value();
  }

  static inline TemporaryDirectory* directory_ = nullptr;
};

TEST_F(SearchCli, FindsTheDocumentThatAQuestionIsAbout) {
  const Json json = json_of(search({"猫の名前は何ですか", "--json"}));
  EXPECT_EQ(json["query"], "猫の名前は何ですか");
  ASSERT_EQ(json["documents"].size(), 2u);
  EXPECT_EQ(json["documents"][0]["id"], "neko");
  EXPECT_EQ(json["documents"][0]["passage"], "吾輩は猫である。名前はまだ無い。");
  EXPECT_EQ(json["documents"][0]["license"], "CC0-1.0");
  EXPECT_GE(json["documents"][0]["score"], json["documents"][1]["score"]);
  EXPECT_EQ(json_of(search({"ＦＲＥＥ software", "--json"}))["documents"][0]["id"], "free");
  EXPECT_EQ(json_of(search({"名前", "--limit", "1", "--json"}))["documents"].size(), 1u);
  EXPECT_EQ(search({"名前", "--json"}).out, search({"名前", "--json"}).out);
}

TEST_F(SearchCli, PrintsPassagesForPeopleWithEscapes) {
  const auto result = search({"犬"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("inu  s\n"));
  EXPECT_THAT(result.out, HasSubstr("\\u001b[31m"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(search({"馬"}).out, "No document holds any of these words.\n");
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_EQ(search({"馬"}).out, "この言葉を含む文書はありません。\n");
  ::setenv("YURAI_LANG", "en", 1);
}

TEST_F(SearchCli, SaysWhatIsMissing) {
  const auto bare = yurai_program({"index", "search", path("bare"), "猫"});
  EXPECT_EQ(bare.exit_status, 1);
  EXPECT_THAT(bare.err, HasSubstr("without document search"));
  const auto not_utf8 = search({"ab\xff"});
  EXPECT_EQ(not_utf8.exit_status, 1);
  EXPECT_THAT(not_utf8.err, HasSubstr("byte 2"));
  EXPECT_EQ(search({}).exit_status, 2);
  EXPECT_EQ(search({"a", "--limit", "0"}).exit_status, 2);
  EXPECT_EQ(yurai_program({"info", path("index"), "--verify"}).exit_status, 0);
}

TEST_F(SearchCli, CountsWherePhrasesStandTogether) {
  const auto query = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"index", "query", path("index")});
    return yurai_program(std::move(arguments));
  };
  const Json json = json_of(query({"名前 AND (猫 OR 犬) NOT 尾", "--json"}));
  EXPECT_EQ(json["query"], R"("名前" AND ("猫" OR "犬") NOT "尾" WITHIN DOCUMENT)");
  EXPECT_EQ(json["within"], "document");
  EXPECT_EQ(json["count"], 1);
  EXPECT_EQ(json["exact"], true);
  EXPECT_EQ(json["interval"], Json({1, 1}));
  EXPECT_EQ(json["matches"][0]["id"], "neko");
  const Json near = json_of(query({"freedom AND share WITHIN 16", "--json"}));
  EXPECT_EQ(near["count"], 1);
  EXPECT_EQ(near["matches"][0]["match"], "freedom to share");
  EXPECT_EQ(json_of(query({"freedom AND share WITHIN 15", "--json"}))["count"], 0);
  EXPECT_THAT(query({"freedom AND share WITHIN 16"}).out, HasSubstr("[freedom to share]"));
  EXPECT_THAT(query({"freedom AND share WITHIN 16"}).out, HasSubstr("1 matches within 16"));
  EXPECT_THAT(query({"e", "--budget", "2"}).out, HasSubstr("estimated, 95 % interval"));
  EXPECT_THAT(query({"犬"}).out, Not(HasSubstr("\x1b")));
  const auto wrong = query({"freedom AND (share"});
  EXPECT_EQ(wrong.exit_status, 1);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, HasSubstr("byte 12 of the query: this '(' is never closed"));
  EXPECT_EQ(query({"a", "--budget", "1"}).exit_status, 2);
}

TEST_F(SearchCli, TraceAddsRelatedPassagesThatAreNoMatches) {
  const std::string answer = "猫には名前がまだ無いらしい。xyzzy.";
  const auto trace = [&](std::vector<std::string> options, const std::string& index = "index") {
    options.insert(options.begin(), {"trace", "--index", path(index)});
    return yurai_program(std::move(options), answer);
  };
  const Json json = json_of(trace({"--related", "--json"}));
  ASSERT_EQ(json["related"]["sentences"].size(), 1u);
  const Json& sentence = json["related"]["sentences"][0];
  EXPECT_EQ(sentence["text"], "猫には名前がまだ無いらしい。");
  EXPECT_EQ(sentence["passages"][0]["id"], "neko");
  EXPECT_FALSE(json_of(trace({"--json"})).contains("related"));
  EXPECT_THAT(trace({"--related"}).out, HasSubstr("Related passages (near in words; not matches)"));
  const auto bare = trace({"--related"}, "bare");
  EXPECT_EQ(bare.exit_status, 1);
  EXPECT_THAT(bare.err, HasSubstr("--no-search"));
}

TEST_F(SearchCli, TraceJoinsNearCopies) {
  const std::string answer = "Free software gave its users the freedom to share or change it.";
  const auto trace = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"trace", "--index", path("index"), "--near"});
    return yurai_program(std::move(options), answer);
  };
  const Json json = json_of(trace({"--json", "--max-chance", "inf"}));
  ASSERT_EQ(json["near_copies"].size(), 1u);
  const Json& copy = json["near_copies"][0];
  EXPECT_EQ(copy["text"], answer);
  EXPECT_EQ(copy["document"]["id"], "free");
  EXPECT_EQ(copy["edits"], 5);  // gave for gives: 2; or for and: 3
  EXPECT_THAT(trace({"--max-chance", "inf"}).out, HasSubstr("Near copies"));
}

TEST_F(SearchCli, TracesAWholeWork) {
  std::string work;
  for (int i = 0; i < 40; ++i) work += "別の文章が続く" + std::to_string(i) + "。";
  work += "Free software gives its users the freedom to share and change it.";
  std::ofstream(path("work.txt"), std::ios::binary) << work;
  const auto trace = [&](std::vector<std::string> options) {
    options.insert(options.begin(),
                   {"trace", "--index", path("index"), path("work.txt"), "--work"});
    return yurai_program(std::move(options));
  };
  const Json json = json_of(trace({"--json"}));
  EXPECT_EQ(json["bytes"], work.size());
  EXPECT_EQ(json["map"].size(), 100u);
  EXPECT_EQ(json["map"][99]["share_found"], 1.0);
  EXPECT_EQ(json["map"][0]["share_found"], 0.0);
  EXPECT_EQ(json["documents"][0]["id"], "free");
  EXPECT_EQ(json["copies"], 1);
  EXPECT_TRUE(json["earliest"].is_null());
  EXPECT_EQ(trace({"--json"}).out, trace({"--json"}).out);
  EXPECT_THAT(trace({}).out, HasSubstr("█\n"));
  EXPECT_THAT(trace({}).out, HasSubstr("Longest passages"));
  EXPECT_EQ(trace({"--related"}).exit_status, 2);
}

}  // namespace
}  // namespace yurai
