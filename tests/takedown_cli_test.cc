#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using yurai::testing::TemporaryDirectory;

ProcessResult yurai_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), std::getenv("YURAI_BIN"));
  return run_process(arguments).value();
}

TEST(TakedownCli, TakesDocumentsDownAndTheOldIndexNoLongerOpens) {
  ::setenv("YURAI_LANG", "en", 1);
  const TemporaryDirectory dir;
  const std::string corpus = dir / "corpus", index = dir / "index";
  std::ofstream(dir / "input.jsonl") << R"({"id":"one","text":"猫が猫を見た","source":"s"})"
                                     << "\n"
                                     << R"({"id":"two","text":"concat cat","source":"t"})"
                                     << "\n"
                                     << R"({"id":"three","text":"犬","source":"t"})"
                                     << "\n";
  std::ofstream(dir / "hashes") << sha256_hex("concat cat") << "\n" << sha256_hex("?") << "\n";
  ASSERT_EQ(yurai_program({"corpus", "build", corpus, dir / "input.jsonl"}).exit_status, 0);
  ASSERT_EQ(yurai_program({"index", "build", index, "--corpus", corpus}).exit_status, 0);

  EXPECT_EQ(yurai_program({"corpus", "takedown", corpus, "--id", "one"}).exit_status, 2);
  const std::vector<std::string> log = {"--who", "legal", "--when", "2026-11-25", "--why", "\x1b"};
  const auto take = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"corpus", "takedown", corpus});
    arguments.insert(arguments.end(), log.begin(), log.end());
    return yurai_program(arguments);
  };
  const auto none = take({"--id", "four"});
  EXPECT_EQ(none.exit_status, 1);
  EXPECT_THAT(none.err, HasSubstr("nothing was changed"));
  EXPECT_EQ(yurai_program({"index", "count", index, "cat"}).out, "2\tcat\n");

  const auto taken = take({"--hashes", dir / "hashes", "--json"});
  ASSERT_EQ(taken.exit_status, 0) << taken.err;
  const Json json = parse_json(taken.out, "output").value();
  EXPECT_EQ(json["taken_down"], 1);
  EXPECT_EQ(json["not_found"], Json::array({sha256_hex("?")}));
  EXPECT_EQ(json["corpus"]["documents"], 2);
  EXPECT_THAT(read_file(dir / "corpus" / "takedowns.jsonl").value(),
              HasSubstr(R"("who":"legal","when":"2026-11-25","why":"\u001b")"));
  EXPECT_EQ(yurai_program({"info", corpus, "--verify"}).exit_status, 0);

  const auto refused = yurai_program({"index", "count", index, "cat"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("rebuild with 'yurai index build'"));
  ASSERT_EQ(yurai_program({"index", "build", index, "--corpus", corpus, "--force"}).exit_status, 0);
  EXPECT_EQ(yurai_program({"index", "count", index, "cat", "猫"}).out, "0\tcat\n2\t猫\n");

  EXPECT_THAT(take({"--source", "t"}).out, HasSubstr("1 documents taken down, 1 left"));
}

}  // namespace
}  // namespace yurai
