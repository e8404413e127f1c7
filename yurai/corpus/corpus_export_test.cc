#include "yurai/corpus/corpus_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "yurai/base/testing.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/parquet.h"
#include "yurai/corpus/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::write_corpus;

class CorpusExport : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<Document> documents = {
        {.id = "a", .text = "吾輩は猫である。", .source = "novels", .license = "CC0-1.0"},
        {.id = "a", .text = "", .title = "no text"},
        {.text = std::string("nul \0 inside", 12), .url = "http://a.example/?q='\"", .lang = "en"},
        {.id = "it's", .text = "line\nline\r\n", .author = "x, y", .date = "2024-05-06"}};
    for (int i = 0; i < 5'000; ++i) {
      documents.push_back({.id = std::to_string(i), .text = std::string(1 + i % 50, 'x')});
    }
    corpus_.emplace(write_corpus(dir_ / "corpus", documents).value());
  }

  Result<CorpusSummary> build(const std::filesystem::path& file,
                              const CorpusBuildOptions& options) {
    std::filesystem::remove_all(dir_ / "again");
    YURAI_ASSIGN(const InputList inputs, list_inputs({file}));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / "again", {}));
    YURAI_ASSIGN(CorpusSummary summary, build_corpus(inputs, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return summary;
  }

  void expect_round_trip(const std::string& name) {
    const auto written = export_corpus(*corpus_, dir_ / name, {}, no_progress);
    ASSERT_TRUE(written) << written.error().message;
    const auto summary = build(dir_ / name, {});
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->rejected, 0U);
    EXPECT_EQ(summary->corpus_sha256, corpus_->identity().corpus_sha256) << name;
    EXPECT_FALSE(std::filesystem::exists(dir_ / (name + ".partial")));
  }

  TemporaryDirectory dir_;
  std::optional<Corpus> corpus_;
};

TEST_F(CorpusExport, NeverTakesAPartialFileThatItDidNotMake) {
  std::ofstream(dir_ / "a.jsonl.partial") << "mine";
  const auto refused = export_corpus(*corpus_, dir_ / "a.jsonl", {.force = true}, no_progress);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(refused.error().message.find("a.jsonl.partial' is there already"), std::string::npos);
  EXPECT_EQ(read_file(dir_ / "a.jsonl.partial").value(), "mine");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "a.jsonl"));
}

TEST_F(CorpusExport, ACorpusBuiltFromTheFileIsTheSame) {
  for (const char* name : {"a.jsonl", "a.jsonl.gz", "a.jsonl.zst"}) expect_round_trip(name);
}

TEST_F(CorpusExport, ReplacesOnlyWithForceAndKnowsItsSuffixes) {
  ASSERT_TRUE(export_corpus(*corpus_, dir_ / "a.jsonl", {}, no_progress));
  EXPECT_THAT(export_corpus(*corpus_, dir_ / "a.jsonl", {}, no_progress).error().message,
              HasSubstr("exists; name another file, or replace it with --force"));
  EXPECT_TRUE(export_corpus(*corpus_, dir_ / "a.jsonl", {.force = true}, no_progress));
  EXPECT_THAT(export_corpus(*corpus_, dir_ / "a.csv", {}, no_progress).error().message,
              HasSubstr("a.csv': a corpus is exported to .jsonl, .jsonl.gz"));
}

TEST_F(CorpusExport, LeavesNothingWhenAWriteFails) {
  const Corpus small = write_corpus(dir_ / "small", {{.text = "a"}, {.text = "b"}}).value();
  for (const char* name : {"a.jsonl", "a.jsonl.gz", "a.jsonl.zst"}) {
    testing::FailingDisk counts(~0ull);
    ASSERT_TRUE(export_corpus(small, dir_ / name, {.disk = &counts}, no_progress));
    std::filesystem::remove(dir_ / name);
    for (uint64_t i = 0; i + 1 < counts.num_operations(); ++i) {
      testing::FailingDisk disk(i);
      EXPECT_FALSE(export_corpus(small, dir_ / name, {.disk = &disk}, no_progress)) << name << i;
      EXPECT_FALSE(std::filesystem::exists(dir_ / name)) << name << i;
    }
  }
}

class Parquet : public CorpusExport {
 protected:
  void SetUp() override {
    if (!parquet_supported()) GTEST_SKIP() << "this build has no DuckDB (-DYURAI_WITH_DUCKDB=ON)";
    CorpusExport::SetUp();
  }
};

TEST(ParquetOff, ABuildWithoutDuckDbSaysHowToGetIt) {
  if (parquet_supported()) GTEST_SKIP() << "this build has DuckDB";
  TemporaryDirectory dir;
  const Corpus corpus = write_corpus(dir / "corpus", {{.text = "a"}}).value();
  EXPECT_THAT(export_corpus(corpus, dir / "a.parquet", {}, no_progress).error().message,
              HasSubstr("run scripts/install_duckdb"));
  EXPECT_FALSE(std::filesystem::exists(dir / "a.parquet"));
}

TEST_F(Parquet, ACorpusBuiltFromTheFileIsTheSame) { expect_round_trip("it's a \"file\".parquet"); }

TEST_F(Parquet, TheSameCorpusGivesTheSameBytes) {
  ASSERT_TRUE(export_corpus(*corpus_, dir_ / "a.parquet", {}, no_progress));
  ASSERT_TRUE(export_corpus(*corpus_, dir_ / "b.parquet", {}, no_progress));
  EXPECT_EQ(read_file(dir_ / "a.parquet").value(), read_file(dir_ / "b.parquet").value());
}

TEST_F(Parquet, RenamesColumnsAndNamesThemWhenTextIsMissing) {
  ASSERT_TRUE(export_corpus(*corpus_, dir_ / "a.parquet", {}, no_progress));
  CorpusBuildOptions options;
  options.map = parse_field_map("text=title").value();
  const auto summary = build(dir_ / "a.parquet", options);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->documents, 1U);  // only one has a title
  EXPECT_EQ(summary->rejected, 5'003U);
  EXPECT_THAT(read_file(dir_ / "again/rejects.jsonl").value(),
              HasSubstr(R"({"file":"a.parquet","record":1,"byte":0,"reason":"the text is null"})"));
  options.map = parse_field_map("text=body").value();
  EXPECT_THAT(build(dir_ / "a.parquet", options).error().message,
              HasSubstr("a.parquet': no column 'body'; its columns are id, text, source"));
}

TEST_F(Parquet, FailsOnDamagedFilesAndPatterns) {
  ASSERT_TRUE(export_corpus(*corpus_, dir_ / "a.parquet", {}, no_progress));
  const std::string whole = read_file(dir_ / "a.parquet").value();
  for (const size_t size : {size_t{0}, size_t{3}, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(dir_ / "b.parquet", std::ios::binary) << whole.substr(0, size);
    EXPECT_FALSE(build(dir_ / "b.parquet", {})) << size;
  }
  std::ofstream(dir_ / "b*.parquet", std::ios::binary) << whole;
  EXPECT_THAT(build(dir_ / "b*.parquet", {}).error().message, HasSubstr("must not hold * ?"));
}

}  // namespace
}  // namespace yurai
