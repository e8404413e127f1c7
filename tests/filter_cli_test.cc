#include <gmock/gmock.h>

#include <algorithm>
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
using ::testing::Not;

class FilterCli : public ::testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> arguments, std::string_view input = {},
                    const std::string& lang = "en") {
    std::vector<std::string> command = {"env", "LC_ALL=C", "YURAI_LANG=" + lang,
                                        std::getenv("YURAI_BIN"), "corpus"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Result<ProcessResult> result = run_process(command, input);
    EXPECT_TRUE(result);
    return result ? *result : ProcessResult{};
  }

  void SetUp() override {
    fs::create_directories(dir_ / "words");
    for (const char* list : {"advertisement", "adult", "discrimination", "violence"}) {
      std::ofstream(dir_ / ("words/ja_" + std::string(list) + "_keywords.txt"))
          << "悪い言葉\nワルイ\n";
    }
    std::ofstream(dir_ / "in.jsonl")
        << row("good", "これは良い文章です。\\nEnglish only\\nとても良い。", "https://a.jp/")
        << "\n"
        << row("bad", "悪い言葉と悪い言葉とワルイと悪い言葉。\\u001b[31m", "https://b.jp/") << "\n"
        << "{broken\n"
        << row("elsewhere", "これは良い文章です。", "https://c.de/") << "\n";
    std::ofstream(dir_ / "chain.toml") << "[[filter]]\nchain = \"ja_cc\"\n[change.zlib_ratio]\n"
                                          "max = \"none\"\n";
  }

  static std::string row(const std::string& id, const std::string& text, const std::string& url) {
    return "{\"id\":\"" + id + "\",\"text\":\"" + text + "\",\"url\":\"" + url +
           "\",\"extra\":[1]}";
  }

  std::string path(const std::string& name) { return (dir_ / name).string(); }

  testing::TemporaryDirectory dir_;
};

TEST_F(FilterCli, FiltersExplainsAndAnswersWhatIf) {
  const ProcessResult filtered = run({"filter", path("chain.toml"), path("in.jsonl"), "--out",
                                      path("out"), "--words", path("words"), "--timing"});
  ASSERT_EQ(filtered.exit_status, 0) << filtered.err;
  EXPECT_THAT(filtered.out, HasSubstr("1 of 3 documents stay"));
  EXPECT_THAT(filtered.err, HasSubstr("1 rows could not be read"));
  EXPECT_THAT(filtered.err, HasSubstr("MB/s"));
  EXPECT_EQ(read_file(dir_ / "out/part-00000.jsonl").value(),
            row("good", "これは良い文章です。とても良い。", "https://a.jp/") + "\n");

  const ProcessResult why = run({"why", path("out"), "bad"});
  ASSERT_EQ(why.exit_status, 0) << why.err;
  EXPECT_THAT(why.out, HasSubstr("dropped by adult"));
  EXPECT_THAT(why.out, HasSubstr("[悪い言葉]"));
  EXPECT_THAT(why.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(run({"why", path("out"), "nobody"}).exit_status, 1);
  const Json row = Json::parse(run({"why", path("out"), "elsewhere", "--json"}).out);
  EXPECT_EQ(row["dropped_by"], "domain");
  EXPECT_EQ(row["host"], "c.de");

  const ProcessResult what_if =
      run({"whatif", path("out"), "--filter", "adult", "--threshold", "9", "--json"});
  ASSERT_EQ(what_if.exit_status, 0) << what_if.err;
  EXPECT_EQ(Json::parse(what_if.out)["undetermined"]["documents"], 1);
  EXPECT_THAT(run({"whatif", path("out"), "--filter", "kuten", "--threshold", "900"}).out,
              HasSubstr("undetermined: 0"));

  const std::string report = read_file(dir_ / "out/report.html").value();
  EXPECT_THAT(report, HasSubstr("default-src 'none'"));
  EXPECT_THAT(report, HasSubstr("<mark>悪い言葉</mark>"));
  EXPECT_THAT(report, Not(HasSubstr("<script")));
  EXPECT_THAT(report, Not(HasSubstr("\x1b")));

  const ProcessResult built = run({"build", path("corpus"), path("out"), "--json"});
  ASSERT_EQ(built.exit_status, 0) << built.err;
  EXPECT_EQ(Json::parse(built.out)["documents"], 1);
  EXPECT_EQ(Json::parse(built.out)["rejected"], 0);
  const Json domains = Json::parse(run({"domains", path("corpus"), "--json"}).out);
  EXPECT_EQ(domains["top"][0]["domain"], "a.jp");
}

TEST_F(FilterCli, IsAStatelessWorkerFromStandardInputToStandardOutput) {
  const std::string input = read_file(dir_ / "in.jsonl").value();
  const ProcessResult done =
      run({"filter", path("chain.toml"), "--words", path("words"), "--decisions", path("d.jsonl")},
          input);
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_EQ(done.out, row("good", "これは良い文章です。とても良い。", "https://a.jp/") + "\n");
  EXPECT_THAT(done.err, HasSubstr("line 3 (byte"));
  const std::string decisions = read_file(dir_ / "d.jsonl").value();
  EXPECT_EQ(std::count(decisions.begin(), decisions.end(), '\n'), 3);
  EXPECT_EQ(run({"filter", path("chain.toml"), "--words", path("words")}, "").out, "");
}

TEST_F(FilterCli, AWorkersFilesReplaceNothingWithoutForce) {
  std::ofstream(dir_ / "d.jsonl") << "mine";
  const std::vector<std::string> command = {"filter",      path("chain.toml"), "--words",
                                            path("words"), "--decisions",      path("d.jsonl")};
  const std::string input = read_file(dir_ / "in.jsonl").value();
  const ProcessResult refused = run(command, input);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("exists; name another file, or replace it with --force"));
  EXPECT_EQ(read_file(dir_ / "d.jsonl").value(), "mine");
  std::vector<std::string> forced = command;
  forced.emplace_back("--force");
  EXPECT_EQ(run(forced, input).exit_status, 0);
  EXPECT_THAT(read_file(dir_ / "d.jsonl").value(), HasSubstr("\"sha256\""));
  EXPECT_FALSE(fs::exists(dir_ / "d.jsonl.partial"));
  EXPECT_EQ(run({"filter", path("chain.toml"), path("in.jsonl"), "--out", path("out"), "--words",
                 path("words"), "--decisions", path("e.jsonl")})
                .exit_status,
            2);
}

TEST_F(FilterCli, DecisionsAndRejectsAreTwoFiles) {
  fs::create_directories(dir_ / "d");
  for (const std::string& other : {path("d.jsonl"), path("d/../d.jsonl")}) {
    const ProcessResult refused =
        run({"filter", "basic", "--decisions", path("d.jsonl"), "--rejects", other}, "{broken\n");
    EXPECT_EQ(refused.exit_status, 2);
    EXPECT_THAT(refused.err, HasSubstr("name one file"));
  }
  EXPECT_FALSE(fs::exists(dir_ / "d.jsonl"));
  EXPECT_THAT(run({"filter", "basic", "--decisions", path("d.jsonl"), "--rejects", path("d.jsonl")},
                  "", "ja")
                  .err,
              HasSubstr("同じファイル"));
}

TEST_F(FilterCli, ARunWithoutAReadableRowFailsAndListsTheRows) {
  std::ofstream(dir_ / "other.jsonl") << "{\"body\":\"a\"}\n{\"body\":\"b\"}\n";
  const ProcessResult failed =
      run({"filter", "basic", path("other.jsonl"), "--out", path("none"), "--json"});
  EXPECT_EQ(failed.exit_status, 1);
  EXPECT_THAT(failed.err, HasSubstr("none of the 2 rows of '" + path("other.jsonl") + "'"));
  EXPECT_THAT(failed.err, HasSubstr("--map text=content"));
  EXPECT_EQ(Json::parse(failed.out)["rejected"], 2);
  const std::string rejects = read_file(dir_ / "none/rejects.jsonl").value();
  EXPECT_EQ(std::count(rejects.begin(), rejects.end(), '\n'), 2);
  EXPECT_THAT(run({"filter", "basic"}, "{broken\n", "ja").err, HasSubstr("どれも読めなかった"));
  EXPECT_EQ(run({"filter", "basic"}, "").exit_status, 0);  // nothing was asked for
}

TEST_F(FilterCli, TheFunnelShowsUnreadableRowsAndEdits) {
  const std::vector<std::string> command = {"filter",      path("chain.toml"), path("in.jsonl"),
                                            "--out",       path("out"),        "--words",
                                            path("words"), "--force"};
  const std::string english = run(command).out;
  EXPECT_THAT(english, ::testing::ContainsRegex("could not be read. +1 +3"));
  EXPECT_THAT(english, HasSubstr("edited"));
  const std::string japanese = run(command, {}, "ja").out;
  EXPECT_THAT(japanese, HasSubstr("（読めない）"));
  EXPECT_THAT(japanese, HasSubstr("編集"));
  const std::string report = read_file(dir_ / "out/report.html").value();
  EXPECT_THAT(report, HasSubstr("（読めない）"));
  EXPECT_THAT(report, HasSubstr("編集した文書"));
  EXPECT_THAT(report, HasSubstr("出現数"));
  EXPECT_THAT(run({"card", path("out")}).out, HasSubstr("| (could not be read) |"));
}

TEST_F(FilterCli, WhyShowsNoTextForAStepThatHasNoPlaces) {
  std::ofstream(dir_ / "long.toml") << "[[filter]]\nname = \"length\"\nmin = 1000\n";
  ASSERT_EQ(run({"filter", path("long.toml"), path("in.jsonl"), "--out", path("out")}).exit_status,
            0);
  const ProcessResult why = run({"why", path("out"), "elsewhere"}, {}, "ja");
  EXPECT_EQ(why.exit_status, 0) << why.err;
  EXPECT_THAT(why.out, HasSubstr("length で除いた"));
  EXPECT_THAT(why.out, HasSubstr(" 文字"));
  EXPECT_THAT(why.out, Not(HasSubstr("これは良い文章です")));
}

TEST_F(FilterCli, DomainsNamesRowsThatItCannotRead) {
  const ProcessResult counted = run({"domains", path("in.jsonl"), "--json"});
  EXPECT_EQ(counted.exit_status, 0) << counted.err;
  EXPECT_EQ(Json::parse(counted.out)["rejected"], 1);
  EXPECT_EQ(Json::parse(counted.out)["left_out"], 0);
  EXPECT_THAT(counted.err, HasSubstr("in.jsonl, line 3 (byte "));
  EXPECT_THAT(counted.err, HasSubstr("1 rows could not be read"));
}

TEST_F(FilterCli, AWrongQuestionIsAWrongCommandLine) {
  ASSERT_EQ(run({"filter", path("chain.toml"), path("in.jsonl"), "--out", path("out"), "--words",
                 path("words")})
                .exit_status,
            0);
  const auto asked = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"whatif", path("out"), "--filter"});
    return run(arguments);
  };
  const ProcessResult crossed = asked({"adult", "--min", "5", "--max", "2"});
  EXPECT_EQ(crossed.exit_status, 2);
  EXPECT_THAT(crossed.err, HasSubstr("minimum 5 is above its maximum 2"));
  EXPECT_EQ(asked({"nobody", "--max", "2"}).exit_status, 2);
  EXPECT_EQ(asked({"adult", "--threshold", "1", "--max", "2"}).exit_status, 2);
  EXPECT_EQ(run({"filters", "--chain", "nobody"}).exit_status, 2);
  EXPECT_EQ(run({"filter", "basic", path("in.jsonl"), "--out", path("in.jsonl")}).exit_status, 2);
  EXPECT_EQ(run({"whatif", path("none"), "--filter", "adult", "--max", "2"}).exit_status, 1);
}

TEST_F(FilterCli, HelpIsInTheLanguageOfTheReader) {
  const std::string help = run({"filter", "--help"}, {}, "ja").out;
  for (const char* english : {"Usage", "Options", "OPTIONS", "Positionals", "Print"}) {
    EXPECT_THAT(help, Not(HasSubstr(english)));
  }
  EXPECT_THAT(help, HasSubstr("使い方: yurai corpus filter"));
  EXPECT_THAT(run({"--help"}, {}, "ja").out, Not(HasSubstr("Subcommands")));
  EXPECT_THAT(run({"filter", "--help"}).out, HasSubstr("Usage: yurai corpus filter [OPTIONS]"));
}

TEST_F(FilterCli, AWorkerSaysHowManyRowsItCouldNotReadOrListsThemAll) {
  std::string input;
  input += "{\"text\":\"a row that can be read\"}\n";
  for (int i = 0; i < 12; ++i) input += "{broken\n";
  const ProcessResult said = run({"filter", "basic"}, input);
  EXPECT_EQ(said.exit_status, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("line 11 (byte"));
  EXPECT_THAT(said.err, Not(HasSubstr("line 12 (byte")));
  EXPECT_THAT(said.err, HasSubstr("12 rows could not be read and were left out; the first 10"));
  const ProcessResult listed = run({"filter", "basic", "--rejects", path("r.jsonl")}, input);
  EXPECT_EQ(listed.exit_status, 0) << listed.err;
  EXPECT_THAT(listed.err, Not(HasSubstr("line 2 (byte")));
  const std::string rejects = read_file(dir_ / "r.jsonl").value();
  EXPECT_EQ(std::count(rejects.begin(), rejects.end(), '\n'), 12);
  EXPECT_THAT(rejects, HasSubstr(R"({"file":"stdin","line":13,"byte":122,"reason":"broken JSON)"));
}

TEST_F(FilterCli, NamesInputsAtAnyNumberOfThem) {
  fs::create_directories(dir_ / "many");
  for (int i = 0; i < 1'001; ++i) {
    std::ofstream(dir_ / ("many/" + std::to_string(1'000 + i) + ".jsonl"))
        << R"({"id":"same","text":"これは良い文章です。"})"
        << "\n";
  }
  std::ofstream(dir_ / "many/last.jsonl") << R"({"id":"last","text":"これも良い。"})"
                                          << "\n";
  std::ofstream(dir_ / "keep.toml") << "[[filter]]\nname = \"not_empty\"\n";
  ASSERT_EQ(run({"filter", path("keep.toml"), path("many"), "--out", path("out")}).exit_status, 0);
  const ProcessResult why = run({"why", path("out"), "last"});
  EXPECT_EQ(why.exit_status, 0) << why.err;
  EXPECT_THAT(why.out, HasSubstr("last.jsonl, line 1,"));
  const ProcessResult all = run({"why", path("out"), "same", "--json"});
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 1'000);
  EXPECT_THAT(all.err, HasSubstr("the first 1,000; there are more"));
  const Json card = Json::parse(run({"card", path("out"), "--json"}).out);
  EXPECT_EQ(card["lineage"][0]["num_inputs"], 1'002);
  EXPECT_THAT(run({"card", path("out")}).out,
              HasSubstr("1,002 input files, listed in inputs.jsonl"));
  // Each later step of the lineage says the same.
  ASSERT_EQ(run({"build", path("corpus"), path("out")}).exit_status, 0);
  EXPECT_EQ(Json::parse(run({"card", path("corpus"), "--json"}).out)["lineage"][0]["num_inputs"],
            1'002);
  std::ofstream(dir_ / "out/inputs.jsonl", std::ios::in | std::ios::out) << "[";
  EXPECT_THAT(run({"why", path("out"), "last"}).err, HasSubstr("inputs.jsonl"));
}

TEST_F(FilterCli, UsesNoMoreThreadsThanTheMachineHasUseFor) {
  const std::vector<std::string> command = {"filter", "basic", path("in.jsonl"), "--out"};
  const auto filtered = [&](const std::string& out, const std::string& threads) {
    std::vector<std::string> all = command;
    all.insert(all.end(), {path(out), "--threads", threads});
    return run(all);
  };
  const ProcessResult many = filtered("many", "1024");
  EXPECT_EQ(many.exit_status, 0) << many.err;
  EXPECT_THAT(many.err, HasSubstr("--threads 1024: "));
  EXPECT_THAT(filtered("one", "1").err, Not(HasSubstr("--threads")));
  EXPECT_EQ(read_file(dir_ / "many/manifest.json").value(),
            read_file(dir_ / "one/manifest.json").value());
}

TEST_F(FilterCli, SaysWhatIsWrongBeforeAnyWork) {
  const auto fails = [&](std::vector<std::string> arguments, const std::string& what) {
    arguments.insert(arguments.begin(), "filter");
    const ProcessResult done = run(arguments);
    EXPECT_EQ(done.exit_status, what.starts_with("--out DIR") ? 2 : 1);
    EXPECT_THAT(done.err, HasSubstr(what));
    EXPECT_FALSE(fs::exists(dir_ / "out"));
  };
  fails({"ja_cc", path("in.jsonl"), "--out", path("out")}, "--words DIR");
  fails({"ja_cc", path("in.jsonl"), "--out", path("out"), "--words", path("none")},
        "ja_advertisement_keywords.txt");
  fails({"nope", path("in.jsonl"), "--out", path("out")}, "neither a TOML file nor a built-in");
  fails({"basic", path("in.jsonl")}, "--out DIR is missing");
  fails({"basic", path("none.jsonl"), "--out", path("out")}, "No such file");
  std::ofstream(dir_ / "bad.toml") << "[[filter]]\nname = \"length\"\nmin = \"many\"\n";
  fails({path("bad.toml"), path("in.jsonl"), "--out", path("out")}, "'min' must be a number");
  EXPECT_EQ(run({"filter", "basic", path("in.jsonl"), "--out", path("out"), "--compress", "rar"})
                .exit_status,
            2);
}

TEST_F(FilterCli, ListsFiltersInTheLanguageOfTheReader) {
  EXPECT_THAT(run({"filters"}).out, HasSubstr("Full stops (。) in 1,000 characters"));
  EXPECT_THAT(run({"filters"}, {}, "ja").out, HasSubstr("1,000 文字あたりの句点"));
  const std::string lines = run({"filters", "--json"}).out;
  EXPECT_GT(std::count(lines.begin(), lines.end(), '\n'), 45);
  EXPECT_EQ(Json::parse(lines.substr(0, lines.find('\n')))["name"], "not_empty");
  EXPECT_THAT(run({"filters", "--chain", "ja_cc"}).out, HasSubstr("[[filter]]"));
}

}  // namespace
}  // namespace yurai
