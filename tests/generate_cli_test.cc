#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"
#include "yurai/lm/scripted_server.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using yurai::testing::ScriptedServer;
using yurai::testing::TemporaryDirectory;

ProcessResult yurai_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
  return run_process(arguments).value();
}

/// Corpus and index of three sentences, made by the program itself.
class GenerateCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("YURAI_LANG", "en", 1);
    directory_ = new TemporaryDirectory;
    std::ofstream(path("input.jsonl")) << R"({"text":"私はりんごを食べた。"})"
                                          "\n"
                                       << R"({"text":"私はりんごを食べた。"})"
                                          "\n"
                                       << R"({"text":"私はりんごを殴った。"})"
                                          "\n";
    const auto corpus = yurai_program({"corpus", "build", path("corpus"), path("input.jsonl")});
    YURAI_CHECK(corpus.exit_status == 0);
    const auto index = yurai_program({"index", "build", path("index"), "--corpus", path("corpus")});
    YURAI_CHECK(index.exit_status == 0);
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::string path(std::string_view name) { return (*directory_ / name).string(); }

 private:
  static inline TemporaryDirectory* directory_ = nullptr;
};

TEST_F(GenerateCli, ContinuesAPrompt) {
  const auto result = yurai_program({"generate", "--index", path("index"), "--prompt", "昔、私は",
                                     "--temperature", "0", "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const auto json = parse_json(result.out, "output").value();
  EXPECT_EQ(json["text"], "りんごを食べた。");
  EXPECT_EQ(json["finish_reason"], "stop");
  EXPECT_EQ(dump_json(json["symbols"][4]),
            R"({"text":"食","probability":0.6666666666666666,"context_chars":6,"context_count":3,)"
            R"("count":2})");
}

TEST_F(GenerateCli, GivesAPipeTheTextAndNothingElse) {
  const auto result = yurai_program({"generate", "--index", path("index"), "--prompt", "私は",
                                     "--temperature", "0", "--stop", "x", "--stop", "べた"});
  EXPECT_EQ(result.out, "りんごを食");
  EXPECT_THAT(result.err, HasSubstr("finish_reason stop"));
  const auto short_one = yurai_program({"generate", "--index", path("index"), "--prompt", "私は",
                                        "--temperature", "0", "--max-chars", "2"});
  EXPECT_EQ(short_one.out, "りん");
}

TEST_F(GenerateCli, GivesTheSameBytesForTheSameSeed) {
  const std::vector<std::string> command = {"generate", "--index", path("index"), "--prompt",
                                            "私",       "--seed",  "5",           "--temperature",
                                            "1.5",      "--json"};
  EXPECT_EQ(yurai_program(command).out, yurai_program(command).out);
}

TEST_F(GenerateCli, RefusesAWrongCommandLine) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--prompt", "x"},
           {"--index", path("index")},
           {"--index", path("index"), "--upstream", "http://127.0.0.1:1", "--prompt", "x"},
           {"--index", path("index"), "--model", "m", "--prompt", "x"},
           {"--index", path("index"), "--prompt", "x", "--temperature", "-1"},
           {"--index", path("index"), "--prompt", "x", "--temperature", "inf"},
           {"--index", path("index"), "--prompt", "x", "--max-chars", "many"}}) {
    std::vector<std::string> command = {"generate"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(yurai_program(command).exit_status, 2) << ::testing::PrintToString(arguments);
  }
}

TEST_F(GenerateCli, SaysWhatFailed) {
  const auto no_index = yurai_program({"generate", "--index", path("none"), "--prompt", "x"});
  EXPECT_EQ(no_index.exit_status, 1);
  EXPECT_THAT(no_index.err, HasSubstr("none"));
  const auto no_utf8 = yurai_program({"generate", "--index", path("index"), "--prompt", "a\xFF"});
  EXPECT_EQ(no_utf8.exit_status, 1);
  EXPECT_THAT(no_utf8.err, HasSubstr("byte 1"));
}

TEST_F(GenerateCli, AsksARemoteModel) {
  ScriptedServer server([](ScriptedServer::Connection& c) {
    c.read_request();
    c.respond(
        200, "text/event-stream",
        "data: {\"choices\":[{\"delta\":{\"content\":\"文書\\u001b[31m\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"から\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n");
  });
  ::setenv("YURAI_TEST_KEY", "sk-secret", 1);
  const std::vector<std::string> command = {"generate",       "--upstream", server.url(),
                                            "--model",        "m",          "--api-key-env",
                                            "YURAI_TEST_KEY", "--prompt",   "由来は?"};
  const auto plain = yurai_program(command);
  EXPECT_EQ(plain.exit_status, 0) << plain.err;
  EXPECT_EQ(plain.out, "文書\x1b[31mから");
  std::vector<std::string> with_json = command;
  with_json.push_back("--json");
  EXPECT_EQ(yurai_program(with_json).out,
            R"({"text":"文書\u001b[31mから","finish_reason":"stop","symbols":[)"
            R"({"text":"文書\u001b[31m","probability":null,"context_chars":null,)"
            R"("context_count":null,"count":null},{"text":"から","probability":null,)"
            R"("context_chars":null,"context_count":null,"count":null}]})"
            "\n");
  EXPECT_THAT(server.requests().at(0), HasSubstr("POST /v1/chat/completions "));
  EXPECT_THAT(server.requests().at(0), HasSubstr("Authorization: Bearer sk-secret\r\n"));
  EXPECT_THAT(server.requests().at(0), HasSubstr(R"("content":"由来は?")"));

  std::vector<std::string> complete = command;
  complete.push_back("--complete");
  yurai_program(complete);
  EXPECT_THAT(server.requests().at(2), HasSubstr("POST /v1/completions "));
}

TEST_F(GenerateCli, SaysWhyARemoteModelDidNotAnswer) {
  ScriptedServer server([](ScriptedServer::Connection& c) {
    c.read_request();
    c.respond(401, "application/json", R"({"error":{"message":"wrong key: sk-secret\u001b[2J"}})");
  });
  ::setenv("YURAI_TEST_KEY", "sk-secret", 1);
  const auto refused = yurai_program({"generate", "--upstream", server.url(), "--model", "m",
                                      "--api-key-env", "YURAI_TEST_KEY", "--prompt", "x"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("401"));
  EXPECT_THAT(refused.err, Not(HasSubstr("sk-secret")));
  EXPECT_THAT(refused.err, Not(HasSubstr("\x1b")));
  ::unsetenv("YURAI_TEST_KEY");
  const auto no_key = yurai_program(
      {"generate", "--upstream", server.url(), "--api-key-env", "YURAI_TEST_KEY", "--prompt", "x"});
  EXPECT_EQ(no_key.exit_status, 1);
  EXPECT_THAT(no_key.err, HasSubstr("YURAI_TEST_KEY"));
}

TEST_F(GenerateCli, GivesProbabilitiesAfterAContext) {
  const std::vector<std::string> command = {"index",        "prob",   path("index"), "--context",
                                            "私はりんごを", "食べた", "殴った",      "投げた"};
  const auto table = yurai_program(command);
  ASSERT_EQ(table.exit_status, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("context \"私はりんごを\": 3 occurrences"));
  EXPECT_THAT(table.out, HasSubstr("2 / 3"));
  std::vector<std::string> with_json = command;
  with_json.push_back("--json");
  const auto json = parse_json(yurai_program(with_json).out, "output").value();
  EXPECT_EQ(json["denominator"], 3);
  EXPECT_EQ(json["points"], "char");
  ASSERT_EQ(json["strings"].size(), 3u);
  EXPECT_EQ(json["strings"][0]["numerator"], 2);
  EXPECT_NEAR(json["strings"][0]["probability"].get<double>(), 2.0 / 3, 1e-15);
  EXPECT_NEAR(json["strings"][0]["interval"][0].get<double>(), 0.2076596, 1e-6);
  EXPECT_NEAR(json["strings"][0]["interval"][1].get<double>(), 0.9385081, 1e-6);
  // 30 characters and three ends of documents.
  EXPECT_DOUBLE_EQ(json["strings"][0]["baseline"].get<double>(), 2.0 / 33);
  EXPECT_EQ(json["strings"][2]["probability"], 0.0);
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(yurai_program(command).out, HasSubstr("文脈「私はりんごを」: 3 回"));
  ::setenv("YURAI_LANG", "en", 1);
}

}  // namespace
}  // namespace yurai
