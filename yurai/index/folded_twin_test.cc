#include "yurai/index/folded_twin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "yurai/base/testing.h"
#include "yurai/index/folded_places.h"
#include "yurai/index/segments_testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::add;
using testing::expect_ok;
using testing::expect_same_answers;
using ::testing::HasSubstr;
using testing::kFoldable;
using testing::merge;
using testing::queries_for;
using testing::random_text;
using testing::take_down;
using testing::TemporaryDirectory;

constexpr IndexBuildOptions kFold = {.fold = true};

std::vector<Document> foldable_documents(std::mt19937_64& random, size_t max_documents,
                                         size_t max_chars) {
  std::vector<Document> documents(random() % (max_documents + 1));
  for (size_t i = 0; i < documents.size(); ++i) {
    Document& document = documents[i];
    document.id = "d" + std::to_string(random() % 20);
    document.source = random() % 2 == 0 ? "s" : "t";
    document.text = random_text(random, kFoldable, random() % (max_chars + 1));
    if (i > 0 && random() % 3 == 0) document.text += documents[random() % i].text;
  }
  return documents;
}

std::vector<Document> folded(std::vector<Document> documents) {
  Folder folder;
  for (Document& document : documents) document.text = folder.fold(document.text).text;
  return documents;
}

CorpusIndex open_with_twin(const fs::path& dir) {
  return CorpusIndex::open(dir, {.folded = true}).value();
}

/// Whether the twin holds what these documents fold to, and leads back to where it comes from.
::testing::AssertionResult fits(const CorpusIndex& index, const std::vector<Document>& documents,
                                std::mt19937_64& random) {
  const CorpusIndex& twin = *index.folded();
  if (twin.corpus().num_documents() != documents.size()) {
    return ::testing::AssertionFailure() << "other documents";
  }
  Folder folder;
  FoldedPlaces places(index, folder);
  for (size_t i = 0; i < documents.size(); ++i) {
    const std::string& text = documents[i].text;
    const FoldedText fold = folder.fold(text);
    if (twin.corpus().document(i).value().text != fold.text) {
      return ::testing::AssertionFailure() << i << " is not " << fold.text;
    }
    for (int round = 0; round < 20 && !fold.text.empty(); ++round) {
      const size_t begin = char_floor(fold.text, random() % fold.text.size());
      const size_t size =
          1 + random() % std::min<size_t>(fold.text.size() - begin, round % 2 == 0 ? 9 : 1 << 20);
      const auto expected = fold.original(begin, begin + size);
      const auto place = places.original(twin.corpus().text_range(i).begin + begin, size);
      if (!place) return ::testing::AssertionFailure() << place.error().message;
      const uint64_t document_begin = index.corpus().text_range(i).begin;
      if (place->position != document_begin + expected.begin ||
          place->size_bytes != expected.end - expected.begin ||
          place->char_begin != count_chars(text.substr(0, expected.begin)) ||
          place->char_end != count_chars(text.substr(0, expected.end)) ||
          !folder.fold(text.substr(expected.begin, expected.end - expected.begin))
               .text.substr(place->skip)
               .starts_with(fold.text.substr(begin, size))) {
        return ::testing::AssertionFailure() << i << " " << begin << " " << size;
      }
    }
  }
  return ::testing::AssertionSuccess();
}

TEST(FoldedTwin, LeadsBackToTheExactPlaceOfEveryPart) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 12; ++round) {
    const TemporaryDirectory dir;
    std::vector<Document> documents = foldable_documents(random, 6, 60);
    // Long ones, for which places are stored; one with a long gap, one that leaves nothing.
    documents.push_back({.id = "long", .text = random_text(random, kFoldable, 5000)});
    documents.push_back(
        {.id = "gap",
         .text = "ア" + std::string(20000, ' ') + "國" + random_text(random, kFoldable, 800)});
    documents.push_back({.id = "empty", .text = "、。　\n"});
    documents.push_back({.id = "marks",
                         .text = "か\u3099" + random_text(random, {"\u0301"}, 3000) + "x" +
                                 random_text(random, kFoldable, 900)});
    ASSERT_TRUE(testing::write_corpus(dir / "corpus", documents));
    const auto index = testing::write_index(
        dir / "index", dir / "corpus",
        {.points = PointMode::kWord, .fold = true, .max_shard_bytes = 1 + random() % 9000});
    ASSERT_TRUE(index) << index.error().message;
    EXPECT_TRUE(fits(*index, documents, random));
    // It is the index of the folded documents, of every character.
    const std::vector<Document> expected = folded(documents);
    ASSERT_TRUE(testing::write_corpus(dir / "folded", expected));
    const CorpusIndex one = testing::write_index(dir / "one", dir / "folded").value();
    expect_same_answers(*index->folded(), one, queries_for(random, expected));
    if (HasFatalFailure()) return;
  }
}

TEST(FoldedTwin, IsNotOpenedUnlessItIsWantedAndThere) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(testing::write_corpus(dir / "corpus", {{.id = "a", .text = "Ａ"}}));
  EXPECT_EQ(testing::write_index(dir / "plain", dir / "corpus")->folded(), nullptr);
  ASSERT_TRUE(testing::write_index(dir / "index", dir / "corpus", kFold));
  EXPECT_EQ(CorpusIndex::open(dir / "index")->folded(), nullptr);
  const CorpusIndex index = open_with_twin(dir / "index");
  ASSERT_NE(index.folded(), nullptr);
  EXPECT_EQ(IndexSession(*index.folded()).count("a").value(), 1u);
}

TEST(FoldedTwin, RefusesOneThatWasFoldedByOtherTables) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(testing::write_corpus(dir / "corpus", {{.id = "a", .text = "Ａ"}}));
  Manifest manifest = testing::write_index(dir / "index", dir / "corpus", kFold)->manifest();
  manifest.configuration["folded"]["folding"] = "0, Unicode 1.1";
  expect_ok(replace_manifest(dir / "index", manifest));
  EXPECT_TRUE(CorpusIndex::open(dir / "index"));
  const auto refused = CorpusIndex::open(dir / "index", {.folded = true});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("Unicode 1.1"));
  EXPECT_THAT(refused.error().message, HasSubstr("yurai index build --fold"));
}

/// Every change keeps the twin right, and a merge makes the one of a build at once.
TEST(FoldedTwin, GoesWithEveryChangeOfItsIndex) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 6; ++round) {
    const TemporaryDirectory dir;
    std::vector<Document> documents = foldable_documents(random, 6, 40);
    documents.push_back({.id = "long", .text = random_text(random, kFoldable, 3000)});
    ASSERT_TRUE(testing::write_corpus(dir / "corpus", documents));
    ASSERT_TRUE(testing::write_index(dir / "index", dir / "corpus", kFold));
    for (int step = 0; step < 6; ++step) {
      const uint64_t kind = random() % 5;
      if (kind < 2) {
        const std::vector<Document> more = foldable_documents(random, 4, 40);
        expect_ok(add(dir / "index", dir / ("c" + std::to_string(step)), more));
        documents.insert(documents.end(), more.begin(), more.end());
      } else if (kind < 4 && !documents.empty()) {
        const std::string id = documents[random() % documents.size()].id;
        expect_ok(take_down(dir / "index", {.ids = {id}, .who = "w", .when = "d", .why = "y"}));
        std::erase_if(documents, [&](const Document& document) { return document.id == id; });
      } else if (CorpusIndex::open(dir / "index")->manifest().format_version ==
                 kSegmentedIndexVersion) {
        expect_ok(merge(dir / "index"));
      }
      const CorpusIndex index = open_with_twin(dir / "index");
      ASSERT_NE(index.folded(), nullptr);
      ASSERT_TRUE(fits(index, documents, random)) << round << " " << step << " " << kind;
      expect_ok(verify_files(dir / "index", index.manifest()));
    }
    const std::vector<Document> expected = folded(documents);
    ASSERT_TRUE(testing::write_corpus(dir / "folded", expected));
    const CorpusIndex one = testing::write_index(dir / "one", dir / "folded").value();
    {
      const CorpusIndex index = open_with_twin(dir / "index");
      expect_same_answers(*index.folded(), one, queries_for(random, expected));
    }
    expect_ok(add(dir / "index", dir / "last", {}));
    expect_ok(merge(dir / "index"));
    ASSERT_TRUE(testing::write_corpus(dir / "left", documents));
    ASSERT_TRUE(testing::write_index(dir / "again", dir / "left", kFold));
    for (const char* file : {"leaves.bin", "fences.bin", "directory.bin", "originals.bin",
                             "corpus/text.bin", "corpus/rows.bin", "corpus/manifest.json"}) {
      EXPECT_EQ(read_file(dir / "index" / "folded" / file).value(),
                read_file(dir / "again" / "folded" / file).value())
          << file;
    }
    if (HasFatalFailure()) return;
  }
}

TEST(FoldedTwin, IsThatOfItsIndexWhereverAChangeIsCutOff) {
  std::mt19937_64 random(testing::test_seed());
  for (const int kind : {0, 1, 2}) {
    const TemporaryDirectory dir;
    std::vector<Document> before = {{.id = "a", .text = "國Ａ"}, {.id = "b", .text = "ﾊﾞ、x"}};
    const std::vector<Document> more = {{.id = "c", .text = "澤 a"}};
    ASSERT_TRUE(testing::write_corpus(dir / "x", before));
    ASSERT_TRUE(testing::write_index(dir / "index", dir / "x", kFold));
    if (kind == 2) {
      expect_ok(add(dir / "index", dir / "z", more));
      before.push_back(more[0]);
    }
    ASSERT_TRUE(testing::write_corpus(dir / "y", more));
    std::vector<Document> after = before;
    if (kind == 0) after.push_back(more[0]);
    if (kind == 1) after.erase(after.begin());
    const auto change = [&](Disk& disk) -> Result<void> {
      if (kind == 2) return merge(dir / "index", {}, disk);
      YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(dir / "index", disk));
      if (kind == 0) YURAI_TRY(update.add(dir / "y", {}, no_progress));
      if (kind == 1) {
        YURAI_TRY(
            update.take_down({.ids = {"a"}, .who = "w", .when = "d", .why = "y"}, {}, no_progress));
      }
      return update.commit();
    };
    int failed = 0;
    for (uint64_t fail_at = 0;; fail_at += 3) {
      testing::FailingDisk disk(fail_at);
      const Result<void> result = change(disk);
      const CorpusIndex index = open_with_twin(dir / "index");
      const bool is_after =
          index.corpus().num_documents() != before.size() ||
          index.manifest().format_version != (kind == 2 ? kSegmentedIndexVersion : kIndexVersion);
      ASSERT_TRUE(fits(index, is_after ? after : before, random)) << kind << " " << fail_at;
      if (result || is_after) break;
      ++failed;
    }
    EXPECT_GT(failed, 5) << kind;
  }
}

/// What asks the twin, as one line.
Result<std::string> ask(const fs::path& dir) {
  YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(dir, {.folded = true}));
  if (index.folded() == nullptr) return fail(ErrorCode::kCorrupt, "no twin");
  Folder folder;
  FoldedPlaces places(index, folder);
  std::string answer;
  IndexSession session(*index.folded());
  for (const char* query : {"国", "a", "バ", "キロ", "ss"}) {
    YURAI_ASSIGN(const RankRange range, session.find(query));
    YURAI_ASSIGN(const auto positions, session.positions(range, 0, 100));
    for (const uint64_t position : positions) {
      YURAI_ASSIGN(const auto place, places.original(position, std::string(query).size()));
      answer += std::to_string(place.position) + "+" + std::to_string(place.size_bytes) + "@" +
                std::to_string(place.char_begin) + " ";
    }
  }
  return answer;
}

TEST(FoldedTwin, GivesAnErrorOrTheRightAnswerWhenItsFilesAreDamaged) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory dir;
  ASSERT_TRUE(testing::write_corpus(dir / "corpus",
                                    {{.id = "a", .text = random_text(random, kFoldable, 2000)},
                                     {.id = "b", .text = random_text(random, kFoldable, 400)}}));
  ASSERT_TRUE(testing::write_index(dir / "index", dir / "corpus", kFold));
  const std::string right = ask(dir / "index").value();
  size_t num_errors = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir / "index" / "folded")) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_file(entry.path()).value();
    for (int round = 0; round < 24; ++round) {
      std::string damaged = bytes;
      if (round % 6 == 5 || damaged.empty()) {
        damaged.resize(damaged.empty() ? 1 : random() % damaged.size());
      } else {
        char& byte = damaged[random() % damaged.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
      }
      std::ofstream(entry.path(), std::ios::binary) << damaged;
      const auto answer = ask(dir / "index");
      num_errors += answer ? 0 : 1;
      if (answer) {
        EXPECT_EQ(*answer, right) << entry.path();
      } else {
        EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt)
            << entry.path() << ": " << answer.error().message;
      }
    }
    std::ofstream(entry.path(), std::ios::binary) << bytes;
  }
  EXPECT_GT(num_errors, 50u);
  EXPECT_EQ(ask(dir / "index").value(), right);
}

TEST(FoldedTwin, RefusesOriginsThatLeadElsewhere) {
  const TemporaryDirectory dir;
  const std::string text(5000, 'A');
  ASSERT_TRUE(testing::write_corpus(dir / "corpus", {{.id = "a", .text = text}}));
  ASSERT_TRUE(testing::write_index(dir / "index", dir / "corpus", kFold));
  {  // pages that prove themselves, of another corpus
    const TemporaryDirectory other;
    std::string longer = "、";
    for (const char c : text) longer += std::string("、") + c;
    ASSERT_TRUE(testing::write_corpus(other / "corpus", {{.id = "a", .text = longer}}));
    ASSERT_TRUE(testing::write_index(other / "index", other / "corpus", kFold));
    fs::copy_file(other / "index/folded/originals.bin", dir / "index/folded/originals.bin",
                  fs::copy_options::overwrite_existing);
  }
  const CorpusIndex index = open_with_twin(dir / "index");
  Folder folder;
  FoldedPlaces places(index, folder);
  const auto place = places.original(4000, 10);
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(place.error().message, HasSubstr("does not fit its corpus"));
}

}  // namespace
}  // namespace yurai
