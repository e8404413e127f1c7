#include "yurai/curate/decision_view.h"

#include <gmock/gmock.h>

#include <fstream>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/curate/dropped_examples.h"
#include "yurai/curate/filter_run.h"
#include "yurai/curate/funnel.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::string_view kChain = R"(
[[filter]]
name = "not_empty"
[[filter]]
name = "words"
list = "bad.txt"
max = 2
[[filter]]
name = "length"
min = 3
max = 90
[[filter]]
name = "ja_lines"
[[filter]]
name = "hiragana_share"
min = 0.3
)";

class DecisionViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_ / "words");
    std::ofstream(dir_ / "words/bad.txt") << "悪い\n";
    std::mt19937_64 random(testing::test_seed());
    const std::vector<std::string> alphabet = {"あ", "い", "漢", "悪い", "a", "\\n", " "};
    const std::vector<std::string> licenses = {"\"MIT\"", "\"CC0-1.0\"", "null"};
    std::ofstream out(dir_ / "in.jsonl");
    for (int i = 0; i < 2000; ++i) {
      std::string text;
      const uint64_t longest = random() % 8 == 0 ? 120 : 12;
      for (uint64_t n = random() % longest; n > 0; --n) text += alphabet[random() % 7];
      out << "{\"id\":\"" << i << "\",\"text\":\"" << text
          << "\",\"license\":" << licenses[random() % 3] << "}\n";
      if (random() % 100 == 0) out << "{broken\n";
    }
  }

  void filter(const std::string& name, bool measure_all = false) {
    const Chain chain = Chain::parse(kChain, "c", {}, {.words = dir_ / "words"}).value();
    const InputList inputs = list_inputs({dir_ / "in.jsonl"}).value();
    StagingDirectory stage = StagingDirectory::create(dir_ / name, {}).value();
    FilterRunOptions options;
    options.measure_all = measure_all;
    ASSERT_TRUE(filter_files(chain, "c", inputs, options, stage, no_progress));
    ASSERT_TRUE(stage.commit());
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(DecisionViewTest, AnswersWhatIfAsReadingTheLedgerDoes) {
  for (const bool measure_all : {false, true}) {
    const std::string name = measure_all ? "all" : "needed";
    filter(name, measure_all);
    const DecisionView view = DecisionView::open(dir_ / name).value();
    const DecisionLedger ledger = DecisionLedger::open(dir_ / name).value();
    WhatIfIndex index(ledger.steps());
    ASSERT_TRUE(ledger.for_each([&](const DecisionRow& row) {
      index.add(row);
      return true;
    }));
    std::mt19937_64 random(testing::test_seed());
    int from_memory = 0;
    for (int round = 0; round < 300; ++round) {
      const size_t step = random() % ledger.steps().size();
      // Edges of the histogram, whole numbers, and anything.
      const auto bound = [&]() -> std::optional<double> {
        switch (random() % 4) {
          case 0:
            return histogram_bin_from(
                histogram_bin(std::exp2(static_cast<double>(random() % 12)) / 16));
          case 1:
            return static_cast<double>(random() % 40);
          case 2:
            return static_cast<double>(random() % 1000) / 700;
          default:
            return std::nullopt;
        }
      };
      const WhatIfQuestion question{
          .step = ledger.steps()[step].name, .min = bound(), .max = bound()};
      const auto expected = what_if(ledger, question);
      const auto answer = view.what_if(question);
      ASSERT_EQ(answer.has_value(), expected.has_value());
      if (!expected) {
        EXPECT_EQ(answer.error().message, expected.error().message);
        continue;
      }
      EXPECT_EQ(to_json(*answer), to_json(*expected)) << testing::test_seed();
      const auto remembered = index.what_if(step, question).value();
      if (!remembered) continue;
      ++from_memory;
      EXPECT_EQ(to_json(*remembered), to_json(*expected));
    }
    EXPECT_GT(from_memory, 50);
  }
}

TEST_F(DecisionViewTest, EveryThresholdOfAHistogramIsAnsweredFromMemory) {
  filter("out");
  const DecisionView view = DecisionView::open(dir_ / "out").value();
  WhatIfIndex index(view.ledger().steps());
  ASSERT_TRUE(view.ledger().for_each([&](const DecisionRow& row) {
    index.add(row);
    return true;
  }));
  size_t asked = 0;
  const Json& steps = view.overview()["steps"];
  for (size_t i = 0; i < steps.size(); ++i) {
    for (const Json& bar : steps[i]["histogram"]) {
      for (const char* edge : {"from", "to"}) {
        WhatIfQuestion question{.step = steps[i]["step"]};
        (asked % 2 == 0 ? question.min : question.max) = bar[edge].get<double>();
        const auto answer = index.what_if(i, question);
        if (!answer) continue;  // the step's own bound
        ASSERT_TRUE(*answer) << question.step << " " << bar[edge];
        EXPECT_EQ(to_json(**answer), to_json(what_if(view.ledger(), question).value()));
        ++asked;
      }
    }
  }
  EXPECT_GT(asked, 30u);
}

TEST_F(DecisionViewTest, ShowsWhatTheSummaryOfTheRunSays) {
  for (const bool measure_all : {false, true}) {
    const std::string name = measure_all ? "all" : "needed";
    filter(name, measure_all);
    const DecisionView view = DecisionView::open(dir_ / name).value();
    const Json& shown = view.overview();
    const Json& summary = view.ledger().summary();
    for (const char* member :
         {"documents", "bytes", "kept", "kept_bytes", "kept_bytes_after", "rejected", "left_out"}) {
      EXPECT_EQ(shown[member], summary[member]) << member;
    }
    ASSERT_EQ(shown["steps"].size(), summary["steps"].size());
    Json in = {{"documents", summary["documents"]}, {"bytes", summary["bytes"]}};
    for (size_t i = 0; i < summary["steps"].size(); ++i) {
      const Json& step = shown["steps"][i];
      const Json& expected = summary["steps"][i];
      for (const auto& [member, value] : expected.items()) {
        if (member == "histogram") continue;
        EXPECT_EQ(step[member], value) << member;
      }
      EXPECT_EQ(step["in"], in);
      in["documents"] = in["documents"].get<uint64_t>() - expected["dropped"].get<uint64_t>();
      in["bytes"] = in["bytes"].get<uint64_t>() - expected["dropped_bytes"].get<uint64_t>();
      EXPECT_EQ(step["out"], in);
      uint64_t documents = 0;
      uint64_t dropped = 0;
      double end = -1;
      for (const Json& bar : step["histogram"]) {
        documents += bar["documents"].get<uint64_t>();
        dropped += bar["dropped"].get<uint64_t>();
        EXPECT_GE(bar["from"].get<double>(), end);
        end = bar["to"].get<double>();
      }
      EXPECT_EQ(documents,
                expected["ran"].get<uint64_t>() - expected["unmeasured"].get<uint64_t>());
      EXPECT_EQ(dropped, expected["dropped"]);
      EXPECT_LE(step["histogram"].size(), 64u);
      EXPECT_EQ(step["undetermined"]["documents"].get<uint64_t>() == 0,
                measure_all || expected["ran"] == summary["documents"]);
    }
    EXPECT_EQ(in["documents"], summary["kept"]);
    EXPECT_EQ(shown["licenses"]["names"], 3);
    EXPECT_EQ(shown["licenses"]["groups"].size(), 3u);
    EXPECT_THAT(shown["licenses"].dump(), HasSubstr("\"name\":null"));
    EXPECT_EQ(shown["steps"][2]["whole"], true);
    EXPECT_EQ(shown["steps"][4]["whole"], false);
    EXPECT_THAT(shown["steps"][2]["description"]["ja"].get<std::string>(), HasSubstr("文字"));
  }
}

TEST_F(DecisionViewTest, DrawsTheExamplesThatTheRunDrewAndMore) {
  filter("out");
  const DecisionView view = DecisionView::open(dir_ / "out").value();
  const std::string lines = read_file(dir_ / "out/ledger/examples.jsonl").value();
  std::istringstream drawn(lines);
  std::vector<size_t> at(view.ledger().steps().size());
  size_t num_examples = 0;
  for (std::string line; std::getline(drawn, line); ++num_examples) {
    const Json expected = Json::parse(line);
    const size_t step = view.ledger().find_step(expected["step"].get<std::string>()).value();
    const Json example = view.example_json(view.examples(step).at(at[step]++));
    EXPECT_EQ(example["filter"], expected["step"]);
    for (const char* member : {"id", "sha256", "value", "at_least", "excerpts"}) {
      EXPECT_EQ(example[member], expected[member]);
    }
  }
  EXPECT_GT(num_examples, 40u);
  const size_t words = view.ledger().find_step("words").value();
  EXPECT_EQ(view.examples(words).size(), std::min<uint64_t>(view.num_dropped(words), 100));
  const Json example = view.example_json(view.examples(words)[0]);
  EXPECT_EQ(example["excerpts"][0]["match"], "悪い");
  EXPECT_EQ(example["at_least"], true);
  EXPECT_EQ(example["value"], 3);
  EXPECT_EQ(example["upper_bound"], 2);
  EXPECT_EQ(example["evidence"][0]["byte_end"].get<uint64_t>() -
                example["evidence"][0]["byte_begin"].get<uint64_t>(),
            std::string_view("悪い").size());
}

TEST_F(DecisionViewTest, RefusesALedgerThatIsNotAsItWasWritten) {
  filter("out");
  const fs::path file = dir_ / "out/ledger/decisions-00000.jsonl.zst";
  const std::string whole = read_file(file).value();
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 30; ++round) {
    std::string bytes = whole;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    std::ofstream(file, std::ios::binary) << bytes;
    const auto view = DecisionView::open(dir_ / "out");
    ASSERT_FALSE(view);
    EXPECT_THAT(view.error().message, HasSubstr("decisions-00000.jsonl.zst"));
  }
  std::ofstream(file, std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_FALSE(DecisionView::open(dir_ / "out"));
  std::ofstream(file, std::ios::binary) << whole;
  EXPECT_TRUE(DecisionView::open(dir_ / "out"));
  EXPECT_FALSE(DecisionView::open(dir_ / "none"));
  EXPECT_FALSE(DecisionView::open(dir_ / "words"));
}

TEST(HistogramBars, CoverTheirValuesWithoutGapsWhateverTheWidth) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 200; ++round) {
    const bool whole = round % 2 == 0;
    std::map<int64_t, HistogramBin> bins;
    std::vector<double> values;
    for (uint64_t n = 1 + random() % 50; n > 0; --n) {
      const double sign = !whole && random() % 3 == 0 ? -1 : 1;
      double value = sign * std::exp2(static_cast<double>(random() % 200) / 10 - (whole ? 0 : 10));
      if (random() % 5 == 0) value = 0;
      if (whole) value = std::floor(value);
      values.push_back(value);
      ++bins[histogram_bin(value)].documents;
    }
    const size_t max_bars = 4 + random() % 80;
    const auto bars = histogram_bars(bins, max_bars, whole);
    ASSERT_LE(bars.size(), max_bars);
    uint64_t documents = 0;
    for (size_t i = 0; i < bars.size(); ++i) {
      documents += bars[i].documents;
      const auto inside =
          static_cast<uint64_t>(std::count_if(values.begin(), values.end(), [&](double value) {
            if (bars[i].from == bars[i].to) return value == 0;
            if (bars[i].from < 0) return value > bars[i].from && value <= bars[i].to && value != 0;
            return value >= bars[i].from && value < bars[i].to && (value != 0 || whole);
          }));
      EXPECT_EQ(bars[i].documents, inside) << bars[i].from << " " << bars[i].to;
      const bool follows = i > 0 && bars[i - 1].from > 0;
      if (follows) {
        EXPECT_EQ(bars[i].from, bars[i - 1].to);
      }
    }
    EXPECT_EQ(documents, values.size());
  }
}

}  // namespace
}  // namespace yurai
