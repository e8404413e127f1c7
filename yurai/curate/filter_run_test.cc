#include "yurai/curate/filter_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/warc_testing.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/domains.h"
#include "yurai/curate/json_member.h"
#include "yurai/curate/whatif.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

constexpr std::string_view kChain = R"(
[[filter]]
name = "not_empty"
[[filter]]
name = "length"
min = 3
max = 8
[[filter]]
name = "ja_lines"
[[filter]]
name = "hiragana_share"
min = 0.5
)";

class FilterRunTest : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories(dir_ / "in");
    std::ofstream(dir_ / ("in/" + name), std::ios::binary) << bytes;
  }

  Result<FilterRun> filter(const std::string& out, const FilterRunOptions& options = {},
                           Disk* disk = nullptr) {
    const Chain chain = Chain::parse(kChain, "c", {}, {}).value();
    YURAI_ASSIGN(const InputList inputs, list_inputs({dir_ / "in"}));
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(dir_ / out, {.force = false, .disk = disk}));
    YURAI_ASSIGN(FilterRun run, filter_files(chain, "c", inputs, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return run;
  }

  std::string read(const std::string& name) { return read_file(dir_ / name).value(); }

  /// Documents of many lengths, some broken rows between them.
  void put_many(uint64_t rows) {
    std::mt19937_64 random(testing::test_seed());
    const std::vector<std::string> alphabet = {"あ", "い", "漢", "a", "\\n", " "};
    std::string lines;
    for (uint64_t i = 0; i < rows; ++i) {
      std::string text;
      for (uint64_t n = random() % 12; n > 0; --n) text += alphabet[random() % alphabet.size()];
      lines += "{\"id\":\"" + std::to_string(i) + "\",\"n\":" + std::to_string(random()) +
               ",\"text\":\"" + text + "\",\"url\":\"http://h" + std::to_string(random() % 9) +
               ".jp/\"}\n";
      if (random() % 50 == 0) lines += "{broken\n";
    }
    put("a.jsonl", lines);
  }

  TemporaryDirectory dir_;
};

TEST_F(FilterRunTest, KeepsEveryMemberOfTheRowsAndPutsTheEditedTextInPlace) {
  put("a.jsonl",
      "{\"id\":1,\"x\":{\"text\":[1,{\"text\":\"}\"}]},\"te\\u0078t\":\"ひら\\nKANA\",\"y\":1.0e1}"
      "\n"
      "{\"text\":\"ひらがな\" , \"ü\":null}\r\n"
      "{\"text\":\"\"}\n\n{\"text\":3}\n{\"text\":\"ヒ漢字漢字\"}\n");
  put("b.txt", "ひらがなです");
  const FilterRun run = filter("out").value();
  EXPECT_EQ(read("out/part-00000.jsonl"),
            "{\"id\":1,\"x\":{\"text\":[1,{\"text\":\"}\"}]},\"te\\u0078t\":\"ひら\",\"y\":1.0e1}\n"
            "{\"text\":\"ひらがな\" , \"ü\":null}\n"
            "{\"text\":\"ひらがなです\",\"title\":\"b.txt\"}\n");
  EXPECT_THAT(read("out/rejects.jsonl"), HasSubstr(R"({"file":"a.jsonl","line":5,"byte":)"));
  EXPECT_EQ(run.summary["documents"], 5);
  EXPECT_EQ(run.summary["kept"], 3);
  EXPECT_EQ(run.summary["rejected"], 1);
  const DecisionLedger ledger = DecisionLedger::open(dir_ / "out").value();
  std::vector<std::string> drops;
  ASSERT_TRUE(ledger.for_each([&](const DecisionRow& row) {
    drops.push_back(row.kept() ? "" : ledger.steps()[*row.dropped_by].name);
    return true;
  }));
  EXPECT_EQ(drops, (std::vector<std::string>{"", "", "not_empty", "hiragana_share", ""}));
  EXPECT_TRUE(verify_files(dir_ / "out", read_manifest(dir_ / "out").value()));
}

TEST_F(FilterRunTest, ListsTheRecordsOfAnArchiveThatHoldNoDocument) {
  const std::string page = testing::warc_page("http://a.jp/", "<p>ひらがなです</p>");
  const std::string image = testing::warc_page("http://a.jp/i", "x", "image/png");
  const std::string gone = testing::warc_page("http://a.jp/g", "x", "text/html", "404 Not Found");
  put("a.warc", page + image + gone);
  const FilterRun run = filter("out").value();
  EXPECT_EQ(run.summary["documents"], 1);
  EXPECT_EQ(run.summary["left_out"], 2);
  EXPECT_EQ(run.summary["rejected"], 0);
  const std::string rejects = read("out/rejects.jsonl");
  const auto line = [](uint64_t record, size_t byte) {
    return fmt::format(R"({{"file":"a.warc","record":{},"byte":{},"reason":")", record, byte);
  };
  EXPECT_EQ(std::count(rejects.begin(), rejects.end(), '\n'), 2) << rejects;
  EXPECT_THAT(rejects, HasSubstr(line(2, page.size())));
  EXPECT_THAT(rejects, HasSubstr(line(3, page.size() + image.size())));
  EXPECT_THAT(rejects, HasSubstr("image/png"));
}

TEST_F(FilterRunTest, GivesTheSameBytesOnAnyNumberOfThreads) {
  put_many(5000);
  FilterRunOptions options;
  options.parts.part_bytes = 20'000;
  ASSERT_TRUE(filter("one", options));
  for (const int threads : {2, 7}) {
    options.num_threads = threads;
    const std::string out = "of" + std::to_string(threads);
    ASSERT_TRUE(filter(out, options));
    const Manifest expected = read_manifest(dir_ / "one").value();
    const Manifest manifest = read_manifest(dir_ / out).value();
    EXPECT_EQ(yurai::to_json(manifest), yurai::to_json(expected));
    EXPECT_GT(manifest.files.size(), 7u);
  }
}

TEST_F(FilterRunTest, MeasuringAllDecidesTheSame) {
  put_many(2000);
  ASSERT_TRUE(filter("needed"));
  ASSERT_TRUE(filter("all", {.measure_all = true}));
  EXPECT_EQ(read("needed/part-00000.jsonl"), read("all/part-00000.jsonl"));
  const DecisionLedger ledger = DecisionLedger::open(dir_ / "all").value();
  ASSERT_TRUE(ledger.for_each([&](const DecisionRow& row) {
    for (const auto& value : row.values) EXPECT_TRUE(value);
    return true;
  }));
}

TEST_F(FilterRunTest, CountsEachKindOfPersonalInformation) {
  put("a.jsonl",
      "{\"text\":\"a@example.jp と b@example.jp、〒100-0001 "
      "東京都\"}\n{\"text\":\"c@example.jp\"}\n"
      "{\"text\":\"なし\"}\n");
  const Chain chain =
      Chain::parse("[[filter]]\nname='pii'\nkinds=['email','postcode','card']\n", "c", {}, {})
          .value();
  StagingDirectory stage = StagingDirectory::create(dir_ / "out", {}).value();
  const FilterRun run =
      filter_files(chain, "c", list_inputs({dir_ / "in"}).value(), {}, stage, no_progress).value();
  EXPECT_EQ(
      run.summary["steps"][0]["by_kind"].dump(),
      R"([{"kind":"email","documents":2,"count":3},{"kind":"postcode","documents":1,"count":1},)"
      R"({"kind":"card","documents":0,"count":0}])");
  ASSERT_TRUE(stage.commit());
  std::vector<std::vector<uint64_t>> counts;
  const DecisionLedger ledger = DecisionLedger::open(dir_ / "out").value();
  ASSERT_TRUE(ledger.for_each([&](const DecisionRow& row) {
    counts.push_back(row.values[0]->by_kind);
    return true;
  }));
  EXPECT_EQ(counts, (std::vector<std::vector<uint64_t>>{{2, 1, 0}, {1, 0, 0}, {}}));
}

TEST_F(FilterRunTest, WhatIfAnswersAsAnotherRunWould) {
  put_many(3000);
  ASSERT_TRUE(filter("needed"));
  ASSERT_TRUE(filter("all", {.measure_all = true}));
  const InputList inputs = list_inputs({dir_ / "in"}).value();
  for (const auto& [min, max] : {std::pair(2.0, 8.0), std::pair(5.0, 8.0), std::pair(3.0, 10.0),
                                 std::pair(3.0, 5.0), std::pair(4.0, 9.0)}) {
    const std::string toml = std::string(kChain) + "[change.length]\nmin = " + std::to_string(min) +
                             "\nmax = " + std::to_string(max) + "\n";
    const Chain chain = Chain::parse(toml, "c", {}, {}).value();
    const std::string out = "then" + std::to_string(min) + "_" + std::to_string(max);
    StagingDirectory stage = StagingDirectory::create(dir_ / out, {}).value();
    const FilterRun run = filter_files(chain, "c", inputs, {}, stage, no_progress).value();
    const auto kept = run.summary["kept"].get<uint64_t>();
    const WhatIfQuestion question{.step = "length", .min = min, .max = max};
    const auto all = what_if(DecisionLedger::open(dir_ / "all").value(), question).value();
    EXPECT_EQ(all.undetermined.documents, 0u);
    EXPECT_EQ(all.kept_then.documents, kept);
    EXPECT_EQ(all.kept_then.bytes, run.summary["kept_bytes"]);
    EXPECT_EQ(all.kept_now.documents + all.gained.documents - all.lost.documents, kept);
    const auto needed = what_if(DecisionLedger::open(dir_ / "needed").value(), question).value();
    EXPECT_LE(needed.kept_then.documents, kept);
    EXPECT_GE(needed.kept_then.documents + needed.undetermined.documents, kept);
    EXPECT_EQ(needed.undetermined.documents > 0, min < 3 || max > 8);
  }
}

TEST_F(FilterRunTest, WhatIfChoosesTheNearerBoundAndNamesUnknownSteps) {
  put_many(10);
  ASSERT_TRUE(filter("out"));
  const DecisionLedger ledger = DecisionLedger::open(dir_ / "out").value();
  EXPECT_EQ(what_if(ledger, {.step = "length", .threshold = 4}).value().then, (Bounds{4, 8}));
  EXPECT_EQ(what_if(ledger, {.step = "length", .threshold = 7}).value().then, (Bounds{3, 7}));
  EXPECT_THAT(what_if(ledger, {.step = "x", .threshold = 1}).error().message,
              HasSubstr("it has not_empty, length, ja_lines, hiragana_share"));
  EXPECT_THAT(what_if(ledger, {.step = "ja_lines", .threshold = 1}).error().message,
              HasSubstr("no bound"));
  EXPECT_THAT(what_if(ledger, {.step = "length", .threshold = 3}).error().message,
              HasSubstr("say another"));
}

TEST_F(FilterRunTest, EveryFlippedBitOfTheLedgerIsNoticed) {
  put_many(30);
  ASSERT_TRUE(filter("out"));
  const fs::path file = dir_ / "out/ledger/decisions-00000.jsonl.zst";
  const std::string whole = read_file(file).value();
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 100; ++round) {
    std::string bytes = whole;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    std::ofstream(file, std::ios::binary) << bytes;
    const DecisionLedger ledger = DecisionLedger::open(dir_ / "out").value();
    EXPECT_FALSE(ledger.for_each([](const DecisionRow&) { return true; }));
  }
  std::ofstream(file, std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_FALSE(DecisionLedger::open(dir_ / "out"));
}

TEST_F(FilterRunTest, DecisionRowsReadBackAsTheyWereWritten) {
  const std::vector<LedgerStep> steps = {
      {.name = "a\"b", .kinds = {"x", "y", "z"}}, {.name = "c"}, {.name = "d"}};
  DecisionRow row;
  row.sha256 = std::string(64, 'f');
  row.id = "x\n\x01";
  row.input = 3;
  row.line = 1ull << 40;
  row.bytes = 7;
  row.license = "MIT";
  row.dropped_by = 1;
  row.values.resize(3);
  row.values[0] = DecisionValue{.value = 0.1, .bytes_after = 5, .evidence = {{1, 2}, {3, 4}}};
  row.values[0]->by_kind = {2, 0, 1};
  row.values[1] = DecisionValue{.value = 4, .at_least = true};
  row.excerpts = {{"a", "b", "c"}};
  const std::string line = decision_line(row, steps);
  const DecisionRow back = parse_decision_line(line, steps).value();
  EXPECT_EQ(decision_line(back, steps), line);
  EXPECT_EQ(back.values[0]->value, 0.1);
  EXPECT_EQ(back.values[0]->by_kind, (std::vector<uint64_t>{2, 0, 1}));
  EXPECT_EQ(back.bytes_after(), 5u);
  EXPECT_TRUE(back.values[1]->at_least);
  EXPECT_FALSE(back.values[2]);
  for (size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(parse_decision_line(std::string_view(line).substr(0, size), steps));
  }
}

TEST(JsonMember, FindsTheMemberOfTheObjectItself) {
  EXPECT_EQ(find_member(R"({"id":1,"text":"a"})", "text"), (ByteSpan{15, 18}));
  EXPECT_EQ(find_member(R"({"a":{"text":"x"}})", "text"), std::nullopt);
  EXPECT_EQ(find_member("{}", "text"), std::nullopt);
  EXPECT_EQ(with_member(R"({ "a\"":[1,"]"] , "text" : "\\\"" , "z":-1e5 })", "text", "\n"),
            R"({ "a\"":[1,"]"] , "text" : "\n" , "z":-1e5 })");
}

TEST(Funnel, BinsHoldTheirValues) {
  std::mt19937_64 random(testing::test_seed());
  std::uniform_real_distribution<double> exponent(-30, 30);
  for (int round = 0; round < 2000; ++round) {
    const double value = (random() % 2 == 0 ? 1 : -1) * std::exp2(exponent(random));
    const int64_t bin = histogram_bin(value);
    ASSERT_LE(histogram_bin_from(bin), value);
    ASSERT_GE(histogram_bin_from(bin + 1), value);
  }
  EXPECT_EQ(histogram_bin(0), 0);
  EXPECT_EQ(histogram_bin_from(histogram_bin(1)), 1);
}

TEST(Domains, AreCountedUnderTheirRegisteredName) {
  std::vector<Reject> rejects;
  const auto heard = [&](const Reject& reject) { rejects.push_back(reject); };
  EXPECT_EQ(registered_domain("a.b.example.co.jp"), "example.co.jp");
  EXPECT_EQ(registered_domain("www.example.com."), "example.com");
  EXPECT_EQ(registered_domain("localhost"), "localhost");
  EXPECT_EQ(registered_domain("192.168.0.1"), "192.168.0.1");
  TemporaryDirectory dir;
  std::ofstream(dir / "a.jsonl")
      << "{\"text\":\"aaa\",\"url\":\"http://x.example.com/\"}\n"
         "{\"text\":\"bb\",\"url\":\"http://y.example.com/\"}\n"
         "{\"text\":\"c\",\"url\":\"http://z.jp\"}\n{\"text\":\"d\"}\n{broken\n";
  const DomainCounts counts = count_domains({dir / "a.jsonl"}, false, heard, no_progress).value();
  ASSERT_EQ(counts.domains.size(), 2u);
  EXPECT_EQ(counts.domains[0].name, "example.com");
  EXPECT_EQ(counts.domains[0].bytes, 5u);
  EXPECT_EQ(counts.without_url.documents, 1u);
  EXPECT_EQ(counts.rejected, 1u);
  ASSERT_EQ(rejects.size(), 1u);
  EXPECT_EQ(rejects[0].number, 5u);
  EXPECT_EQ(top_domains(counts, 10), 1u);
  EXPECT_EQ(count_domains({dir / "a.jsonl"}, true, heard, no_progress).value().domains.size(), 3u);
}

}  // namespace
}  // namespace yurai
