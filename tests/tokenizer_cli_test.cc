#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

/// `yurai tokenizer` as a person uses it.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenizerCli : public ::testing::Test {
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
  ProcessResult tokenizer(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "tokenizer");
    return yurai(arguments);
  }
  static Json json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "out").value_or(Json::object());
  }

  void write_small() {
    put("tokenizer.json",
        R"({"added_tokens":[{"id":3,"content":"</s>","special":true}],)"
        R"("model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"\u001b":4},"merges":["a b"]},)"
        R"("decoder":{"type":"Fuse"}})");
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(TokenizerCli, ShowsTokensAndGoesBack) {
  write_small();
  const auto shown = tokenizer({"encode", path("tokenizer.json"), "ab</s>a"});
  EXPECT_EQ(shown.out, "piece  id  bytes\nab      2    0–2\n</s>    3    2–6\na       0    6–7\n");
  EXPECT_THAT(shown.err, HasSubstr("3 tokens for 7 bytes"));
  const Json tokens = json(tokenizer({"encode", path("tokenizer.json"), "ab</s>", "--json"}));
  EXPECT_EQ(dump_json(tokens["tokens"]), R"([{"id":2,"byte_begin":0,"byte_end":2,"piece":"ab"},)"
                                         R"({"id":3,"byte_begin":2,"byte_end":6,"piece":"</s>"}])");
  EXPECT_EQ(
      json(tokenizer({"encode", path("tokenizer.json"), "a</s>", "--plain", "--json"}))["tokens"]
          .size(),
      1U);
  put("text", "ab");
  EXPECT_EQ(json(tokenizer({"encode", path("tokenizer.json"), "--file", path("text"), "--json"})),
            json(tokenizer({"encode", dir_.path().string(), "ab", "--json"})));
  const auto piped =
      run_process({"sh", "-c", "printf ab | \"$YURAI_BIN\" tokenizer encode \"$0\" --file - --json",
                   path("tokenizer.json")})
          .value();
  EXPECT_EQ(piped.out, tokenizer({"encode", dir_.path().string(), "ab", "--json"}).out);
  EXPECT_EQ(tokenizer({"decode", path("tokenizer.json"), "2", "3", "0"}).out, "ab</s>a\n");
  EXPECT_EQ(tokenizer({"decode", path("tokenizer.json"), "[2,3,0]", "--skip-special"}).out,
            "aba\n");
  const Json info = json(tokenizer({"info", path("tokenizer.json"), "--json"}));
  EXPECT_EQ(info["kind"], "bpe");
  EXPECT_EQ(info["vocabulary_size"], 5);
  EXPECT_EQ(info["special"], Json::parse(R"([{"id":3,"text":"</s>"}])"));
  EXPECT_EQ(info["tokenizer_sha256"], tokens["tokenizer_sha256"]);
}

TEST_F(TokenizerCli, UntrustedPiecesAreEscaped) {
  write_small();
  EXPECT_THAT(tokenizer({"encode", path("tokenizer.json"), "\x1b"}).out, HasSubstr("\\u001b"));
  const auto decoded = tokenizer({"decode", path("tokenizer.json"), "4"});
  EXPECT_EQ(decoded.out, "\\u001b\n");
}

TEST_F(TokenizerCli, LearnsOneFromACorpus) {
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    lines += "{\"text\":\"the cat number " + std::to_string(i * 7919 % 1000) +
             " has no name; quick brown foxes jump over lazy dogs. "
             "吾輩は猫である。名前はまだ無い。どこで生れたか見当がつかぬ\"}\n";
  }
  put("in.jsonl", lines);
  ASSERT_EQ(yurai({"corpus", "build", path("corpus"), path("in.jsonl")}).exit_status, 0);
  const std::vector<std::string> train = {"train", path("out"), path("corpus"), "--vocabulary",
                                          "326",   "--symbol",  "<|user|>"};
  const auto trained = tokenizer(train);
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  EXPECT_THAT(trained.out, HasSubstr("326 tokens, learnt from 200 documents"));
  EXPECT_THAT(trained.err, Not(HasSubstr("trainer_interface")));
  EXPECT_EQ(tokenizer(train).exit_status, 1);  // it is there
  const std::string text = "吾輩は 2  cats\n<|user|>é";
  const Json encoded = json(tokenizer({"encode", path("out"), text, "--json"}));
  std::vector<std::string> decode = {"decode", path("out"), "--json"};
  for (const Json& token : encoded["tokens"])
    decode.push_back(std::to_string(token["id"].get<int>()));
  EXPECT_EQ(json(tokenizer(decode))["text"], text);
  const Json info = json(yurai({"info", path("out"), "--verify", "--json"}));
  EXPECT_EQ(info["format"], "yurai-tokenizer");
  EXPECT_EQ(info["facts"]["tokenizer_sha256"], encoded["tokenizer_sha256"]);
  EXPECT_EQ(info["lineage"][0]["format"], "yurai-corpus");
}

TEST_F(TokenizerCli, SaysWhatIsWrong) {
  write_small();
  const auto fails = [&](std::vector<std::string> arguments, int status, const std::string& words) {
    const auto result = tokenizer(arguments);
    EXPECT_EQ(result.exit_status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(words));
  };
  fails({"encode", path("none"), "a"}, 1, "No such file");
  fails({"encode", path("tokenizer.json")}, 2, "");
  fails({"encode", path("tokenizer.json"), "\xff"}, 1, "not UTF-8");
  fails({"decode", path("tokenizer.json"), "9"}, 1, "no token 9");
  fails({"decode", path("tokenizer.json"), "x"}, 1, "'x' is no token id");
  put("bad.json", "{\"model\":{\"type\":\"\x1b[31mX\"}}");
  fails({"info", path("bad.json")}, 1, "broken JSON");
  put("bad.model", "hello");
  fails({"info", path("bad.model")}, 1, "bad.model': ");
  put("in.jsonl", "{\"text\":\"a\"}\n");
  ASSERT_EQ(yurai({"corpus", "build", path("corpus"), path("in.jsonl")}).exit_status, 0);
  fails({"train", path("x"), path("corpus")}, 1, "SentencePiece: ");
  fails({"train", path("x"), path("corpus"), "--model", "word"}, 1, "'unigram' or 'bpe'");
  EXPECT_FALSE(fs::exists(dir_ / "x"));
}

}  // namespace
}  // namespace yurai
