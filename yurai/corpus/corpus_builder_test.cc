#include "yurai/corpus/corpus_builder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/compressed_testing.h"
#include "yurai/corpus/corpus.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::gzip;
using testing::TemporaryDirectory;
using testing::zstd;
using namespace std::string_literals;

/// A folder of inputs, and the corpus that is built from it.
class CorpusBuilder : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories((dir_ / ("in/" + name)).parent_path());
    std::ofstream(dir_ / ("in/" + name), std::ios::binary) << bytes;
  }

  Result<CorpusSummary> build(const CorpusBuildOptions& options = {},
                              std::vector<fs::path> paths = {}) {
    fs::remove_all(dir_ / "corpus");
    if (paths.empty()) paths = {dir_ / "in"};
    YURAI_ASSIGN(inputs_, list_inputs(paths));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / "corpus", {}));
    YURAI_ASSIGN(CorpusSummary summary, build_corpus(inputs_, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return summary;
  }

  std::string rejects() { return read_file(dir_ / "corpus/rejects.jsonl").value(); }

  std::vector<std::string> texts() {
    const Corpus corpus = Corpus::open(dir_ / "corpus").value();
    std::vector<std::string> out;
    for (uint64_t i = 0; i < corpus.num_documents(); ++i) {
      out.push_back(corpus.document(i).value().text);
    }
    return out;
  }

  /// The message of a build that must fail and leave nothing, without the path before "in/".
  std::string failure(const CorpusBuildOptions& options = {}) {
    const auto summary = build(options);
    EXPECT_FALSE(Corpus::open(dir_ / "corpus"));
    EXPECT_FALSE(fs::exists(dir_ / "corpus.partial"));
    if (summary) return "built";
    std::string message = summary.error().message;
    const std::string prefix = dir_.path().string() + "/";
    for (size_t at; (at = message.find(prefix)) != std::string::npos;) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  TemporaryDirectory dir_;
  InputList inputs_;
};

std::string record(const std::string& text) { return R"({"text":")" + text + "\"}\n"; }

std::string reject_line(const std::string& file, int line, int byte, const std::string& reason) {
  return dump_json({{"file", file}, {"line", line}, {"byte", byte}, {"reason", reason}}) + "\n";
}

TEST_F(CorpusBuilder, ReadsFilesOfFoldersInTheOrderOfTheirPathBytes) {
  put("b.jsonl", record("b1") + record("b2"));
  put("a/z.jsonl.gz", gzip(record("az1")) + gzip(record("az2")));
  put("a.jsonl.zst", zstd(record("a1")) + zstd(record("a2")));
  put("a/sub/t.txt", "t\r\n");
  put("B.NDJSON", record("B1"));
  put("é.txt.gz", gzip("é"));
  put("README.md", "skipped");
  put(".hidden.jsonl", record("hidden"));
  put(".git/x.jsonl", record("hidden"));
  const auto summary = build();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(texts(),
            (std::vector<std::string>{"B1", "a1", "a2", "t\r\n", "az1", "az2", "b1", "b2", "é"}));
  EXPECT_EQ(inputs_.skipped, std::vector<std::string>{"README.md"});
  EXPECT_EQ(rejects(), "");
  const Corpus corpus = Corpus::open(dir_ / "corpus").value();
  EXPECT_EQ(corpus.document(3)->title, "t.txt");
  EXPECT_EQ(corpus.document(3)->id, "sha256:" + sha256_hex("t\r\n").substr(0, 16));
  const auto& inputs = corpus.manifest().inputs;
  ASSERT_EQ(inputs.size(), 6U);
  EXPECT_EQ(inputs[3].name, "a/z.jsonl.gz");
  EXPECT_EQ(inputs[3].sha256, sha256_hex(gzip(record("az1")) + gzip(record("az2"))));
}

TEST_F(CorpusBuilder, RejectsWhatIsNoDocumentAndGoesOn) {
  const std::string lines = "\xef\xbb\xbf" + record("first") + "\n  \t\r\n" + "{broken\r\n" +
                            R"({"text":5})" + "\n" + record("\xff") + "{\"text\":\"x\"}\0\n"s +
                            R"({"text":"last\u0000"})";
  put("in.jsonl", lines);
  const auto summary = build();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(texts(), (std::vector<std::string>{"first", "last\0"s}));
  EXPECT_EQ(summary->documents, 2U);
  EXPECT_EQ(summary->rejected, 4U);
  EXPECT_EQ(summary->bytes, 10U);
  EXPECT_EQ(rejects(),
            reject_line("in.jsonl", 4, 26,
                        "broken JSON at byte 1: a member's name in quotes must stand here") +
                reject_line("in.jsonl", 5, 35, "'text' must be a string, not a number (byte 8)") +
                reject_line("in.jsonl", 6, 46, "not UTF-8 at byte 9") +
                reject_line("in.jsonl", 7, 59, "a raw NUL byte at byte 12"));
  EXPECT_EQ(failure({.strict = true}),
            "'in/in.jsonl', line 4 (byte 26): broken JSON at byte 1: a member's name in quotes "
            "must stand here; without --strict it would go to rejects.jsonl");
}

TEST_F(CorpusBuilder, RejectsLinesAndTextsThatAreTooLong) {
  put("a.jsonl", record("1") + record(std::string(5000, 'x')) + record("2"));
  put("b.txt", std::string(5000, 'x'));
  put("c.jsonl", record("3") + "{" + std::string(5000, 'x'));
  const auto summary = build({.max_record_bytes = 1000});
  ASSERT_TRUE(summary);
  EXPECT_EQ(texts(), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(rejects(),
            R"({"file":"a.jsonl","line":2,"byte":13,"reason":"a line of more than 1000 bytes"})"
            "\n"
            R"({"file":"b.txt","line":1,"byte":0,"reason":"a text file of more than 1000 bytes"})"
            "\n"
            R"({"file":"c.jsonl","line":2,"byte":13,"reason":"a line of more than 1000 bytes"})"
            "\n");
}

TEST_F(CorpusBuilder, LetsTheLimitsOfAContainerWinOverThoseOfALine) {
  put("bomb.jsonl.zst", zstd(R"({"text":")" + std::string(30 << 20, ' ') + "\"}\n"));
  const std::string message = failure({.max_record_bytes = 1 << 20});
  EXPECT_NE(message.find("'in/bomb.jsonl.zst', byte "), std::string::npos) << message;
  EXPECT_NE(message.find("it expands more than 10000 times"), std::string::npos) << message;
}

TEST_F(CorpusBuilder, NamesOtherEncodings) {
  put("a.txt", "\xff\xfe\x42\x30");
  put("b.txt", "\x82\xb1\x82\xea\x82\xcd");
  put("c.txt", "\x1b$B$3$l\x1b(B");
  put("d.jsonl", "\xff\xfe{\0}\0\n\0{\0}\0"s);
  put("e.txt", "a\0b"s);
  put("f.jsonl", record("good") + record("\x82\xb1\x82\xea\x82\xcd"));
  const auto summary = build();
  ASSERT_TRUE(summary);
  EXPECT_EQ(texts(), std::vector<std::string>{"good"});
  const std::string lines = rejects();
  EXPECT_EQ(summary->rejected, 6U) << lines;
  const auto reasons = [](const std::string& encoding) {
    return "looks like " + encoding + ": convert the file with 'iconv -f " + encoding;
  };
  for (const std::string encoding : {"UTF-16LE", "Shift_JIS", "ISO-2022-JP"}) {
    EXPECT_NE(lines.find(reasons(encoding)), std::string::npos) << lines;
  }
  EXPECT_NE(lines.find(R"("file":"e.txt","line":1,"byte":0,"reason":"a raw NUL byte at byte 1")"),
            std::string::npos);
}

TEST_F(CorpusBuilder, TakesValidUtf8ThatWouldAlsoReadAsAnotherEncoding) {
  put("0.txt", "ありがとう");
  std::mt19937_64 random(testing::test_seed());
  for (int i = 1; i < 200; ++i) {
    std::string kana;
    for (uint64_t n = 1 + random() % 12; n > 0; --n) {
      append_char(static_cast<char32_t>(0x3041 + random() % 0xB6), kana);
    }
    put(std::to_string(i) + ".txt", kana);
  }
  const auto summary = build();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rejected, 0U) << rejects();
  EXPECT_EQ(texts().at(0), "ありがとう");
}

TEST_F(CorpusBuilder, FailsOnFilesThatCannotBeRead) {
  put("x.jsonl.gz", "");
  EXPECT_EQ(failure(), "'in/x.jsonl.gz', byte 0: the file is empty, so it is no gzip file");
  put("x.jsonl.gz", gzip(record("a")).substr(0, 20));
  EXPECT_EQ(failure(), "'in/x.jsonl.gz', byte 20: the file is cut off here");
  put("x.jsonl.gz", record("a"));
  EXPECT_EQ(failure(), "'in/x.jsonl.gz', byte 0: no gzip file: it does not begin with 1f 8b");
  fs::remove(dir_ / "in/x.jsonl.gz");
  fs::create_symlink("nowhere", dir_ / "in/link.jsonl");
  EXPECT_EQ(failure(), "read 'in/link.jsonl': No such file or directory");
  fs::remove_all(dir_ / "in");
  EXPECT_EQ(failure(), "read 'in': No such file or directory");
  put("only.csv", "a,b");
  EXPECT_EQ(
      failure(),
      "folder 'in' holds no file to read (.jsonl, .ndjson, .txt, .md and .warc, each also with .gz "
      "or .zst; .parquet)");
  EXPECT_EQ(build({}, {dir_ / "in/only.csv"}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CorpusBuilder, RefusesAFolderOfOursThatLostItsManifest) {
  const std::vector<std::vector<std::string>> ours = {{"text.bin", "rows.bin"},
                                                      {"ledger/chain.json", "ledger/summary.json"},
                                                      {"report.html", "rejects.jsonl"},
                                                      {"removals.jsonl", "rejects.jsonl"},
                                                      {"labels.jsonl", "rejects.jsonl"}};
  for (const std::vector<std::string>& names : ours) {
    const std::filesystem::path folder = dir_ / "in";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder / "ledger");
    std::ofstream(folder / "part-00000.jsonl") << record("kept");
    for (const std::string& name : names) std::ofstream(folder / name) << record("no document");
    const auto listed = list_inputs({folder});
    ASSERT_FALSE(listed) << names[0];
    EXPECT_EQ(listed.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(listed.error().message.find(names[0] + " and " + names[1] + " but no manifest.json"),
              std::string::npos)
        << listed.error().message;
    // Emptied, as a power cut leaves it, or somebody else's.
    for (const char* manifest : {"", "{}", "garbage"}) {
      std::ofstream(folder / "manifest.json", std::ios::trunc) << manifest;
      EXPECT_FALSE(list_inputs({folder})) << names[0] << " " << manifest;
    }
  }
  // One such name alone is anybody's.
  const std::filesystem::path mine = dir_ / "mine";
  std::filesystem::create_directories(mine / "ledger");
  std::ofstream(mine / "part-00000.jsonl") << record("a");
  std::ofstream(mine / "labels.jsonl") << record("b");
  EXPECT_EQ(list_inputs({mine})->files.size(), 2U);
  std::ofstream(mine / ".yurai-partial") << "";
  EXPECT_NE(list_inputs({mine}).error().message.find("has not finished"), std::string::npos);
}

TEST_F(CorpusBuilder, RefusesAPartThatWasChangedOrAddedToAFolderOfOurs) {
  const auto write_folder = [&] {
    std::filesystem::remove_all(dir_ / "kept");
    auto stage = StagingDirectory::create(dir_ / "kept", {}).value();
    EXPECT_TRUE(stage.add_file("part-00000.jsonl", record("a")));
    Manifest manifest;
    manifest.format = "yurai-filtered";
    EXPECT_TRUE(write_manifest(manifest, stage));
    EXPECT_TRUE(stage.commit());
  };
  write_folder();
  EXPECT_NE(list_inputs({dir_.path()}).error().message.find("one by one"), std::string::npos);
  EXPECT_TRUE(build({}, {dir_ / "kept"}));
  std::filesystem::remove_all(dir_ / "corpus");
  std::ofstream(dir_ / "kept/part-00001.jsonl") << record("added");
  EXPECT_NE(build({}, {dir_ / "kept"}).error().message.find("part-00001.jsonl"), std::string::npos);
  write_folder();
  std::string bytes = read_file(dir_ / "kept/part-00000.jsonl").value();
  bytes[bytes.find(":") + 2] ^= 1;
  std::ofstream(dir_ / "kept/part-00000.jsonl", std::ios::trunc) << bytes;
  const auto changed = build({}, {dir_ / "kept"});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kCorrupt) << changed.error().message;
  EXPECT_NE(changed.error().message.find("part-00000.jsonl"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "corpus"));
}

TEST_F(CorpusBuilder, FillsInDefaultsAndRenamesFields) {
  put("a.jsonl", R"({"content":"a","lang":"en"})"
                 "\n"
                 R"({"content":"b","license":"GPL-2+"})");
  CorpusBuildOptions options;
  options.map = parse_field_map("text=content").value();
  options.defaults = {.source = "s", .license = "mit", .lang = "ja"};
  ASSERT_TRUE(build(options));
  const Corpus corpus = Corpus::open(dir_ / "corpus").value();
  EXPECT_EQ(corpus.row(0)->lang, "en");
  EXPECT_EQ(corpus.row(0)->license, "MIT");
  EXPECT_EQ(corpus.row(1)->lang, "ja");
  EXPECT_EQ(corpus.row(1)->license, "GPL-2.0-or-later");
  EXPECT_EQ(corpus.row(1)->source, "s");
  EXPECT_EQ(dump_json(corpus.manifest().configuration),
            R"({"map":{"text":"content"},"source":"s","license":"mit","lang":"ja"})");
}

TEST_F(CorpusBuilder, BuildsACorpusWithoutDocuments) {
  put("empty.jsonl", "");
  const auto summary = build();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->documents, 0U);
  EXPECT_EQ(summary->corpus_sha256, sha256_hex(""));
  EXPECT_TRUE(Corpus::open(dir_ / "corpus")->verify());
}

TEST_F(CorpusBuilder, RejectsFieldsThatAreTooLongAndKeepsLongIds) {
  put("a.jsonl", R"({"text":"a","id":")" + std::string(kMaxFieldBytes, '/') + "\"}\n" +
                     R"({"text":"b","title":")" + std::string(kMaxFieldBytes + 1, 't') + "\"}\n");
  ASSERT_TRUE(build());
  EXPECT_EQ(texts(), std::vector<std::string>{"a"});
  EXPECT_EQ(rejects(),
            R"({"file":"a.jsonl","line":2,"byte":65557,"reason":"title has 65537 bytes; )"
            R"(at most 65536 are kept"})"
            "\n");
  EXPECT_EQ(Corpus::open(dir_ / "corpus")->find_id(std::string(kMaxFieldBytes, '/')).value(),
            std::vector<uint64_t>{0});
}

TEST_F(CorpusBuilder, ListsManyInputsInAFileOfTheCorpus) {
  for (size_t i = 0; i <= kMaxManifestInputs; ++i) put(std::to_string(i) + ".txt", "x");
  const auto summary = build();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->duplicate_ids, kMaxManifestInputs);
  const Corpus corpus = Corpus::open(dir_ / "corpus").value();
  ASSERT_EQ(corpus.manifest().inputs.size(), 1U);
  EXPECT_EQ(corpus.manifest().inputs[0].name, "inputs.jsonl");
  const std::string lines =
      read_manifest_file(dir_ / "corpus", corpus.manifest(), "inputs.jsonl").value();
  EXPECT_EQ(lines.find(R"({"name":"0.txt","bytes":1,"sha256":")"), 0U);
}

TEST_F(CorpusBuilder, RefusesATargetThatLiesWithAnInput) {
  put("sub/a.jsonl", record("a"));
  const fs::path in = dir_ / "in";
  EXPECT_FALSE(check_target(in, {in}));
  EXPECT_FALSE(check_target(in / "corpus", {in}));
  EXPECT_FALSE(check_target(in / "sub/../corpus", {in}));
  EXPECT_FALSE(check_target(in / "sub", {in / "sub/a.jsonl"}));
  EXPECT_TRUE(check_target(dir_ / "in2", {in}));
  EXPECT_TRUE(check_target(dir_ / "corpus", {in}));
  EXPECT_TRUE(check_target(in / "corpus", {in / "sub/a.jsonl"}));
}

}  // namespace
}  // namespace yurai
