#include "yurai/corpus/takedown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::write_corpus;

Result<TakedownSummary> replace(const fs::path& dir, const Takedown& takedown,
                                Disk* disk = nullptr) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(dir));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(dir, {.force = true, .disk = disk}));
  YURAI_ASSIGN(const TakedownSummary summary, take_down(corpus, takedown, stage, no_progress));
  YURAI_TRY(stage.commit());
  return summary;
}

std::vector<std::string> ids_of(const fs::path& dir) {
  const Corpus corpus = Corpus::open(dir).value();
  std::vector<std::string> ids;
  for (uint64_t i = 0; i < corpus.num_documents(); ++i) ids.push_back(corpus.row(i)->id);
  return ids;
}

const std::vector<Document> kDocuments = {
    {.id = "a", .text = "one", .source = "x", .license = "MIT"},
    {.id = "b", .text = "two", .source = "y", .license = "MIT"},
    {.id = "c", .text = "one", .source = "y", .license = "CC0-1.0"},
    {.id = "d", .text = "four", .source = "z", .license = ""},
    {.id = "a", .text = "five", .source = "z", .license = "CC0-1.0"}};

TEST(Takedown, TakesEveryDocumentThatAListNames) {
  const std::vector<std::pair<Takedown, std::vector<std::string>>> cases = {
      {{.hashes = {sha256_hex("one")}}, {"b", "d", "a"}},
      {{.ids = {"a"}}, {"b", "c", "d"}},
      {{.sources = {"y", "z"}}, {"a"}},
      {{.licenses = {"MIT"}}, {"c", "d", "a"}},
      {{.ids = {"d"}, .sources = {"x"}, .licenses = {"CC0-1.0"}}, {"b"}},
      {{.sources = {"x", "y", "z"}}, {}}};
  for (const auto& [takedown, left] : cases) {
    const TemporaryDirectory dir;
    ASSERT_TRUE(write_corpus(dir / "corpus", kDocuments));
    const auto summary = replace(dir / "corpus", takedown);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(ids_of(dir / "corpus"), left);
    EXPECT_EQ(summary->taken_down, kDocuments.size() - left.size());
    EXPECT_EQ(summary->corpus.documents, left.size());
    EXPECT_THAT(summary->not_found, ElementsAre());
    EXPECT_TRUE(Corpus::open(dir / "corpus")->verify());
  }
}

/// What is left has the files of a corpus that never held the others.
TEST(Takedown, LeavesNoTraceOfATextButTheLog) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 10; ++round) {
    std::vector<Document> all, left;
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) {
      const Document document{.id = std::to_string(i),
                              .text = std::string(random() % 50, static_cast<char>('a' + i))};
      all.push_back(document);
      if (random() % 2 == 0) {
        ids.push_back(document.id);
      } else {
        left.push_back(document);
      }
    }
    if (ids.empty()) continue;
    const TemporaryDirectory dir;
    ASSERT_TRUE(write_corpus(dir / "corpus", all));
    ASSERT_TRUE(write_corpus(dir / "left", left));
    ASSERT_TRUE(replace(dir / "corpus", {.ids = ids}));
    EXPECT_EQ(Corpus::open(dir / "corpus")->identity().corpus_sha256,
              Corpus::open(dir / "left")->identity().corpus_sha256);
    for (const auto& entry : fs::directory_iterator(dir / "left")) {
      const std::string name = entry.path().filename();
      if (name == "manifest.json") continue;
      EXPECT_EQ(read_file(dir / "corpus" / name).value(), read_file(entry.path()).value()) << name;
    }
  }
}

TEST(Takedown, LogsWhoWhenAndWhyAndGoesOnWithTheLog) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_corpus(dir / "corpus", kDocuments));
  ASSERT_TRUE(replace(dir / "corpus",
                      {.ids = {"b"}, .who = "legal", .when = "2026-11-25", .why = "request 7"}));
  ASSERT_TRUE(replace(dir / "corpus", {.ids = {"d"}, .who = "editor"}));
  EXPECT_EQ(read_file(dir / "corpus" / "takedowns.jsonl").value(),
            "{\"sha256\":\"" + sha256_hex("two") +
                "\",\"id\":\"b\",\"source\":\"y\",\"license\":\"MIT\",\"who\":\"legal\","
                "\"when\":\"2026-11-25\",\"why\":\"request 7\"}\n{\"sha256\":\"" +
                sha256_hex("four") +
                "\",\"id\":\"d\",\"source\":\"z\",\"license\":\"\",\"who\":\"editor\","
                "\"when\":\"\",\"why\":\"\"}\n");
  EXPECT_EQ(Corpus::open(dir / "corpus")->manifest().facts["taken_down"], 2);
}

TEST(Takedown, SaysWhatNamedNoDocumentAndChangesNothingForNone) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_corpus(dir / "corpus", kDocuments));
  const auto none = replace(dir / "corpus", {.ids = {"q"}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  const auto nothing = replace(dir / "corpus", {});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ids_of(dir / "corpus").size(), kDocuments.size());
  EXPECT_FALSE(fs::exists(dir / "corpus.partial"));
  const auto some = replace(dir / "corpus", {.ids = {"q", "b"}, .sources = {"nowhere"}});
  ASSERT_TRUE(some);
  EXPECT_THAT(some->not_found, ElementsAre("q", "nowhere"));
}

TEST(Takedown, ReadsHashesAndNamesTheLineThatIsNone) {
  const TemporaryDirectory dir;
  const std::string hash = sha256_hex("one");
  std::string upper = hash;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  std::ofstream(dir / "good") << hash << "\n\n" << upper << " \r\n";
  EXPECT_THAT(read_hashes(dir / "good").value(), ElementsAre(hash, hash));
  for (const std::string& bad : {hash.substr(1), hash + "0", std::string(64, 'g')}) {
    std::ofstream(dir / "bad") << hash << "\n" << bad << "\n";
    const auto refused = read_hashes(dir / "bad");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("line 2"));
  }
  EXPECT_EQ(read_hashes(dir / "missing").error().code, ErrorCode::kNotFound);
}

TEST(Takedown, KeepsTheOldCorpusWhenWritingFails) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_corpus(dir / "corpus", kDocuments));
  for (uint64_t fail_at = 0;; ++fail_at) {
    testing::FailingDisk disk(fail_at);
    if (replace(dir / "corpus", {.ids = {"b"}}, &disk)) break;
    ASSERT_LT(fail_at, 1000u);
    const auto corpus = Corpus::open(dir / "corpus");
    if (!corpus) {  // the folder was moved aside and could not be moved back: nothing is lost
      ASSERT_TRUE(Corpus::open(dir / "corpus.replaced")) << fail_at;
      fs::rename(dir / "corpus.replaced", dir / "corpus");
      continue;
    }
    if (corpus->num_documents() < kDocuments.size()) break;  // only the last sync failed
  }
  EXPECT_EQ(ids_of(dir / "corpus").size(), kDocuments.size() - 1);
}

}  // namespace
}  // namespace yurai
