#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kSkipped = 77;

class CardCli : public ::testing::Test {
 protected:
  static std::string source(const std::string& name) {
    return std::string(std::getenv("YURAI_SOURCE_DIR")) + "/" + name;
  }
  static ProcessResult run_command(std::vector<std::string> command) {
    command.insert(command.begin(), {"env", "YURAI_LANG=en", "LC_ALL=C"});
    const Result<ProcessResult> result = run_process(command);
    EXPECT_TRUE(result);
    return result ? *result : ProcessResult{};
  }
  static ProcessResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {std::getenv("YURAI_BIN"), "corpus"});
    return run_command(std::move(arguments));
  }
  ProcessResult pipeline(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), source("examples/pipeline/run"));
    return run_command(std::move(arguments));
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }
  std::string file(const std::string& name) const {
    return read_file(dir_ / name).value_or("none");
  }

  /// Documents of random kana, some of them twice; `marked` ones hold a word of their own.
  void write_raw(bool all_licensed) {
    std::mt19937_64 random(testing::test_seed());
    std::ofstream out(dir_ / "raw.jsonl");
    std::ofstream labels(dir_ / "labels.csv");
    labels << "text,label\n";
    std::string before;
    for (int i = 0; i < 60; ++i) {
      std::string text;
      for (int c = 0; c < 300; ++c) append_char(U'ぁ' + static_cast<char32_t>(random() % 80), text);
      const bool marked = i % 3 == 0;
      if (marked) text += "ばけもの。ばけものめ。";
      if (i % 10 == 9) text = before;
      if (i % 10 != 9) labels << text << "," << (marked ? "toxic" : "fine") << "\n";
      if (i == 5) text += "電話は090-1234-5678です。";
      before = text;
      out << R"({"id":"d)" << i << R"(","text":")" << text << R"(","source":"s)" << i % 2
          << R"(","lang":"ja","url":"https://www.a)" << i % 4 << R"(.jp/")";
      if (all_licensed || i % 2 == 0) {
        out << R"(,"license":")" << (i % 4 == 0 ? "public-domain" : "MIT OR Apache-2.0") << '"';
      }
      out << "}\n";
    }
    out << "{broken\n";
  }

  void expect_valid_spdx(const std::string& name) {
    const ProcessResult checked =
        run_command({"python3", source("tests/check_schema.py"),
                     source("tests/schemas/spdx_3_0_1.json"), path(name)});
    if (checked.exit_status == kSkipped) GTEST_SKIP() << checked.out;
    EXPECT_EQ(checked.exit_status, 0) << checked.out << checked.err;
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(CardCli, OneCommandGoesFromRawFilesToAnIndexWithACard) {
  write_raw(false);
  const ProcessResult made =
      pipeline({path("out"), path("raw.jsonl"), "--labels", path("labels.csv")});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  const Json card = Json::parse(file("out/card.json"));
  ASSERT_EQ(card["lineage"].size(), 6u);
  const std::vector<std::string> formats = {"yurai-filtered",    "yurai-dedup",    "yurai-labels",
                                            "yurai-label-model", "yurai-filtered", "yurai-corpus"};
  for (size_t i = 0; i < formats.size(); ++i) EXPECT_EQ(card["lineage"][i]["format"], formats[i]);
  EXPECT_EQ(card["lineage"][0]["facts"]["rejected"], 1);
  EXPECT_EQ(card["lineage"][1]["facts"]["removed_exact"], 6);
  EXPECT_EQ(card["personal_information"][0]["spans"], 1);
  ASSERT_EQ(card["personal_information"][0]["kinds"].size(), 7u);
  for (const Json& kind : card["personal_information"][0]["kinds"]) {
    EXPECT_EQ(kind["spans"], kind["kind"] == "phone" ? 1 : 0);
  }
  ASSERT_EQ(card["toxicity"].size(), 1u);
  EXPECT_GT(card["toxicity"][0]["dropped"]["part"], 0);
  EXPECT_LE(card["toxicity"][0]["model"]["unseen"]["auroc"]["low"],
            card["toxicity"][0]["model"]["unseen"]["auroc"]["high"]);
  EXPECT_EQ(card["toxicity"][0]["model"]["labels"]["checksum"], card["lineage"][2]["checksum"]);
  EXPECT_EQ(card["toxicity"][0]["model"]["labels"]["files"][0]["name"], "labels.csv");
  EXPECT_EQ(card["lineage"][5]["facts"]["documents"], card["totals"]["documents"]);
  EXPECT_THAT(file("out/card.ja.md"), HasSubstr("# データカード"));
  EXPECT_THAT(file("out/card.md"), HasSubstr("AUROC in cross-validation"));
  EXPECT_THAT(file("out/card.json"), Not(HasSubstr(dir_.path().string())));
  EXPECT_TRUE(fs::exists(dir_ / "out/index/manifest.json"));

  EXPECT_EQ(pipeline({path("out"), path("raw.jsonl")}).exit_status, 1);
  const std::string before = file("out/card.json");
  fs::remove_all(dir_ / "out/corpus");
  fs::remove_all(dir_ / "out/index");
  const ProcessResult again =
      pipeline({path("out"), path("raw.jsonl"), "--labels", path("labels.csv"), "--continue"});
  ASSERT_EQ(again.exit_status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("unique: there already"));
  EXPECT_EQ(file("out/card.json"), before);
}

TEST_F(CardCli, SpdxIsValidUnderThePublishedSchema) {
  for (const bool all_licensed : {false, true}) {
    write_raw(all_licensed);
    ASSERT_EQ(run({"filter", source("examples/pipeline/chain.toml"), path("raw.jsonl"), "--out",
                   path("filtered"), "--force"})
                  .exit_status,
              0);
    ASSERT_EQ(run({"build", path("corpus"), path("filtered"), "--force"}).exit_status, 0);
    const ProcessResult spdx =
        run({"card", path("corpus"), "--format", "spdx", "--created", "2026-01-31T00:00:00Z",
             "--creator", "会", "--url", "https://example.jp/", "--name", "\x1b[31m<名>"});
    ASSERT_EQ(spdx.exit_status, 0) << spdx.err;
    EXPECT_EQ(spdx.out.find("LicenseRef-public-domain") != std::string::npos, all_licensed);
    std::ofstream(dir_ / "spdx.json") << spdx.out;
    expect_valid_spdx("spdx.json");
  }
}

TEST_F(CardCli, TheSchemaIsAbleToRefuse) {
  std::ofstream(dir_ / "bad.json")
      << R"({"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[)"
      << R"({"type":"dataset_DatasetPackage","spdxId":"urn:a:b","creationInfo":"_:c"}]})";
  const ProcessResult checked =
      run_command({"python3", source("tests/check_schema.py"),
                   source("tests/schemas/spdx_3_0_1.json"), path("bad.json")});
  if (checked.exit_status == kSkipped) GTEST_SKIP() << checked.out;
  EXPECT_EQ(checked.exit_status, 1);
}

TEST_F(CardCli, CountsTokensWhenItIsGivenATokenizer) {
  std::ofstream(dir_ / "t.json") << R"({"added_tokens":[],"model":{"type":"BPE",)"
                                 << R"("vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},)"
                                 << R"("decoder":{"type":"Fuse"}})";
  std::ofstream(dir_ / "in.jsonl") << "{\"text\":\"aab\"}\n";
  ASSERT_EQ(run({"build", path("corpus"), path("in.jsonl")}).exit_status, 0);
  const ProcessResult counted =
      run({"card", path("corpus"), "--tokenizer", path("t.json"), "--json"});
  ASSERT_EQ(counted.exit_status, 0) << counted.err;
  const Json card = Json::parse(counted.out);
  EXPECT_EQ(card["totals"]["tokens"], 2);
  EXPECT_EQ(card["tokenizer"]["vocabulary_size"], 3);
  EXPECT_TRUE(Json::parse(run({"card", path("corpus"), "--json"}).out)["tokenizer"].is_null());
  EXPECT_EQ(run({"card", path("corpus"), "--tokenizer", path("none.json")}).exit_status, 1);
}

TEST_F(CardCli, SaysWhatIsWrong) {
  write_raw(true);
  ASSERT_EQ(run({"build", path("corpus"), path("raw.jsonl")}).exit_status, 0);
  EXPECT_EQ(run({"card", path("corpus"), "--format", "pdf"}).exit_status, 2);
  EXPECT_EQ(run({"card"}).exit_status, 2);
  const ProcessResult timeless = run({"card", path("corpus"), "--format", "spdx"});
  EXPECT_EQ(timeless.exit_status, 2);
  EXPECT_THAT(timeless.err, HasSubstr("--created"));
  for (const char* format : {"md", "json", "croissant", "spdx", "eu"}) {
    const ProcessResult timed =
        run({"card", path("corpus"), "--format", format, "--created", "2026-02-30T00:00:00Z"});
    EXPECT_EQ(timed.exit_status, 2) << format;
    EXPECT_THAT(timed.err, HasSubstr("is no time"));
  }
  EXPECT_EQ(run({"card", path("corpus"), "--base", "x"}).exit_status, 2);
  const ProcessResult nowhere = run({"card", path("no\x1bwhere")});
  EXPECT_EQ(nowhere.exit_status, 1);
  EXPECT_THAT(nowhere.err, Not(HasSubstr("\x1b")));
}

TEST_F(CardCli, TheManifestsHashIsThatOfTheFile) {
  std::ofstream(dir_ / "in.jsonl") << "{\"text\":\"a\"}\n";
  ASSERT_EQ(run({"build", path("corpus"), path("in.jsonl")}).exit_status, 0);
  const Json data = Json::parse(run({"card", path("corpus"), "--json"}).out)["data"];
  const ProcessResult summed = run_command({"sha256sum", path("corpus/manifest.json")});
  EXPECT_EQ(summed.out.substr(0, 64), data["manifest_sha256"]);
  EXPECT_EQ(Json::parse(file("corpus/manifest.json"))["checksum"], data["manifest_checksum"]);
}

TEST_F(CardCli, CroissantNamesFilesThatCanBeFoundFromTheCard) {
  std::ofstream(dir_ / "in.jsonl") << "{\"text\":\"a\",\"license\":\"MIT\"}\n";
  std::ofstream(dir_ / "c.toml") << "[[filter]]\nname = \"not_empty\"\n";
  ASSERT_EQ(run({"filter", path("c.toml"), path("in.jsonl"), "--out", path("f")}).exit_status, 0);
  const ProcessResult bare =
      run({"card", path("f"), "--format", "croissant", "--base", "f", "--name", "n"});
  ASSERT_EQ(bare.exit_status, 0) << bare.err;
  EXPECT_THAT(bare.err, HasSubstr("description, url, creator, datePublished"));
  for (const Json& resource : Json::parse(bare.out)["distribution"]) {
    if (resource["@type"] != "cr:FileObject") continue;
    EXPECT_TRUE(fs::exists(dir_ / resource["contentUrl"].get<std::string>())) << resource;
  }
  const ProcessResult full =
      run({"card", path("f"), "--format", "croissant", "--name", "n", "--description", "d", "--url",
           "https://data.example/", "--creator", "c", "--created", "2026-01-31T00:00:00Z"});
  EXPECT_EQ(full.err, "");
  EXPECT_EQ(Json::parse(full.out)["distribution"][0]["contentUrl"], "ledger/chain.json");
}

TEST_F(CardCli, OfLabelsTellsHowManyThereAre) {
  std::ofstream(dir_ / "labels.csv") << "text,label\na,toxic\nb,fine\nc,fine\n";
  ASSERT_EQ(run({"label", "import", path("labels"), path("labels.csv")}).exit_status, 0);
  const Json card = Json::parse(run({"card", path("labels"), "--json"}).out);
  EXPECT_EQ(card["totals"]["documents"], 3);
  EXPECT_EQ(card["totals"]["labels"], 3);
  EXPECT_FALSE(card.contains("licenses"));
  EXPECT_THAT(run({"card", path("labels"), "--lang", "ja"}).out, HasSubstr("| fine | 2 |"));
  EXPECT_EQ(run({"card", path("labels"), "--format", "eu"}).exit_status, 0);
  EXPECT_EQ(run({"card", path("labels"), "--format", "croissant"}).exit_status, 0);
}

}  // namespace
}  // namespace yurai
