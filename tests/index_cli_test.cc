#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using yurai::testing::TemporaryDirectory;

ProcessResult yurai_program(std::vector<std::string> arguments, std::string_view input = {}) {
  arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
  return run_process(arguments, input).value();
}

Json json_of(const ProcessResult& result) {
  EXPECT_EQ(result.exit_status, 0) << result.err;
  return parse_json(result.out, "output").value();
}

/// A corpus of two documents and its index, made by the program itself.
class IndexCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("YURAI_LANG", "en", 1);
    directory_ = new TemporaryDirectory;
    std::ofstream(path("input.jsonl"))
        << R"({"id":"one","text":"猫が猫を見た。aaaa","source":"s","license":"MIT","title":"T"})"
        << "\n"
        << R"({"id":"two","text":"concat cat"})"
        << "\n";
    const auto corpus = yurai_program({"corpus", "build", path("corpus"), path("input.jsonl")});
    YURAI_CHECK(corpus.exit_status == 0);
    const auto index =
        yurai_program({"index", "build", path("index"), "--corpus", path("corpus"), "--json"});
    YURAI_CHECK(index.exit_status == 0);
    build_output_ = index.out;
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::string path(std::string_view name) { return (*directory_ / name).string(); }
  static ProcessResult index(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), "index");
    arguments.insert(arguments.begin() + 2, path("index"));
    return yurai_program(std::move(arguments), input);
  }

  static inline TemporaryDirectory* directory_ = nullptr;
  static inline std::string build_output_;
};

TEST_F(IndexCli, BuildSaysWhatItMade) {
  const Json json = parse_json(build_output_, "output").value();
  EXPECT_EQ(json["documents"], 2);
  EXPECT_EQ(json["bytes"], 35);
  EXPECT_EQ(json["points"], "char");
  EXPECT_EQ(json["num_points"], 21);
  EXPECT_GT(json["index_bytes"], 0);
  EXPECT_EQ(json["corpus_sha256"].get<std::string>().size(), 64u);
}

TEST_F(IndexCli, CountsInTheOrderGiven) {
  EXPECT_EQ(index({"count", "猫", "aa", "犬", "--json"}).out,
            "{\"counts\":[2,3,0],\"points\":\"char\"}\n");
  EXPECT_EQ(index({"count", "猫", "aa"}).out, "2\t猫\n3\taa\n");
  EXPECT_EQ(index({"count", "", "--json"}).out, "{\"counts\":[23],\"points\":\"char\"}\n");
}

TEST_F(IndexCli, CountsWhatStandardInputGives) {
  const auto result = index({"count", "-", "--json"}, "\"猫\"\n\n\"\\u0061a\"\n\"\"\n");
  EXPECT_EQ(result.out, "{\"counts\":[2,3,23],\"points\":\"char\"}\n") << result.err;
  for (const char* bad : {"\"a\"\nmeow\n", "\"a\"\n5\n", "\"a\"\n\"\xff\"\n"}) {
    const auto refused = index({"count", "-", "--json"}, bad);
    EXPECT_EQ(refused.exit_status, 1);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr("standard input, line 2"));
  }
}

TEST_F(IndexCli, CountsTheReadsOfAColdQuery) {
  const Json json = json_of(index({"count", "猫", "aa", "--cold", "--json"}));
  EXPECT_EQ(dump_json(json), R"({"counts":[2,3],"points":"char","reads":[2,2]})");
}

TEST_F(IndexCli, NamesTheByteThatIsNotUtf8) {
  for (const std::string verb : {"count", "find", "next"}) {
    const auto result = index({verb, "ab\xff"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("byte 2 is not UTF-8"));
  }
}

TEST_F(IndexCli, FindsOccurrencesInCorpusOrder) {
  const Json json = json_of(index({"find", "cat", "--json"}));
  EXPECT_EQ(json["count"], 2);
  ASSERT_EQ(json["documents"].size(), 2u);
  EXPECT_EQ(dump_json(json["documents"][0]),
            R"({"id":"two","byte_begin":3,"byte_end":6,"before":"con","match":"cat",)"
            R"("after":" cat","title":null,"source":null,"license":null,"author":null,)"
            R"("url":null,"date":null,"lang":null})");
  EXPECT_EQ(json["documents"][1]["byte_begin"], 7);
  const Json one = json_of(index({"find", "a", "--limit", "1", "--json"}));
  EXPECT_EQ(one["count"], 6);
  ASSERT_EQ(one["documents"].size(), 1u);
  EXPECT_EQ(one["documents"][0]["id"], "one");
  EXPECT_EQ(one["documents"][0]["license"], "MIT");
  EXPECT_EQ(index({"find", "見", "--limit", "1"}).out,
            "1 occurrences\none:12-15  T  s  MIT\n    猫が猫を[見]た。aaaa\n");
}

TEST_F(IndexCli, TellsTheNextCharacters) {
  EXPECT_EQ(index({"next", "猫", "--json"}).out,
            "{\"context\":\"猫\",\"context_count\":2,\"symbols\":["
            "{\"text\":\"が\",\"count\":1,\"probability\":0.5},"
            "{\"text\":\"を\",\"count\":1,\"probability\":0.5}]}\n");
  const Json json = json_of(index({"next", "cat", "--json"}));
  EXPECT_EQ(
      dump_json(json["symbols"]),
      R"([{"text":"","count":1,"probability":0.5},{"text":" ","count":1,"probability":0.5}])");
  double sum = 0;
  const Json all = json_of(index({"next", "", "--json"}));
  for (const Json& symbol : all["symbols"]) {
    sum += symbol["probability"].get<double>();
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ(index({"next", "cat", "--max-symbols", "1"}).out, "1\t0.500000\t(end of document)\n");
  EXPECT_EQ(index({"next", "犬", "--json"}).out,
            "{\"context\":\"犬\",\"context_count\":0,\"symbols\":[]}\n");
}

TEST_F(IndexCli, SpeaksJapanese) {
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(index({"find", "見"}).out, StartsWith("1 箇所\n"));
  EXPECT_THAT(yurai_program({"index", "--help"}).out, HasSubstr("出現回数を数える"));
  ::setenv("YURAI_LANG", "en", 1);
}

TEST_F(IndexCli, CountsWordsOnlyFromTheirBegin) {
  const auto built = yurai_program(
      {"index", "build", path("words"), "--corpus", path("corpus"), "--points", "word"});
  ASSERT_EQ(built.exit_status, 0) << built.err;
  EXPECT_EQ(yurai_program({"index", "count", path("words"), "cat", "at", "猫", "--json"}).out,
            "{\"counts\":[1,0,2],\"points\":\"word\"}\n");
}

TEST_F(IndexCli, RefusesAnIndexFolderThatIsThereOrHoldsTheCorpus) {
  const auto again = yurai_program({"index", "build", path("index"), "--corpus", path("corpus")});
  EXPECT_EQ(again.exit_status, 1);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  const auto over =
      yurai_program({"index", "build", path("corpus"), "--corpus", path("corpus"), "--force"});
  EXPECT_EQ(over.exit_status, 1);
  EXPECT_THAT(over.err, HasSubstr("holds the corpus"));
  EXPECT_TRUE(fs::exists(path("corpus") + "/text.bin"));
  const auto forced =
      yurai_program({"index", "build", path("index"), "--corpus", path("corpus"), "--force"});
  EXPECT_EQ(forced.exit_status, 0) << forced.err;
}

TEST_F(IndexCli, RefusesTooLittleMemoryAndSaysHowMuchItNeeds) {
  const auto result = yurai_program(
      {"index", "build", path("small"), "--corpus", path("corpus"), "--memory", "1M"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err,
              HasSubstr("MiB of memory at least, 1 MiB are allowed; allow them with '--memory "));
  EXPECT_FALSE(fs::exists(path("small")));
}

TEST_F(IndexCli, SaysWhatIsMissing) {
  const auto no_index = yurai_program({"index", "count", path("nowhere"), "a"});
  EXPECT_EQ(no_index.exit_status, 1);
  EXPECT_THAT(no_index.err, HasSubstr("nowhere"));
  const auto a_corpus = yurai_program({"index", "count", path("corpus"), "a"});
  EXPECT_EQ(a_corpus.exit_status, 1);
  EXPECT_THAT(a_corpus.err, HasSubstr("a yurai-index is needed"));
  EXPECT_EQ(yurai_program({"index", "count"}).exit_status, 2);
  EXPECT_EQ(yurai_program({"index", "build", path("x")}).exit_status, 2);
  const auto junk =
      yurai_program({"index", "build", path("x"), "--corpus", path("c"), "--memory", "junk"});
  EXPECT_EQ(junk.exit_status, 2);
  EXPECT_THAT(junk.err, HasSubstr("'junk' is no size"));
  EXPECT_EQ(index({"count", "a", "--nonsense"}).exit_status, 2);
}

}  // namespace
}  // namespace yurai
