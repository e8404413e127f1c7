#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

/// `yurai corpus label`, `corpus export` and web archives as a person uses them.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LabelCli : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("YURAI_LANG", "en", 1); }

  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }

  ProcessResult yurai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {std::getenv("YURAI_BIN"), "corpus"});
    return run_process(arguments).value();
  }
  ProcessResult label(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "label");
    return yurai(arguments);
  }
  static Json json(const ProcessResult& result) {
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return parse_json(result.out, "out").value_or(Json::object());
  }

  static std::string labels_csv() {
    std::string csv = "text,label,annotator\n";
    for (int i = 0; i < 20; ++i) {
      // Texts that differ in digits alone would count as one.
      const std::string number = std::string(1, static_cast<char>('a' + i)) + "x";
      csv += "the weather of day " + number + " was fine,ok,ann\n";
      csv += "you " + number + " stupid fool,toxic,ann\n";
      csv += "you " + number + " stupid fool," + (i < 15 ? "toxic" : "ok") + ",bob\n";
    }
    return csv;
  }

  void train() {
    put("labels.csv", labels_csv());
    ASSERT_EQ(label({"import", path("labels"), path("labels.csv")}).exit_status, 0);
    const auto result = label({"train", path("model"), path("labels")});
    ASSERT_EQ(result.exit_status, 0) << result.err;
  }

  std::map<std::string, std::string> scores(const std::string& input) {
    const auto result = label({"score", path("model"), path(input)});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    std::map<std::string, std::string> by_hash;
    for (size_t begin = 0; begin < result.out.size();) {
      const size_t end = result.out.find('\n', begin);
      const Json line = parse_json(result.out.substr(begin, end - begin), "line").value();
      by_hash[line["sha256"]] = dump_json(line["score"]);
      begin = end + 1;
    }
    return by_hash;
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(LabelCli, FromLabelsToScores) {
  put("labels.csv", labels_csv() + "broken\n");
  const auto imported = label({"import", path("labels"), path("labels.csv"), "--json"});
  EXPECT_EQ(dump_json(json(imported)),
            R"({"labels":60,"documents":40,"duplicates":0,"conflicts":0,"without_text":0,)"
            R"("rejected":1})");
  EXPECT_THAT(imported.err, HasSubstr("1 rows are no labels"));
  const Json agreement = json(label({"agreement", path("labels"), "--json"}));
  EXPECT_EQ(agreement["documents"], 20);
  EXPECT_LT(agreement["nominal"]["alpha"].get<double>(), 0.5);
  const Json report = json(label({"eval", path("labels"), "--json"}));
  EXPECT_EQ(report["positive"], 20);
  EXPECT_GT(report["results"][0]["auroc"]["value"].get<double>(), 0.95);
  EXPECT_EQ(report["results"][1]["name"], "prior");
  const Json trained = json(label({"train", path("model"), path("labels"), "--json"}));
  EXPECT_EQ(trained["documents"], 40);
  EXPECT_EQ(trained["validation"], "cross-validation");
  EXPECT_GT(trained["unseen"]["found"], 0);
  EXPECT_EQ(report["validation"], "nested cross-validation");
  EXPECT_TRUE(report["results"][1]["precision"].is_null() ||
              report["results"][1]["true_positive"] > 0);
  EXPECT_THAT(label({"train", path("model2"), path("labels")}).out,
              HasSubstr("5-fold cross-validation, 95 % intervals"));
  EXPECT_THAT(label({"eval", path("labels")}).out,
              HasSubstr("calibration and threshold learnt within each"));

  put("in.jsonl",
      "{\"id\":\"a\",\"text\":\"you stupid fool\"}\n{bad\n{\"text\":\"fine weather\"}\n");
  const auto scored = label({"score", path("model"), path("in.jsonl")});
  ASSERT_EQ(scored.exit_status, 0);
  EXPECT_THAT(scored.out, HasSubstr(R"({"id":"a","sha256":")" + sha256_hex("you stupid fool")));
  EXPECT_THAT(scored.out, HasSubstr(R"("positive":true)"));
  EXPECT_THAT(scored.out, HasSubstr(R"("id":"sha256:)" + sha256_hex("fine weather").substr(0, 16)));
  EXPECT_THAT(scored.err, HasSubstr(R"({"file":"in.jsonl","line":2,"byte":36,)"));
  EXPECT_THAT(scored.err, HasSubstr("2 documents scored, 1 at or above 0.5"));
}

TEST_F(LabelCli, ABlankLineADuplicateOrAnotherOrderNeverShiftsAScore) {
  train();
  std::vector<std::string> lines;
  for (int i = 0; i < 30; ++i) {
    lines.push_back("{\"text\":\"" + std::string(i % 3 == 0 ? "you fool " : "weather ") +
                    std::to_string(i) + "\"}\n");
  }
  const auto join = [](const std::vector<std::string>& some, const std::string& between) {
    std::string out;
    for (const std::string& line : some) out += line + between;
    return out;
  };
  put("a.jsonl", join(lines, ""));
  const auto expected = scores("a.jsonl");
  EXPECT_EQ(expected.size(), 30U);
  put("blank.jsonl", "\n\n" + join(lines, "\n"));
  EXPECT_EQ(scores("blank.jsonl"), expected);
  std::vector<std::string> other(lines.rbegin(), lines.rend());
  other.insert(other.begin() + 7, lines.begin(), lines.begin() + 5);
  put("other.jsonl", join(other, ""));
  EXPECT_EQ(scores("other.jsonl"), expected);
  ASSERT_EQ(yurai({"build", path("corpus"), path("a.jsonl")}).exit_status, 0);
  EXPECT_EQ(scores("corpus"), expected);
}

TEST_F(LabelCli, ScoresTheFoldersOfFilterAndDedupAsTheFilesTheyCameFrom) {
  train();
  put("in.jsonl",
      "{\"id\":\"a\",\"text\":\"you stupid fool\"}\n{bad\n{\"text\":\"fine weather\"}\n");
  const auto expected = scores("in.jsonl");
  ASSERT_EQ(expected.size(), 2U);
  put("chain.toml", "[[filter]]\nname = \"not_empty\"\n");
  ASSERT_EQ(yurai({"filter", path("chain.toml"), path("in.jsonl"), "--out", path("filtered"),
                   "--compress", "zst"})
                .exit_status,
            0);
  EXPECT_EQ(scores("filtered"), expected);
  ASSERT_EQ(yurai({"dedup", path("filtered"), "--out", path("unique")}).exit_status, 0);
  EXPECT_EQ(scores("unique"), expected);
  const auto labels = label({"score", path("model"), path("labels")});
  EXPECT_EQ(labels.exit_status, 1);
  EXPECT_THAT(labels.err, HasSubstr("holds no file to read"));
}

TEST_F(LabelCli, SaysWhatIsWrong) {
  train();
  const auto fails = [&](std::vector<std::string> arguments, int status, const std::string& words) {
    const auto result = label(arguments);
    EXPECT_EQ(result.exit_status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(words));
  };
  fails({"train", path("model"), path("labels")}, 1, "exists; name another folder");
  fails({"train", path("m"), path("labels"), "--positive", "bad"}, 1, "--positive says which");
  fails({"train", path("m"), path("labels"), "--precision", "2"}, 2, "wanted precision");
  fails({"train", path("m"), path("labels"), "--folds", "1"}, 2, "folds");
  fails({"train", path("m"), path("labels"), "--calibration", "x"}, 2, "platt");
  fails({"eval", path("labels"), "--model", path("model")}, 1, "was trained on these labels");
  fails({"score", path("labels"), path("labels.csv")}, 1, "yurai-label-model");
  fails({"score", path("model"), path("missing.jsonl")}, 1, "No such file");
  fails({"import", path("x"), path("labels.csv"), "--map", "body=text"}, 2, "ours=theirs");
  fails({"export", path("labels"), path("x.txt")}, 2, ".jsonl or .csv");
  fails({"agreement", path("labels"), "--order", "ok"}, 2, "'toxic' is not in the order");
  fails({"eval", path("labels"), "--model", path("model"), "--keywords", path("labels.csv")}, 2,
        "without --model");
  EXPECT_FALSE(fs::exists(dir_ / "m"));
  EXPECT_FALSE(fs::exists(dir_ / "x"));
}

TEST_F(LabelCli, ExportedLabelsAreTheSameWhenImportedAgain) {
  train();
  ASSERT_EQ(label({"export", path("labels"), path("out.csv")}).exit_status, 0);
  ASSERT_EQ(label({"import", path("again"), path("out.csv")}).exit_status, 0);
  const std::string written = read_file(dir_ / "out.csv").value();
  put("out.csv", "mine");
  const auto refused = label({"export", path("labels"), path("out.csv")});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("exists; name another file, or replace it with --force"));
  EXPECT_EQ(read_file(dir_ / "out.csv").value(), "mine");
  ASSERT_EQ(label({"export", path("labels"), path("out.csv"), "--force"}).exit_status, 0);
  EXPECT_EQ(read_file(dir_ / "out.csv").value(), written);
  EXPECT_EQ(read_file(dir_ / "again/labels.jsonl").value(),
            read_file(dir_ / "labels/labels.jsonl").value());
}

TEST_F(LabelCli, AChainDropsWhatAModelFindsToxic) {
  train();
  put("chain.toml", "[[filter]]\nname = \"toxicity\"\nmodel = \"model\"\nmax = 0.5\n");
  put("in.jsonl", "{\"text\":\"you stupid fool\"}\n{\"text\":\"fine weather\"}\n");
  const auto result =
      yurai({"filter", path("chain.toml"), path("in.jsonl"), "--out", path("filtered")});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(read_file(dir_ / "filtered/part-00000.jsonl").value(), "{\"text\":\"fine weather\"}\n");
}

TEST_F(LabelCli, SaysThatAThresholdFindsNothingAndRefusesTheChain) {
  std::string csv = "text,label\n";
  uint64_t noise = 1;
  for (int i = 0; i < 100; ++i) {
    for (int c = 0; c < 12; ++c) {
      noise = noise * 6364136223846793005u + 1442695040888963407u;
      csv += static_cast<char>('a' + (noise >> 33) % 26);
    }
    csv += i % 12 == 0 ? ",toxic\n" : ",ok\n";
  }
  put("labels.csv", csv);
  ASSERT_EQ(label({"import", path("labels"), path("labels.csv")}).exit_status, 0);
  const auto trained = label({"train", path("model"), path("labels"), "--json"});
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  ASSERT_EQ(json(trained)["unseen"]["found"], 0);
  EXPECT_TRUE(json(trained)["unseen"]["precision"].is_null());
  EXPECT_THAT(trained.err, HasSubstr("no unseen text reached the threshold"));
  EXPECT_EQ(label({"train", path("other"), path("labels")}).out.find("In a chain"),
            std::string::npos);
  put("in.jsonl", "{\"text\":\"fine weather\"}\n");
  put("chain.toml", "[[filter]]\nname = \"toxicity\"\nmodel = \"model\"\n");
  const auto refused = yurai({"filter", path("chain.toml"), path("in.jsonl"), "--out", path("f")});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("the step would drop nothing"));
  EXPECT_FALSE(fs::exists(dir_ / "f"));
}

TEST_F(LabelCli, AChainThatSaysNoMaxTakesTheThresholdOfTheModel) {
  put("labels.csv", labels_csv());
  ASSERT_EQ(label({"import", path("labels"), path("labels.csv")}).exit_status, 0);
  ASSERT_EQ(label({"train", path("model"), path("labels"), "--precision", "0.9"}).exit_status, 0);
  const double threshold =
      Json::parse(read_file(dir_ / "model/manifest.json").value())["facts"]["threshold"];
  ASSERT_NE(threshold, 0.5);
  put("in.jsonl", "{\"text\":\"fine weather\"}\n");
  const auto bound = [&](const std::string& lines) {
    put("chain.toml", "[[filter]]\nname = \"toxicity\"\nmodel = \"model\"\n" + lines);
    const auto done =
        yurai({"filter", path("chain.toml"), path("in.jsonl"), "--out", path("f"), "--force"});
    EXPECT_EQ(done.exit_status, 0) << done.err;
    return Json::parse(read_file(dir_ / "f/ledger/chain.json").value())[0]["max"];
  };
  EXPECT_EQ(bound(""), std::nextafter(threshold, 0.0));
  EXPECT_EQ(bound("max = 0.25\n"), 0.25);
  EXPECT_TRUE(bound("max = \"none\"\n").is_null());
}

TEST_F(LabelCli, AWebArchiveBecomesACorpusAndComesBackAsJsonLines) {
  const std::string http =
      "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<title>T</title><p>The "
      "text "
      "of the page, in English words.</p><script>alert(1)</script>";
  put("a.warc",
      "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
      "WARC-Target-URI: http://a.example/\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
      "Content-Type: application/http\r\nContent-Length: " +
          std::to_string(http.size()) + "\r\n\r\n" + http + "\r\n\r\n");
  const auto built = yurai({"build", path("c"), path("a.warc"), "--source", "crawl", "--json"});
  const std::string hash = json(built)["corpus_sha256"];
  const auto exported = yurai({"export", path("c"), path("out.jsonl"), "--json"});
  EXPECT_EQ(json(exported)["corpus_sha256"], hash);
  EXPECT_EQ(read_file(dir_ / "out.jsonl").value(),
            R"({"id":"urn:uuid:1","text":"The text of the page, in English words.",)"
            R"("source":"crawl","url":"http://a.example/","title":"T",)"
            R"("date":"2024-05-06T07:08:09Z","lang":"en"})"
            "\n");
  EXPECT_EQ(json(yurai({"build", path("d"), path("out.jsonl"), "--json"}))["corpus_sha256"], hash);
  EXPECT_EQ(yurai({"export", path("c"), path("out.jsonl")}).exit_status, 1);
  EXPECT_EQ(yurai({"export", path("c"), path("out.doc")}).exit_status, 2);
  put("b.warc", "WARC/1.0\r\nContent-Length: 10\r\n\r\nabc");
  const auto cut = yurai({"build", path("e"), path("b.warc")});
  EXPECT_EQ(cut.exit_status, 1);
  EXPECT_THAT(cut.err, HasSubstr("b.warc', byte "));
  EXPECT_FALSE(fs::exists(dir_ / "e"));
}

}  // namespace
}  // namespace yurai
