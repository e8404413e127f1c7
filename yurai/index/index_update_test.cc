#include "yurai/index/index_update.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/index/points.h"
#include "yurai/index/segments_testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::add;
using testing::expect_ok;
using testing::expect_same_answers;
using ::testing::HasSubstr;
using testing::merge;
using testing::queries_for;
using testing::random_documents;
using testing::survives;
using testing::take_down;
using testing::TemporaryDirectory;

const Takedown kLog = {.who = "legal", .when = "2026-11-25", .why = "a test"};

Takedown takedown_of(const std::string& id) {
  Takedown takedown = kLog;
  takedown.ids.push_back(id);
  return takedown;
}

/// Where `query` begins in the documents, by looking everywhere.
uint64_t naive_count(const std::vector<Document>& documents, const std::string& query,
                     PointMode points) {
  uint64_t count = 0;
  for (const Document& document : documents) {
    const std::string text = "\xff" + document.text + "\xff";
    for (size_t at = text.find(query); at != text.npos; at = text.find(query, at + 1)) {
      count += is_point(text.data(), at, points) ? 1 : 0;
    }
  }
  return count;
}

/// Whether the index says of these documents what looking everywhere says.
bool answers_as(const CorpusIndex& index, const std::vector<Document>& documents,
                const std::vector<std::string>& queries) {
  if (index.corpus().num_documents() != documents.size()) return false;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (index.corpus().document(i).value().text != documents[i].text) return false;
  }
  IndexSession session(index);
  return std::all_of(queries.begin(), queries.end(), [&](const std::string& query) {
    const auto count = session.count(query);
    EXPECT_TRUE(count) << count.error().message;
    return count && *count == naive_count(documents, query, index.points());
  });
}

TEST(IndexUpdate, IsWholeOrNotThereWhereverItIsKilled) {
  std::mt19937_64 random(testing::test_seed());
  int killed = 0, survived = 0;
  for (int round = 0; round < 6; ++round) {
    const PointMode points = round % 2 == 0 ? PointMode::kChar : PointMode::kWord;
    const TemporaryDirectory dir;
    const fs::path index_dir = dir / "index";
    std::vector<Document> documents = random_documents(random, 6, 40);
    ASSERT_TRUE(testing::write_corpus(dir / "corpus", documents));
    ASSERT_TRUE(testing::write_index(index_dir, dir / "corpus", {.points = points}));
    for (int step = 0; step < 12; ++step) {
      std::vector<Document> after = documents;
      std::function<Result<void>(Disk&)> change;
      const uint64_t kind = random() % 5;
      if (kind < 2) {
        const std::vector<Document> more = random_documents(random, 4, 40);
        after.insert(after.end(), more.begin(), more.end());
        const fs::path corpus = dir / ("corpus" + std::to_string(step));
        change = [=](Disk& disk) { return add(index_dir, corpus, more, disk); };
      } else if (kind < 4 && !documents.empty()) {
        const std::string id = documents[random() % documents.size()].id;
        std::erase_if(after, [&](const Document& document) { return document.id == id; });
        change = [=](Disk& disk) { return take_down(index_dir, takedown_of(id), disk); };
      } else if (CorpusIndex::open(index_dir)->manifest().format_version ==
                 kSegmentedIndexVersion) {
        change = [=](Disk& disk) { return merge(index_dir, {}, disk); };
      } else {
        continue;
      }
      std::vector<Document> both = documents;
      both.insert(both.end(), after.begin(), after.end());
      const std::vector<std::string> queries = queries_for(random, both);
      const bool lived = survives(random() % 120, change);
      ++(lived ? survived : killed);
      const auto index = CorpusIndex::open(index_dir);
      ASSERT_TRUE(index) << index.error().message;
      const bool is_after = answers_as(*index, after, queries);
      ASSERT_TRUE(is_after || (!lived && answers_as(*index, documents, queries)))
          << "round " << round << ", step " << step << ", kind " << kind;
      ASSERT_TRUE(verify_files(index_dir, index->manifest()));
      if (is_after) documents = after;
    }
    // What is left is the index of what is left.
    ASSERT_TRUE(testing::write_corpus(dir / "left", documents));
    const CorpusIndex one =
        testing::write_index(dir / "one", dir / "left", {.points = points}).value();
    const std::vector<std::string> queries = queries_for(random, documents);
    expect_same_answers(CorpusIndex::open(index_dir).value(), one, queries);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(killed, 5);
  EXPECT_GT(survived, 5);
}

/// An index of two segments with a document taken down, and what is in it.
struct Changed {
  TemporaryDirectory dir;
  std::vector<Document> documents = {{.id = "a", .text = "吾輩は猫である", .source = "s"},
                                     {.id = "b", .text = "吾輩は犬である", .source = "t"},
                                     {.id = "c", .text = "猫と犬", .source = "t"}};
  Changed() {
    const Document gone = {.id = "gone", .text = "吾輩は猫でなくなった"};
    EXPECT_TRUE(testing::write_corpus(dir / "x", {documents[0], gone}));
    EXPECT_TRUE(testing::write_index(index_dir(), dir / "x"));
    expect_ok(add(index_dir(), dir / "y", {documents[1], documents[2]}));
    expect_ok(take_down(index_dir(), takedown_of("gone")));
  }
  fs::path index_dir() const { return dir / "index"; }
  std::vector<std::string> queries() const { return {"吾輩は", "猫", "猫で", "犬", "でな", "x"}; }
};

TEST(IndexUpdate, LeavesTheIndexAsItWasWhenTheDiskIsFull) {
  for (const int kind : {0, 1, 2}) {
    const Changed changed;
    const auto change = [&](Disk& disk) -> Result<void> {
      if (kind == 1) return take_down(changed.index_dir(), takedown_of("a"), disk);
      if (kind == 2) return merge(changed.index_dir(), {}, disk);
      YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(changed.index_dir(), disk));
      YURAI_TRY(update.add(changed.dir / "y", {}, no_progress));
      return update.commit();
    };
    std::vector<Document> after = changed.documents;
    if (kind == 0) after.insert(after.end(), {after[1], after[2]});
    if (kind == 1) after.erase(after.begin());
    int failed = 0;
    for (uint64_t fail_at = 0;; ++fail_at) {
      testing::FailingDisk disk(fail_at);
      const Result<void> result = change(disk);
      EXPECT_TRUE(result || result.error().code == ErrorCode::kIo) << fail_at;
      const CorpusIndex index = CorpusIndex::open(changed.index_dir()).value();
      const bool is_before = answers_as(index, changed.documents, changed.queries());
      // What fails after the new manifest took its place has happened nevertheless.
      const bool is_after = answers_as(index, after, changed.queries());
      ASSERT_TRUE(result ? is_after : is_before || is_after) << kind << " " << fail_at;
      if (result || (kind != 2 && is_after) ||
          index.manifest().format_version != kSegmentedIndexVersion) {
        break;
      }
      ++failed;
    }
    EXPECT_GT(failed, 10) << kind;
  }
}

TEST(IndexUpdate, IsOneAtATime) {
  const Changed changed;
  const auto first = IndexUpdate::begin(changed.index_dir());
  ASSERT_TRUE(first);
  const auto second = IndexUpdate::begin(changed.index_dir());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another process is changing"));
}

TEST(IndexUpdate, LogsWhatIsTakenDownAndKeepsTheLogInTheMergedCorpus) {
  const Changed changed;
  Takedown takedown = kLog;
  takedown.sources = {"s", "nobody's"};
  takedown.hashes = {sha256_hex("猫と犬")};
  {
    IndexUpdate update = IndexUpdate::begin(changed.index_dir()).value();
    const auto summary = update.take_down(takedown, {}, no_progress);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->taken_down, 2u);
    EXPECT_EQ(summary->documents, 1u);
    EXPECT_EQ(summary->bytes, changed.documents[1].text.size());
    EXPECT_THAT(summary->not_found, ::testing::ElementsAre("nobody's"));
    expect_ok(update.commit());
  }
  EXPECT_EQ(take_down(changed.index_dir(), takedown_of("gone")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(take_down(changed.index_dir(), kLog).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(answers_as(CorpusIndex::open(changed.index_dir()).value(), {changed.documents[1]},
                         changed.queries()));
  size_t num_folders = 0;
  for (const auto& entry : fs::directory_iterator(changed.index_dir())) {
    num_folders += entry.is_directory() ? 1 : 0;
  }
  EXPECT_EQ(num_folders, 2u);  // a segment, the last takedown
  expect_ok(merge(changed.index_dir()));
  expect_ok(add(changed.index_dir(), changed.dir / "z", {{.id = "z", .text = "z"}}));
  expect_ok(take_down(changed.index_dir(), takedown_of("z")));
  expect_ok(merge(changed.index_dir()));
  const std::string log = read_file(changed.index_dir() / "corpus" / "takedowns.jsonl").value();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 4);
  EXPECT_THAT(log, HasSubstr(R"("who":"legal","when":"2026-11-25","why":"a test")"));
  EXPECT_EQ(log.find("吾輩"), log.npos);
}

TEST(IndexUpdate, HashesWhatIsAnsweredFromNotHowItCameAbout) {
  const Changed changed;
  const auto hash = [&](const fs::path& dir) {
    return index_sha256(dir, CorpusIndex::open(dir)->manifest()).value();
  };
  const std::string before = hash(changed.index_dir());
  expect_ok(take_down(changed.index_dir(), takedown_of("a")));
  EXPECT_NE(hash(changed.index_dir()), before);
  expect_ok(merge(changed.index_dir()));
  const std::vector<Document> left = {changed.documents[1], changed.documents[2]};
  ASSERT_TRUE(testing::write_corpus(changed.dir / "left", left));
  ASSERT_TRUE(testing::write_index(changed.dir / "one", changed.dir / "left"));
  EXPECT_EQ(hash(changed.index_dir()), hash(changed.dir / "one"));
}

TEST(IndexUpdate, LetsReadersGoOnMeanwhile) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory dir;
  std::vector<Document> documents = {{.id = "first", .text = "猫abc"}};
  ASSERT_TRUE(testing::write_corpus(dir / "x", documents));
  ASSERT_TRUE(testing::write_index(dir / "index", dir / "x"));
  const CorpusIndex opened = CorpusIndex::open(dir / "index").value();
  std::atomic<bool> done = false;
  std::atomic<uint64_t> asked = 0;
  const auto read = [&] {
    for (uint64_t count_before = 0; !done;) {
      const auto index = CorpusIndex::open(dir / "index");
      ASSERT_TRUE(index) << index.error().message;
      for (const CorpusIndex* one : {&opened, &*index}) {
        IndexSession session(*one);
        const uint64_t count = session.count("猫").value();
        if (one == &opened) {
          EXPECT_EQ(count, 1u);
        } else {  // a document more at each add, none less
          EXPECT_GE(count, count_before);
          count_before = count;
        }
        EXPECT_EQ(session.longest_match("猫abd").value().size_bytes, 5u);
        EXPECT_EQ(session.next("猫").value().front().text, "a");
        ++asked;
      }
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(read);
  for (int i = 0; i < 8; ++i) {
    const std::string name = std::to_string(i);
    expect_ok(add(dir / "index", dir / ("c" + name), {{.id = name, .text = "猫abc" + name}}));
    if (i % 3 == 1) expect_ok(merge(dir / "index", {.num_threads = 2}));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(asked, 0u);
  EXPECT_EQ(IndexSession(CorpusIndex::open(dir / "index").value()).count("猫").value(), 9u);
}

/// From now on every read of an opened file fails with EIO: its descriptors lead to memory where
/// nothing is.
void fail_reads(const fs::path& path) {
  std::vector<int> descriptors;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (fs::read_symlink(entry.path(), ignored) != fs::canonical(path)) continue;
    descriptors.push_back(std::stoi(entry.path().filename()));
  }
  ASSERT_FALSE(descriptors.empty());
  const int nothing = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(nothing, 0);
  for (const int descriptor : descriptors) ASSERT_EQ(::dup2(nothing, descriptor), descriptor);
  ::close(nothing);
}

TEST(IndexUpdate, GivesErrorsNotOtherAnswersWhenReadsFail) {
  for (const char* file : {"index/leaves.bin", "index/segment.1/leaves.bin",
                           "index/takedown.2/leaves.bin", "x/text.bin", "y/text.bin"}) {
    const Changed changed;
    const CorpusIndex index = CorpusIndex::open(changed.index_dir()).value();
    fail_reads(changed.dir / file);
    size_t failed = 0;
    for (const std::string& query : changed.queries()) {
      IndexSession session(index);
      const auto count = session.count(query);
      const auto next = session.next(query);
      const auto match = session.longest_match(query);
      const auto suffixes = session.neighbours({0, index.num_points()});
      for (const Error* error :
           {count ? nullptr : &count.error(), next ? nullptr : &next.error(),
            match ? nullptr : &match.error(), suffixes ? nullptr : &suffixes.error()}) {
        if (error == nullptr) continue;
        ++failed;
        EXPECT_EQ(error->code, ErrorCode::kIo) << error->message;
      }
      if (count) {
        EXPECT_EQ(*count, naive_count(changed.documents, query, PointMode::kChar));
      }
    }
    EXPECT_GT(failed, 0u) << file;
    // A merge needs all but what was taken down, and failing leaves the index alone.
    const auto merged = [&]() -> Result<void> {
      YURAI_ASSIGN(StagingDirectory stage,
                   StagingDirectory::create(changed.index_dir(), {.force = true}));
      return merge_index(index, {}, stage, no_progress);
    }();
    EXPECT_EQ(merged.has_value(), std::string_view(file).find("takedown") != std::string::npos);
    EXPECT_TRUE(answers_as(CorpusIndex::open(changed.index_dir()).value(), changed.documents,
                           changed.queries()));
  }
}

TEST(IndexUpdate, NeverAnswersOtherwiseFromDamagedFiles) {
  std::mt19937_64 random(testing::test_seed());
  const Changed changed;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(changed.index_dir())) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  ASSERT_EQ(files.size(), 1u + 3u + 3u + 5u);
  for (const fs::path& path : files) {
    const std::string bytes = read_file(path).value();
    for (int i = 0; i < 12 && !bytes.empty(); ++i) {
      std::string bad = bytes;
      const size_t at = random() % bad.size();
      if (i % 4 == 3) {
        bad.resize(at);
      } else {
        bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
      }
      std::ofstream(path, std::ios::binary) << bad;
      const auto index = CorpusIndex::open(changed.index_dir());
      if (!index) continue;
      for (const std::string& query : changed.queries()) {
        const auto count = IndexSession(*index).count(query);
        if (!count) continue;
        EXPECT_EQ(*count, naive_count(changed.documents, query, PointMode::kChar)) << path;
      }
    }
    std::ofstream(path, std::ios::binary) << bytes;
  }
}

}  // namespace
}  // namespace yurai
