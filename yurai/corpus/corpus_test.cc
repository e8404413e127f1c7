#include "yurai/corpus/corpus.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/corpus_writer.h"
#include "yurai/corpus/stats.h"
#include "yurai/corpus/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryDirectory;
using testing::write_corpus;

/// A few documents of every kind: empty text, NUL, long ids, ids that repeat, larger than a block.
std::vector<Document> varied_documents(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  const std::vector<std::string> letters = {"a", "b", "é", "猫", "𠮷", std::string(1, '\0'), "\n"};
  const auto word = [&](size_t max_letters) {
    std::string text;
    for (size_t i = random() % (max_letters + 1); i > 0; --i) text += letters[random() % 7];
    return text;
  };
  std::vector<Document> documents(count);
  for (Document& document : documents) {
    for (const auto member : kDocumentMembers) document.*member = word(6);
    document.text = word(random() % 10 == 0 ? 4000 : 40);
    document.id = random() % 3 == 0 ? "same" : "id/../" + word(8) + std::to_string(random() % 50);
  }
  if (count > 3) documents[3].id = std::string(kMaxFieldBytes, 'x');
  return documents;
}

void expect_equal(const Document& a, const Document& b) {
  for (const auto member : kDocumentMembers) EXPECT_EQ(a.*member, b.*member);
}

/// corpus_sha256, written out.
std::string hash_of(const std::vector<Document>& documents) {
  std::string bytes;
  const auto field = [&](const std::string& value) {
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>((value.size() >> (8 * i)) & 0xff);
    bytes += value;
  };
  for (const Document& document : documents) {
    field(document.id);
    field(document.text);
    field(document.source);
    field(document.license);
    field(document.author);
    field(document.url);
    field(document.title);
    field(document.date);
    field(document.lang);
  }
  return sha256_hex(bytes);
}

TEST(Corpus, ReadsBackEveryDocumentThatWasWritten) {
  for (const size_t count : {0, 1, 2, 100, 3000}) {
    const TemporaryDirectory dir;
    const auto documents = varied_documents(testing::test_seed() + count, count);
    const auto corpus = write_corpus(dir / "corpus", documents);
    ASSERT_TRUE(corpus) << corpus.error().message;
    ASSERT_EQ(corpus->num_documents(), count);
    EXPECT_EQ(corpus->identity().corpus_sha256, hash_of(documents));
    std::string text(corpus->text().size_bytes(), '\0');
    ASSERT_TRUE(corpus->text().read(0, text));
    std::string expected_text(1, kDocumentSeparator);
    uint64_t repeats = 0;
    for (size_t i = 0; i < count; ++i) {
      expect_equal(corpus->document(i).value(), documents[i]);
      EXPECT_EQ(corpus->row(i)->text, "");
      EXPECT_EQ(corpus->text_sha256(i).value(), sha256_hex(documents[i].text));
      const auto range = corpus->text_range(i);
      EXPECT_EQ(range.begin, expected_text.size());
      for (uint64_t offset = range.begin - 1; offset < range.end; ++offset) {
        ASSERT_EQ(corpus->document_at(offset), i);
      }
      expected_text += documents[i].text + kDocumentSeparator;
      EXPECT_EQ(range.end, expected_text.size() - 1);

      std::vector<uint64_t> same_id;
      for (size_t j = 0; j < count; ++j) {
        if (documents[j].id == documents[i].id) same_id.push_back(j);
      }
      EXPECT_EQ(corpus->find_id(documents[i].id).value(), same_id);
      EXPECT_EQ(corpus->find_id(documents[i].id, 1).value(), std::vector{same_id.front()});
      EXPECT_EQ(corpus->repeats_id(i).value(), same_id.front() != i);
      repeats += same_id.front() != i;
    }
    EXPECT_TRUE(text == expected_text);
    EXPECT_EQ(corpus->manifest().facts["duplicate_ids"], repeats);
    EXPECT_TRUE(corpus->verify());
    EXPECT_EQ(corpus->find_id("no such id").value(), std::vector<uint64_t>{});
    EXPECT_EQ(corpus->row(count).error().code, ErrorCode::kNotFound);
  }
}

TEST(Corpus, OpensPastTheCacheToo) {
  const TemporaryDirectory dir;
  const auto documents = varied_documents(1, 50);
  ASSERT_TRUE(write_corpus(dir / "corpus", documents));
  const auto corpus = Corpus::open(dir / "corpus", ReadableFile::Mode::kDirect);
  if (!corpus) GTEST_SKIP() << "no O_DIRECT here: " << corpus.error().message;
  for (size_t i = 0; i < 50; ++i) expect_equal(corpus->document(i).value(), documents[i]);
}

TEST(Corpus, IsTheSameBytesForTheSameDocuments) {
  const TemporaryDirectory dir;
  const auto documents = varied_documents(2, 200);
  ASSERT_TRUE(write_corpus(dir / "a", documents));
  ASSERT_TRUE(write_corpus(dir / "b", documents));
  for (const auto& entry : fs::directory_iterator(dir / "a")) {
    EXPECT_EQ(read_file(entry.path()).value(),
              read_file(dir / "b" / entry.path().filename().string()).value());
  }
}

void overwrite(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;  // no fsync: it is a test
}

/// Everything that a reader can ask, as one string; or an error.
Result<std::string> read_all(const fs::path& dir) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(dir));
  std::string all;
  for (uint64_t i = 0; i < corpus.num_documents(); ++i) {
    YURAI_ASSIGN(const Document document, corpus.document(i));
    for (const auto member : kDocumentMembers) all += document.*member + "|";
    YURAI_ASSIGN(const std::string sha256, corpus.text_sha256(i));
    YURAI_ASSIGN(const auto same_id, corpus.find_id(document.id));
    YURAI_ASSIGN(const bool repeats, corpus.repeats_id(i));
    all += sha256 + (repeats ? "r" : "-");
    for (const uint64_t number : same_id) all += std::to_string(number) + ",";
  }
  YURAI_ASSIGN(const CorpusStats stats, corpus_stats(corpus));
  YURAI_TRY(corpus.verify());
  return all + dump_json(to_json(stats)) + dump_json(corpus.manifest().facts);
}

TEST(Corpus, NeverAnswersWronglyFromDamagedFiles) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_corpus(dir / "corpus", varied_documents(3, 40)));
  const std::string good = read_all(dir / "corpus").value();
  std::mt19937_64 random(testing::test_seed());
  for (const auto& entry : fs::directory_iterator(dir / "corpus")) {
    const std::string bytes = read_file(entry.path()).value();
    const auto expect_error_or_same = [&](const std::string& damaged, const std::string& how) {
      overwrite(entry.path(), damaged);
      const auto read = read_all(dir / "corpus");
      if (read) {
        EXPECT_EQ(*read, good) << entry.path() << ' ' << how;
      }
    };
    for (int i = 0; i < 60 && !bytes.empty(); ++i) {
      std::string damaged = bytes;
      const size_t at = random() % bytes.size();
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
      expect_error_or_same(damaged, "bit flipped in byte " + std::to_string(at));
      const size_t cut = random() % bytes.size();
      expect_error_or_same(bytes.substr(0, cut), "cut at " + std::to_string(cut));
    }
    expect_error_or_same(bytes + "x", "one byte longer");
    fs::remove(entry.path());
    EXPECT_FALSE(read_all(dir / "corpus")) << entry.path();
    overwrite(entry.path(), bytes);
  }
  EXPECT_EQ(read_all(dir / "corpus").value(), good);
}

TEST(CorpusWriter, LeavesNothingThatOpensWhenAWriteFails) {
  const TemporaryDirectory dir;
  const auto documents = varied_documents(4, 3);
  const auto write = [&](testing::FailingDisk& disk) -> Result<void> {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir / "corpus", {.disk = &disk}));
    YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
    for (const Document& document : documents) YURAI_TRY(writer.add(document));
    YURAI_TRY(writer.reject({"in.jsonl", 1, 0, "broken"}));
    YURAI_TRY(writer.finish(Manifest{}));
    return stage.commit();
  };
  testing::FailingDisk whole(~0ull);
  ASSERT_TRUE(write(whole));
  ASSERT_GT(whole.num_operations(), 40U);
  for (uint64_t fail_at = 0; fail_at < whole.num_operations(); ++fail_at) {
    fs::remove_all(dir / "corpus");
    testing::FailingDisk disk(fail_at);
    EXPECT_FALSE(write(disk)) << fail_at;
    // The very last operation syncs the parent folder: the corpus is there then, and whole.
    if (fail_at + 1 < whole.num_operations()) {
      EXPECT_FALSE(Corpus::open(dir / "corpus")) << fail_at;
    }
  }
}

TEST(CorpusWriter, StoresLicencesAsSpdxAndKeepsTheNamesThatWereGiven) {
  const TemporaryDirectory dir;
  const auto corpus = write_corpus(dir / "corpus", {{.text = "a", .license = "GPL-2+"},
                                                    {.text = "b", .license = "GPL-2+"},
                                                    {.text = "c", .license = "MIT"},
                                                    {.text = "de", .license = "public-domain"},
                                                    {.text = ""}});
  ASSERT_TRUE(corpus) << corpus.error().message;
  EXPECT_EQ(corpus->row(0)->license, "GPL-2.0-or-later");
  EXPECT_EQ(corpus->row(3)->license, "public-domain");
  EXPECT_EQ(dump_json(corpus->manifest().facts["licenses_mapped"]),
            R"([{"given":"GPL-2+","license":"GPL-2.0-or-later","documents":2}])");
  EXPECT_EQ(
      dump_json(to_json(corpus_stats(*corpus).value())),
      R"({"documents":5,"bytes":5,"characters":5,"corpus_sha256":")" +
          corpus->identity().corpus_sha256 +
          R"(","sources":[{"name":null,"documents":5,"bytes":5}],)" +
          R"("licenses":[{"name":"GPL-2.0-or-later","documents":2,"bytes":2,"spdx":true,"license_ref":null},)" +
          R"({"name":"public-domain","documents":1,"bytes":2,"spdx":false,"license_ref":"LicenseRef-public-domain"},)" +
          R"({"name":"MIT","documents":1,"bytes":1,"spdx":true,"license_ref":null},)" +
          R"({"name":null,"documents":1,"bytes":0,"spdx":false,"license_ref":null}],)" +
          R"("languages":[{"name":null,"documents":5,"bytes":5}],"duplicate_ids":0,"missing_license":1,)" +
          R"("size_histogram":[{"bytes_from":0,"bytes_to":1,"documents":1},{"bytes_from":1,"bytes_to":2,"documents":3},)" +
          R"({"bytes_from":2,"bytes_to":4,"documents":1}]})");
}

TEST(CorpusStats, SumsUpWhatHasTooManyNames) {
  StatsCollector collector;
  for (int i = 0; i < 10'050; ++i) collector.add({.text = "ab", .source = std::to_string(i)});
  const Json stored = collector.stored();
  EXPECT_EQ(stored["sources"]["groups"].size(), kMaxStatsGroups);
  EXPECT_EQ(stored["sources"]["other"]["documents"], 50);
  EXPECT_EQ(stored["sources"]["other"]["bytes"], 100);
}

TEST(CorpusWriter, RefusesADocumentThatIsNotTextAndGoesOn) {
  const TemporaryDirectory dir;
  auto stage = StagingDirectory::create(dir / "corpus", {});
  auto writer = CorpusWriter::create(*stage);
  EXPECT_EQ(writer->add({.id = "a", .text = "\xff"}).error().message,
            "text is not UTF-8 at byte 0");
  EXPECT_EQ(writer->add({.id = "a", .text = "", .title = "ab\xed\xa0\x80"}).error().message,
            "title is not UTF-8 at byte 2");
  EXPECT_EQ(writer->add({.id = std::string(65537, 'i'), .text = ""}).error().message,
            "id has 65537 bytes; at most 65536 are kept");
  ASSERT_TRUE(writer->add({.text = "abc"}));
  ASSERT_TRUE(writer->finish(Manifest{}));
  ASSERT_TRUE(stage->commit());
  const auto corpus = Corpus::open(dir / "corpus");
  ASSERT_EQ(corpus->num_documents(), 1U);
  EXPECT_EQ(corpus->document(0)->id, "sha256:ba7816bf8f01cfea");
}

}  // namespace
}  // namespace yurai
