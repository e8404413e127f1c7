#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

/// `yurai corpus` and `yurai info` as a person runs them.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class CorpusCli : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("YURAI_LANG", "en", 1);
    put("in.jsonl",
        R"({"id":"a","text":"吾輩は猫である。","source":"novels","license":"GPL-2+","lang":"ja"})"
        "\n"
        R"({"id":"a","text":"A cat.","title":"Cats","license":"public-domain","url":"javascript:x"})"
        "\nbroken\n"
        "{\"id\":\"evil\\u001b[31m/../x\",\"text\":\"\\u202eabc\\u0000\\u001b]0;title\\u0007\"}\n");
  }

  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }

  ProcessResult yurai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
    return run_process(arguments).value();
  }
  ProcessResult shell(const std::string& command) {
    return run_process({"sh", "-c", command}).value();
  }
  void build() {
    const auto result = yurai({"corpus", "build", path("c"), path("in.jsonl"), "--json"});
    ASSERT_EQ(result.exit_status, 0) << result.err;
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(CorpusCli, BuildEndsWithOneLineOfJson) {
  const auto result = yurai({"corpus", "build", path("c"), path("in.jsonl"), "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Json json = parse_json(result.out, "out").value();
  EXPECT_EQ(result.out, dump_json(json) + "\n");
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"documents", "rejected", "duplicate_ids", "bytes",
                                            "corpus_sha256"}));
  EXPECT_EQ(json["documents"], 3);
  EXPECT_EQ(json["rejected"], 1);
  EXPECT_EQ(json["duplicate_ids"], 1);
  EXPECT_EQ(json["bytes"], 24 + 6 + 17);
  EXPECT_THAT(result.err, HasSubstr("1 records could not be read"));
  EXPECT_THAT(read_file(dir_ / "c/rejects.jsonl").value(),
              HasSubstr(R"({"file":"in.jsonl","line":3,"byte":)"));
}

TEST_F(CorpusCli, BuildNeedsForceToReplaceAndReplacesOnlyCorpora) {
  build();
  const std::string manifest = read_file(dir_ / "c/manifest.json").value();
  auto result = yurai({"corpus", "build", path("c"), path("in.jsonl")});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("exists; name another folder, or replace it with --force"));
  result = yurai({"corpus", "build", path("c"), path("in.jsonl"), "--force"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(read_file(dir_ / "c/manifest.json").value(), manifest);
  fs::create_directory(dir_ / "photos");
  result = yurai({"corpus", "build", path("photos"), path("in.jsonl"), "--force"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(fs::exists(dir_ / "photos"));
}

TEST_F(CorpusCli, BuildFailsWithAMessageAndLeavesNothing) {
  const auto fails = [&](std::vector<std::string> arguments, const std::string& message) {
    arguments.insert(arguments.begin(), {"corpus", "build", path("x")});
    const auto result = yurai(arguments);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(fs::exists(dir_ / "x"));
    EXPECT_FALSE(fs::exists(dir_ / "x.partial"));
  };
  fails({path("missing.jsonl")}, "missing.jsonl': No such file or directory");
  put("a.csv", "x");
  fails({path("a.csv")}, "a.csv' (byte 0): its suffix says nothing");
  put("a.jsonl.gz", "");
  fails({path("a.jsonl.gz")}, "a.jsonl.gz', byte 0: the file is empty");
  fails({path("in.jsonl"), "--strict"}, "in.jsonl', line 3 (byte ");
}

TEST_F(CorpusCli, AWrongCommandLineIsStatusTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"corpus"},
           {"corpus", "build"},
           {"corpus", "build", path("x")},
           {"corpus", "build", path("x"), path("in.jsonl"), "--map", "body=text"},
           {"corpus", "build", path("x"), path("in.jsonl"), "--unknown"},
           {"corpus", "show", path("x")},
           {"corpus", "show", path("x"), "a", "--number", "1"},
           {"corpus", "list", path("x"), "--limit", "-1"},
           {"corpus", "build", path("x/y"), path("x")},
           {"corpus", "export", path("x"), path("a.csv")},
           {"corpus", "takedown", path("x"), "--who", "w", "--when", "t", "--why", "y"},
           {"info"}}) {
    EXPECT_EQ(yurai(arguments).exit_status, 2) << fmt::format("{}", fmt::join(arguments, " "));
  }
}

TEST_F(CorpusCli, StatsHaveEveryNumber) {
  build();
  const auto result = yurai({"corpus", "stats", path("c"), "--json"});
  const Json json = parse_json(result.out, "out").value();
  EXPECT_EQ(json["documents"], 3);
  EXPECT_EQ(json["characters"], 8 + 6 + 15);
  EXPECT_EQ(
      dump_json(json["licenses"]),
      R"([{"name":"GPL-2.0-or-later","documents":1,"bytes":24,"spdx":true,"license_ref":null},)"
      R"({"name":null,"documents":1,"bytes":17,"spdx":false,"license_ref":null},)"
      R"({"name":"public-domain","documents":1,"bytes":6,"spdx":false,)"
      R"("license_ref":"LicenseRef-public-domain"}])");
  EXPECT_EQ(json["missing_license"], 1);
  EXPECT_EQ(json["duplicate_ids"], 1);
  EXPECT_THAT(yurai({"corpus", "stats", path("c")}).out, HasSubstr("LicenseRef-public-domain"));
  ::setenv("YURAI_LANG", "ja", 1);
  EXPECT_THAT(yurai({"corpus", "stats", path("c")}).out, HasSubstr("ライセンスなし"));
}

TEST_F(CorpusCli, ShowPrintsAllDocumentsWithAnId) {
  build();
  const auto result = yurai({"corpus", "show", path("c"), "a"});
  EXPECT_THAT(result.out, HasSubstr("吾輩は猫である。"));
  EXPECT_THAT(result.out, HasSubstr("A cat."));
  EXPECT_THAT(result.out, HasSubstr("(an earlier document has it too)"));
  const auto json = yurai({"corpus", "show", path("c"), "--number", "1", "--json"});
  const Json document = parse_json(json.out, "out").value();
  EXPECT_EQ(document["text"], "A cat.");
  EXPECT_EQ(document["duplicate_id"], true);
  EXPECT_EQ(document["sha256"], sha256_hex("A cat."));
  EXPECT_EQ(document["source"], nullptr);
  EXPECT_EQ(yurai({"corpus", "show", path("c"), "b"}).exit_status, 1);
  EXPECT_EQ(yurai({"corpus", "show", path("c"), "--number", "3"}).exit_status, 1);
}

TEST_F(CorpusCli, NothingRawReachesTheTerminal) {
  build();
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"corpus", "show", path("c"), "--number", "2"},
                                             {"corpus", "list", path("c")},
                                             {"corpus", "show", path("c"), "no\x1b[31m such id"}}) {
    const auto result = yurai(arguments);
    for (const std::string& text : {result.out, result.err}) {
      EXPECT_THAT(text, Not(HasSubstr("\x1b")));
      EXPECT_THAT(text, Not(HasSubstr("\u202e")));
      EXPECT_EQ(text.find('\0'), std::string::npos);
    }
  }
  EXPECT_THAT(yurai({"corpus", "show", path("c"), "--number", "2"}).out,
              HasSubstr("\\u202eabc\\u0000\\u001b]0;title\\u0007"));
}

TEST_F(CorpusCli, ListFiltersAndLimits) {
  build();
  const auto lines = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"corpus", "list", path("c"), "--json"});
    const auto result = yurai(arguments);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return std::count(result.out.begin(), result.out.end(), '\n');
  };
  EXPECT_EQ(lines({}), 3);
  EXPECT_EQ(lines({"--license", "GPL-2+"}), 1);
  EXPECT_EQ(lines({"--license", ""}), 1);
  EXPECT_EQ(lines({"--source", "novels", "--lang", "ja"}), 1);
  EXPECT_EQ(lines({"--source", "novels", "--lang", "en"}), 0);
  EXPECT_EQ(lines({"--limit", "2"}), 2);
}

TEST_F(CorpusCli, InfoShowsLineageAndProvesEveryByte) {
  build();
  const auto result = yurai({"info", path("c"), "--verify", "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Json json = parse_json(result.out, "out").value();
  EXPECT_EQ(json["format"], "yurai-corpus");
  EXPECT_EQ(json["verified"], true);
  EXPECT_EQ(json["inputs"][0]["name"], "in.jsonl");
  EXPECT_EQ(json["inputs"][0]["sha256"], sha256_hex(read_file(dir_ / "in.jsonl").value()));
  EXPECT_EQ(json["corpus"], nullptr);
  EXPECT_THAT(yurai({"info", path("c")}).out, HasSubstr("licenses_mapped"));

  std::string text = read_file(dir_ / "c/text.bin").value();
  text[5] ^= 1;
  put("c/text.bin", text);
  const auto damaged = yurai({"info", path("c"), "--verify"});
  EXPECT_EQ(damaged.exit_status, 1);
  EXPECT_THAT(damaged.err, HasSubstr("text.bin"));
  EXPECT_EQ(yurai({"info", path("in.jsonl")}).exit_status, 1);
}

TEST_F(CorpusCli, AFullDiskAndAClosedOutputAreErrors) {
  build();
  const std::string list =
      fmt::format("'{}' corpus list '{}'", std::getenv("YURAI_BIN"), path("c"));
  EXPECT_EQ(shell(list + " > /dev/full").exit_status, 1);
  const auto closed = shell(list + " >&-");
  EXPECT_EQ(closed.exit_status, 1);
  EXPECT_THAT(closed.err, HasSubstr("standard output"));
  const std::string program = fmt::format("'{}'", std::getenv("YURAI_BIN"));
  EXPECT_EQ(shell(program + " --help > /dev/full").exit_status, 1);
  // What could not be printed is done all the same, and that is what the message says.
  const std::string made =
      fmt::format("{} corpus build '{}' '{}'", program, path("d"), path("in.jsonl"));
  const auto unprinted = shell(made + " > /dev/full");
  EXPECT_EQ(unprinted.exit_status, 1);
  EXPECT_THAT(unprinted.err, HasSubstr("what was done stays"));
  EXPECT_EQ(yurai({"info", path("d"), "--verify"}).exit_status, 0);
}

TEST_F(CorpusCli, MessagesThatCannotBeWrittenChangeNothing) {
  const std::string program = fmt::format("'{}'", std::getenv("YURAI_BIN"));
  for (const std::string no_messages : {" 2> /dev/full", " 2>&-"}) {
    fs::remove_all(dir_ / "c");
    const std::string made =
        fmt::format("{} corpus build '{}' '{}'", program, path("c"), path("in.jsonl"));
    EXPECT_EQ(shell(made + no_messages).exit_status, 0);
    EXPECT_EQ(yurai({"info", path("c"), "--verify"}).exit_status, 0);
    EXPECT_EQ(shell(program + " corpus stats nowhere" + no_messages).exit_status, 1);
    EXPECT_EQ(shell(program + " nonsense" + no_messages).exit_status, 2);
  }
}

}  // namespace
}  // namespace yurai
