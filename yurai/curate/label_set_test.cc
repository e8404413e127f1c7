#include "yurai/curate/label_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/curate/label_csv.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

class Labels : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }

  Result<LabelSummary> import(const std::vector<std::string>& names,
                              const LabelImportOptions& options = {}) {
    std::filesystem::remove_all(dir_ / "labels");
    std::vector<std::filesystem::path> files;
    for (const std::string& name : names) files.push_back(dir_ / name);
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / "labels", {}));
    YURAI_ASSIGN(const LabelSummary summary, import_labels(files, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return summary;
  }

  /// "text annotator label" a row.
  std::vector<std::string> rows() {
    std::vector<std::string> out;
    const LabelSet labels = LabelSet::open(dir_ / "labels").value();
    for (const LabelRow& row : labels.rows()) {
      out.push_back(row.text + " " + row.annotator + " " + row.label);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::string stored() { return read_file(dir_ / "labels/labels.jsonl").value(); }
  std::string rejects() { return read_file(dir_ / "labels/rejects.jsonl").value(); }

  TemporaryDirectory dir_;
};

std::vector<std::string> csv_rows(const std::string& bytes) {
  TemporaryDirectory dir;
  std::ofstream(dir / "x", std::ios::binary) << bytes;
  InputFile file = InputFile::open(dir / "x", Compression::kNone).value();
  CsvReader reader(file);
  CsvRow row;
  std::vector<std::string> out;
  while (reader.next(row).value()) {
    std::string shown = row.problem.empty() ? "" : "!" + row.problem;
    for (const std::string& field : row.fields) shown += "[" + field + "]";
    out.push_back(shown);
  }
  return out;
}

TEST(LabelCsv, ReadsQuotesCommasAndLineBreaks) {
  EXPECT_THAT(csv_rows("\xef\xbb\xbf"
                       "a,b\r\n\"x, \"\"y\"\"\nz\",\n\n  \n,\"\"\n1,2"),
              ElementsAre("[a][b]", "[x, \"y\"\nz][]", "[][]", "[1][2]"));
}

TEST(LabelCsv, NamesBrokenRowsAndGoesOn) {
  EXPECT_THAT(csv_rows("a\"b,c\nd,e\n\"x\"y,z\nf\n\xff,g\nh,\"open\n"),
              ElementsAre("!a quote inside a field without quotes", "[d][e]",
                          "!something follows the end of a quoted field", "[f]",
                          "!not UTF-8 at byte 0 of field 1", "!a quoted field does not end"));
}

TEST(LabelCsv, ReadsBackWhatIsWritten) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> pieces = {",", "\"", "\n", "\r\n", "a", "猫", " "};
  for (int round = 0; round < 200; ++round) {
    std::string field;
    for (uint64_t i = random() % 8; i > 0; --i) field += pieces[random() % pieces.size()];
    EXPECT_THAT(csv_rows(csv_field(field) + ",end\r\n"), ElementsAre("[" + field + "][end]"));
  }
}

TEST_F(Labels, AreKeyedByTheHashOfTheText) {
  put("a.csv", "text,label,annotator\n猫,ok,ann\n犬,toxic,ann\n猫,toxic,bob\n");
  put("b.jsonl", R"({"sha256":")" + sha256_hex("犬") + R"(","label":1,"annotator":"bob"})" + "\n");
  const auto summary = import({"a.csv", "b.jsonl"});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->labels, 4U);
  EXPECT_EQ(summary->documents, 2U);
  EXPECT_THAT(rows(), ElementsAre("犬 ann toxic", "犬 bob 1", "猫 ann ok", "猫 bob toxic"));
}

TEST_F(Labels, AreTheSameForReorderedDuplicatedAndBlankLines) {
  std::vector<std::string> lines;
  for (int i = 0; i < 50; ++i) {
    lines.push_back("text " + std::to_string(i) + "," + (i % 3 == 0 ? "toxic" : "ok") + ",a" +
                    std::to_string(i % 2) + "\n");
  }
  const std::string header = "text,label,annotator\n";
  const auto join = [&](const std::vector<std::string>& some, const std::string& between) {
    std::string out = header;
    for (const std::string& line : some) out += line + between;
    return out;
  };
  put("a.csv", join(lines, ""));
  ASSERT_TRUE(import({"a.csv"}));
  const std::string expected = stored();
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> shuffled = lines;
  shuffled.insert(shuffled.end(), lines.begin(), lines.begin() + 20);
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  put("b.csv", join(shuffled, "\n"));
  const auto summary = import({"b.csv"});
  EXPECT_EQ(stored(), expected);
  EXPECT_EQ(summary->duplicates, 20U);
  ASSERT_TRUE(import({"a.csv", "b.csv"}));
  EXPECT_EQ(stored(), expected);
}

TEST_F(Labels, CountColumnsBecomeVotes) {
  put("votes.csv", "t,ok,hard,toxic\nfirst,2,0,1\nsecond,,,\nthird,0,-1,0\n");
  LabelImportOptions options;
  options.map = parse_label_map("text=t").value();
  options.votes = {"ok", "hard", "toxic"};
  const auto summary = import({"votes.csv"}, options);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_THAT(rows(), ElementsAre("first 1 ok", "first 2 ok", "first 3 toxic"));
  EXPECT_EQ(
      rejects(),
      "{\"file\":\"votes.csv\",\"record\":3,\"byte\":28,\"reason\":\"no votes\"}\n"
      "{\"file\":\"votes.csv\",\"record\":4,\"byte\":38,\"reason\":\"'-1' is no number of votes "
      "from 0 to 10000 (column 'hard')\"}\n");
}

TEST_F(Labels, RejectsWhatIsNoLabelAndGoesOn) {
  const std::string wrong_hash = std::string(64, '0');
  put("a.jsonl",
      "{broken\n[]\n{\"label\":\"x\"}\n{\"text\":\"a\"}\n\n{\"text\":\"a\",\"label\":\"x\","
      "\"sha256\":\"" +
          wrong_hash + "\"}\n{\"sha256\":\"12\",\"label\":\"x\"}\n{\"text\":\"a\",\"label\":true}");
  const auto summary = import({"a.jsonl"});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rejected, 6U);
  EXPECT_THAT(rows(), ElementsAre("a  true"));
  for (const char* reason : {"broken", "no JSON object", "neither a text nor its sha256",
                             "\"no label\"", "sha256 is not that of the text", "64 hex digits"}) {
    EXPECT_THAT(rejects(), HasSubstr(reason));
  }
}

TEST_F(Labels, KeepsBothOfAnAnnotatorsTwoLabelsAndCountsThem) {
  put("a.csv", "text,label,annotator\nx,ok,ann\nx,toxic,ann\ny,ok,\ny,toxic,\n");
  EXPECT_EQ(import({"a.csv"})->conflicts, 1U);
  EXPECT_EQ(rows().size(), 4U);
}

TEST_F(Labels, TakesTextsFromACorpusByHash) {
  ASSERT_TRUE(testing::write_corpus(dir_ / "corpus", {{.text = "zero"}, {.text = "one"}}));
  put("a.csv", "sha256,label\n" + sha256_hex("one") + ",toxic\n" + sha256_hex("two") + ",ok\n");
  LabelImportOptions options;
  options.corpus = dir_ / "corpus";
  const auto summary = import({"a.csv"}, options);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->without_text, 1U);
  EXPECT_THAT(rows(), ElementsAre("  ok", "one  toxic"));
}

TEST_F(Labels, ExportedAndImportedAgainTheyAreTheSame) {
  put("a.csv", "text,label,annotator\n\"a,\"\"b\n\",ok,ann\n犬,toxic,\n");
  ASSERT_TRUE(import({"a.csv"}));
  const std::string expected = stored();
  const LabelSet labels = LabelSet::open(dir_ / "labels").value();
  for (const std::string name : {"out.csv", "out.jsonl"}) {
    ASSERT_TRUE(export_labels(labels, dir_ / name, {}));
    ASSERT_TRUE(import({name}));
    EXPECT_EQ(stored(), expected) << name;
  }
  EXPECT_FALSE(export_labels(labels, dir_ / "out.txt", {}));
  testing::FailingDisk disk(1);
  EXPECT_FALSE(export_labels(labels, dir_ / "full.csv", {.disk = &disk}));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "full.csv"));
}

TEST_F(Labels, FailOnFilesThatCannotBeRead) {
  put("a.csv", "text,score\nx,1\n");
  EXPECT_THAT(import({"a.csv"}).error().message,
              HasSubstr("a.csv' has no column 'label'; its columns are text, score"));
  put("b.csv", "");
  EXPECT_THAT(import({"b.csv"}).error().message, HasSubstr("its first line must name the columns"));
  put("c.tsv", "x");
  EXPECT_THAT(import({"c.tsv"}).error().message, HasSubstr("end in .csv, .jsonl or .ndjson"));
  EXPECT_FALSE(import({"missing.csv"}));
  EXPECT_FALSE(parse_label_map("body=text"));
  EXPECT_FALSE(parse_label_map("text="));
}

TEST_F(Labels, NeverAnswerFromDamagedFiles) {
  put("a.csv", "text,label\nx,ok\ny,toxic\n");
  ASSERT_TRUE(import({"a.csv"}));
  const std::string whole = stored();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 1;
    put("labels/labels.jsonl", damaged);
    EXPECT_FALSE(LabelSet::open(dir_ / "labels"));
    put("labels/labels.jsonl", whole.substr(0, i));
    EXPECT_FALSE(LabelSet::open(dir_ / "labels"));
  }
}

}  // namespace
}  // namespace yurai
