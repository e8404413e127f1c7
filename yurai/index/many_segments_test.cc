#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/index/segments_testing.h"

/// Several segments, and documents taken down, against one index built at once of what is left.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::add;
using testing::expect_ok;
using testing::expect_same_answers;
using testing::merge;
using testing::queries_for;
using testing::random_documents;
using testing::take_down;
using testing::TemporaryDirectory;

std::map<std::string, std::string> files_of(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.is_regular_file()) files[entry.path().filename()] = read_file(entry.path()).value();
  }
  return files;
}

TEST(ManySegments, AnswerAsOneIndexBuiltAtOnce) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 24; ++round) {
    const PointMode points = round % 2 == 0 ? PointMode::kChar : PointMode::kWord;
    const TemporaryDirectory dir;
    std::vector<Document> documents = random_documents(random, 12, round % 5 == 4 ? 2000 : 60);
    const size_t num_segments = 2 + random() % 3;
    std::vector<size_t> borders = {0, documents.size()};
    while (borders.size() <= num_segments) borders.push_back(random() % (documents.size() + 1));
    std::sort(borders.begin(), borders.end());
    for (size_t i = 0; i < num_segments; ++i) {
      const std::vector<Document> part(
          documents.begin() + static_cast<std::ptrdiff_t>(borders[i]),
          documents.begin() + static_cast<std::ptrdiff_t>(borders[i + 1]));
      const fs::path corpus = dir / ("corpus" + std::to_string(i));
      if (i == 0) {
        ASSERT_TRUE(testing::write_corpus(corpus, part));
        ASSERT_TRUE(testing::write_index(dir / "many", corpus, {.points = points}));
      } else {
        expect_ok(add(dir / "many", corpus, part));
      }
    }
    ASSERT_TRUE(testing::write_corpus(dir / "all", documents));
    const CorpusIndex one =
        testing::write_index(dir / "one", dir / "all", {.points = points}).value();
    const CorpusIndex many = CorpusIndex::open(dir / "many").value();
    ASSERT_EQ(many.num_segments(), num_segments);
    expect_same_answers(many, one, queries_for(random, documents));
    if (HasFatalFailure()) return;

    // Merged, segment and corpus are byte for byte those of a build at once.
    expect_ok(merge(dir / "many"));
    for (const auto& [name, bytes] : files_of(dir / "one")) {
      if (name == "manifest.json") continue;
      ASSERT_EQ(read_file(dir / "many" / name).value(), bytes) << name;
    }
    for (const auto& [name, bytes] : files_of(dir / "all")) {
      if (name == "manifest.json") continue;
      ASSERT_EQ(read_file(dir / "many" / "corpus" / name).value(), bytes) << name;
    }
    EXPECT_EQ(CorpusIndex::open(dir / "many")->corpus().identity().corpus_sha256,
              one.corpus().identity().corpus_sha256);
    // What was opened before the merge goes on.
    expect_same_answers(many, one, {"a", "猫"});
  }
}

TEST(ManySegments, AnswerAsIfWhatWasTakenDownHadNeverBeenThere) {
  std::mt19937_64 random(testing::test_seed() + 1);
  for (int round = 0; round < 24; ++round) {
    const PointMode points = round % 2 == 0 ? PointMode::kChar : PointMode::kWord;
    const TemporaryDirectory dir;
    std::vector<Document> left, all;
    const size_t num_segments = 1 + random() % 3;
    int takedowns = 0;
    for (size_t i = 0; i < num_segments; ++i) {
      const std::vector<Document> part = random_documents(random, 8, round % 5 == 4 ? 2000 : 60);
      const fs::path corpus = dir / ("corpus" + std::to_string(i));
      if (i == 0) {
        ASSERT_TRUE(testing::write_corpus(corpus, part));
        ASSERT_TRUE(testing::write_index(dir / "many", corpus, {.points = points}));
      } else {
        expect_ok(add(dir / "many", corpus, part));
      }
      left.insert(left.end(), part.begin(), part.end());
      all.insert(all.end(), part.begin(), part.end());
      for (int times = 0; times < 2 && !left.empty(); ++times) {
        const Document named = left[random() % left.size()];
        Takedown takedown{.who = "legal", .when = "2026-11-25", .why = "a test"};
        const bool by_id = random() % 2 == 0;
        if (by_id) {
          takedown.ids.push_back(named.id);
        } else {
          takedown.hashes.push_back(sha256_hex(named.text));
        }
        expect_ok(take_down(dir / "many", takedown));
        ++takedowns;
        std::erase_if(left, [&](const Document& document) {
          return by_id ? document.id == named.id : document.text == named.text;
        });
      }
    }
    if (takedowns == 0) continue;
    ASSERT_TRUE(testing::write_corpus(dir / "left", left));
    const CorpusIndex one =
        testing::write_index(dir / "one", dir / "left", {.points = points}).value();
    const CorpusIndex many = CorpusIndex::open(dir / "many").value();
    expect_same_answers(many, one, queries_for(random, all));
    if (HasFatalFailure()) return;
    expect_ok(merge(dir / "many", {.num_threads = 3}));
    for (const auto& [name, bytes] : files_of(dir / "one")) {
      if (name == "manifest.json") continue;
      ASSERT_EQ(read_file(dir / "many" / name).value(), bytes) << name;
    }
    const std::string log = read_file(dir / "many" / "corpus" / "takedowns.jsonl").value();
    EXPECT_EQ(static_cast<size_t>(std::count(log.begin(), log.end(), '\n')),
              all.size() - left.size());
  }
}

}  // namespace
}  // namespace yurai
