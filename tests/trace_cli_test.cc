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

using ::testing::HasSubstr;
using ::testing::Not;
using yurai::testing::TemporaryDirectory;

ProcessResult yurai_program(std::vector<std::string> arguments, std::string_view input = {}) {
  arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
  return run_process(arguments, input).value();
}

/// A corpus of four documents and its index, made by the program itself.
class TraceCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("YURAI_LANG", "en", 1);
    directory_ = new TemporaryDirectory;
    std::ofstream(path("input.jsonl"))
        << R"({"id":"neko","text":"吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。","source":"aozora","license":"CC0-1.0","author":"夏目漱石","title":"吾輩は猫である","url":"https://example.org/neko","lang":"ja"})"
           "\n"
        << R"({"id":"gpl","text":"This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License.","source":"gnu","license":"GPL-3.0-or-later"})"
           "\n"
        << R"({"id":"quote","text":"A reader wrote that 何でも薄暗いじめじめした所でニャーニャー泣いていた is where it begins.","source":"letters"})"
           "\n"
        << R"({"id":"evil\u001b[31m","text":"control \u001b[31m characters and a \u202e mark stay in the corpus as they are","source":"<b>evil\u001b</b>","license":"MIT"})"
           "\n";
    const auto corpus = yurai_program({"corpus", "build", path("corpus"), path("input.jsonl")});
    YURAI_CHECK(corpus.exit_status == 0);
    const auto index = yurai_program({"index", "build", path("index"), "--corpus", path("corpus")});
    YURAI_CHECK(index.exit_status == 0);
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::string path(std::string_view name) { return (*directory_ / name).string(); }

  static ProcessResult trace(std::string_view answer, std::vector<std::string> options = {}) {
    std::vector<std::string> arguments = {"trace", "--index", path("index")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return yurai_program(arguments, answer);
  }

 private:
  static inline TemporaryDirectory* directory_ = nullptr;
};

constexpr std::string_view kAnswer =
    "かれは何でも薄暗いじめじめした所でニャーニャー泣いていた。"
    "Then you can redistribute it and/or modify it under the terms of my choice.";

TEST_F(TraceCli, PrintsSpansDocumentsAndCreditsAsJson) {
  const auto result = trace(kAnswer, {"--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const auto json = parse_json(result.out, "output").value();
  EXPECT_EQ(json["text"], kAnswer);
  EXPECT_EQ(json["points"], "char");
  EXPECT_EQ(json["index"]["documents"], 4);
  ASSERT_EQ(json["spans"].size(), 2u) << result.out;
  double sum = json["uncovered_share"];
  for (const auto& credit : json["credits"]) sum += credit["share"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_NEAR(json["coverage"].get<double>() + json["uncovered_share"].get<double>(), 1, 1e-9);
  for (const auto& span : json["spans"]) {
    const uint64_t begin = span["byte_begin"], end = span["byte_end"];
    EXPECT_EQ(span["text"], kAnswer.substr(begin, end - begin));
    EXPECT_LE(span["chance_per_10k"].get<double>(), 1);
    EXPECT_GE(span["documents"].size(), 1u);
    EXPECT_EQ(span["documents"][0]["match"], span["text"]);
  }
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"text", "coverage", "uncovered_share", "points",
                                            "spans", "credits", "index"}));
}

TEST_F(TraceCli, TheSameInputGivesTheSameBytes) {
  EXPECT_EQ(trace(kAnswer, {"--json"}).out, trace(kAnswer, {"--json"}).out);
  EXPECT_EQ(trace(kAnswer).out, trace(kAnswer).out);
}

TEST_F(TraceCli, DrawsThePictureAsPlainTextWhenPiped) {
  const auto result = trace(kAnswer);
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[1:"));
  EXPECT_THAT(result.out, HasSubstr("source: aozora  licence: CC0-1.0  author: 夏目漱石"));
  EXPECT_THAT(result.out, HasSubstr("https://example.org/neko"));
  EXPECT_THAT(result.out, HasSubstr("source: gnu  licence: GPL-3.0-or-later"));
  EXPECT_THAT(result.out, HasSubstr("without a significant match"));
  EXPECT_THAT(result.out, HasSubstr("█"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

TEST_F(TraceCli, SpeaksJapanese) {
  ::setenv("YURAI_LANG", "ja", 1);
  const auto result = trace(kAnswer);
  ::setenv("YURAI_LANG", "en", 1);
  EXPECT_THAT(result.out, HasSubstr("ライセンス: GPL-3.0-or-later"));
  EXPECT_THAT(result.out, HasSubstr("有意な一致のない部分"));
}

TEST_F(TraceCli, ReadsFilesAndStandardInputByteForByte) {
  const std::string answer = "名前はまだ無い。\r\n\n";
  std::ofstream(path("answer.txt"), std::ios::binary) << answer;
  for (const auto& result : {trace("", {path("answer.txt"), "--json"}), trace(answer, {"--json"}),
                             trace(answer, {"-", "--json"})}) {
    ASSERT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(parse_json(result.out, "output").value()["text"], answer);
  }
}

TEST_F(TraceCli, AnEmptyAnswerIsUncovered) {
  const auto result = trace("", {"--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const auto json = parse_json(result.out, "output").value();
  EXPECT_EQ(json["coverage"], 0);
  EXPECT_EQ(json["uncovered_share"], 1);
  EXPECT_EQ(json["spans"].size(), 0u);
  EXPECT_EQ(trace("").exit_status, 0);
}

TEST_F(TraceCli, NamesTheByteThatIsNotUtf8) {
  const auto result = trace("abc\xC3(", {"--json"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("byte 3"));
}

TEST_F(TraceCli, ShowsEveryMaximalSpanForAnInfiniteChance) {
  const auto few = parse_json(trace(kAnswer, {"--json"}).out, "output").value();
  const auto all =
      parse_json(trace(kAnswer, {"--json", "--max-chance", "inf"}).out, "output").value();
  EXPECT_GT(all["spans"].size(), few["spans"].size());
  EXPECT_GT(all["coverage"].get<double>(), few["coverage"].get<double>());
  const auto longer = trace(kAnswer, {"--json", "--max-chance", "inf", "--min-bytes", "30"}).out;
  for (const auto& span : parse_json(longer, "output").value()["spans"]) {
    EXPECT_GE(span["text"].get<std::string>().size(), 30u);
  }
}

TEST_F(TraceCli, MaxDocumentsLimitsWhatIsPrintedOnly) {
  const auto one = parse_json(trace(kAnswer, {"--json", "--max-documents", "1"}).out, "o").value();
  const auto ten = parse_json(trace(kAnswer, {"--json"}).out, "o").value();
  for (const auto& span : one["spans"]) EXPECT_EQ(span["documents"].size(), 1u);
  EXPECT_EQ(one["credits"], ten["credits"]);
}

TEST_F(TraceCli, TakesCountsAsTheyAreWritten) {
  for (const char* count : {"-1", "010", "0x10", "1e3", "18446744073709551616", ""}) {
    const auto result = trace(kAnswer, {"--json", "--max-documents", count});
    EXPECT_EQ(result.exit_status, 2) << count;
    EXPECT_THAT(result.err, HasSubstr("whole number")) << count;
  }
}

TEST_F(TraceCli, TimesOnlyWhenAsked) {
  EXPECT_THAT(trace(kAnswer, {"--json"}).out, Not(HasSubstr("timing")));
  const auto timed = parse_json(trace(kAnswer, {"--json", "--timing"}).out, "output").value();
  EXPECT_GT(timed["timing_ms"]["trace"].get<double>(), 0);
  EXPECT_TRUE(timed["timing_ms"].contains("open"));
  EXPECT_THAT(trace(kAnswer, {"--timing"}).err, HasSubstr("ms"));
}

TEST_F(TraceCli, NeverSendsControlCharactersToTheTerminal) {
  const auto result = trace("say control \x1b[31m characters and a \u202e mark stay in the corpus",
                            {"--max-chance", "inf"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(result.out, Not(HasSubstr("\u202e")));
  EXPECT_THAT(result.out, HasSubstr("\\u001b[31m"));
  EXPECT_THAT(result.out, HasSubstr("\\u202e"));
}

TEST_F(TraceCli, TakesChancesThatNoDoubleHolds) {
  const auto every = trace(kAnswer, {"--json", "--max-chance", "inf"});
  const auto huge = trace(kAnswer, {"--json", "--max-chance", "1e999"});
  EXPECT_EQ(huge.exit_status, 0) << huge.err;
  EXPECT_EQ(huge.out, every.out);
  const auto tiny = trace(kAnswer, {"--json", "--max-chance", "1e-400"});
  EXPECT_EQ(tiny.exit_status, 0) << tiny.err;
  EXPECT_EQ(tiny.out, trace(kAnswer, {"--json", "--max-chance", "0"}).out);
}

TEST_F(TraceCli, RefusesAWrongCommandLineWithTwo) {
  EXPECT_EQ(trace("", {"--max-chance", "-1"}).exit_status, 2);
  EXPECT_EQ(trace("", {"--max-chance", "nan"}).exit_status, 2);
  EXPECT_EQ(trace("", {"--max-chance", "many"}).exit_status, 2);
  EXPECT_EQ(yurai_program({"trace"}).exit_status, 2);
}

TEST_F(TraceCli, FailsWithOneOnWhatIsNotThere) {
  EXPECT_EQ(trace("", {path("missing.txt")}).exit_status, 1);
  EXPECT_EQ(yurai_program({"trace", "--index", path("no index")}, "a").exit_status, 1);
}

std::filesystem::path source_directory() { return std::getenv("YURAI_SOURCE_DIR"); }

/// The first indented block after `heading` in a page, without the indent.
std::string shown_in(const std::string& page, std::string_view heading) {
  const std::string text = read_file(source_directory() / page).value();
  std::string block;
  for (size_t at = text.find('\n', text.find(heading)) + 1; at < text.size();) {
    const std::string line = text.substr(at, text.find('\n', at) - at);
    if (line.starts_with("    ")) {
      block += line.substr(4) + "\n";
    } else if (!line.empty()) {
      break;
    } else if (!block.empty()) {
      block += "\n";
    }
    at += line.size() + 1;
  }
  return block.substr(0, block.find_last_not_of('\n') + 1) + "\n";
}

TEST_F(TraceCli, TheReadmesShowWhatIsPrinted) {
  const std::filesystem::path first = source_directory() / "examples/first";
  ASSERT_EQ(yurai_program({"corpus", "build", path("first-corpus"), first / "documents.jsonl"})
                .exit_status,
            0);
  ASSERT_EQ(yurai_program({"index", "build", path("first-index"), "--corpus", path("first-corpus")})
                .exit_status,
            0);
  const std::vector<std::string> command = {"trace", "--index", path("first-index"),
                                            first / "answer.txt"};
  EXPECT_EQ(yurai_program(command).out, shown_in("README.md", "What `trace` prints:"));
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_EQ(yurai_program(command).out, shown_in("README.ja.md", "`trace` の出力"));
  ::setenv("YURAI_LANG", "en", 1);
}

}  // namespace
}  // namespace yurai
