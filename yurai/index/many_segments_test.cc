#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/index_update.h"
#include "yurai/index/testing.h"

/// Several segments, and documents taken down, against one index built at once of what is left.
namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::random_text;
using testing::TemporaryDirectory;

std::vector<Document> random_documents(std::mt19937_64& random, size_t max_documents,
                                       size_t max_chars) {
  const auto& alphabet = random() % 3 == 0   ? testing::kTwoLetters
                         : random() % 2 == 0 ? testing::kWords
                                             : testing::kJapanese;
  std::vector<Document> documents(random() % (max_documents + 1));
  for (size_t i = 0; i < documents.size(); ++i) {
    Document& document = documents[i];
    document.id = "d" + std::to_string(random() % 20);
    document.source = random() % 2 == 0 ? "s" : "t";
    document.text = random_text(random, alphabet, random() % (max_chars + 1));
    if (i > 0 && random() % 4 == 0) document.text = documents[random() % i].text;
    if (i > 0 && random() % 4 == 0) document.text += documents[random() % i].text;
  }
  return documents;
}

void expect_ok(const Result<void>& result) { ASSERT_TRUE(result) << result.error().message; }

/// Writes these documents as a corpus and adds it to the index `dir`.
Result<void> add(const fs::path& dir, const fs::path& corpus,
                 const std::vector<Document>& documents) {
  YURAI_TRY(testing::write_corpus(corpus, documents));
  YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(dir));
  YURAI_TRY(update.add(corpus, {}, no_progress));
  return update.commit();
}

Result<void> take_down(const fs::path& dir, const Takedown& takedown) {
  YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(dir));
  YURAI_TRY(update.take_down(takedown, {}, no_progress));
  return update.commit();
}

Result<void> merge(const fs::path& dir, const IndexBuildOptions& options = {}) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {.force = true}));
  {
    YURAI_ASSIGN(const CorpusIndex index, CorpusIndex::open(dir));
    YURAI_TRY(merge_index(index, options, stage, no_progress));
  }
  return stage.commit();
}

/// Texts to ask for: pieces of documents, changed ones, and what is nowhere.
std::vector<std::string> queries_for(std::mt19937_64& random,
                                     const std::vector<Document>& documents) {
  std::vector<std::string> queries = {"a", "猫", "の", "ab", "zzz", "\x7f", "あ"};
  for (int i = 0; i < 25 && !documents.empty(); ++i) {
    const std::string& text = documents[random() % documents.size()].text;
    if (text.empty()) continue;
    const size_t begin = char_floor(text, random() % text.size());
    std::string query(first_chars(std::string_view(text).substr(begin), 1 + random() % 12));
    if (random() % 4 == 0) query = text.substr(begin);
    queries.push_back(query);
    queries.push_back(query + "a");
    queries.push_back(query + "猫");
  }
  return queries;
}

std::vector<std::pair<std::string, uint64_t>> pairs(const std::vector<NextSymbol>& symbols) {
  std::vector<std::pair<std::string, uint64_t>> result;
  for (const NextSymbol& symbol : symbols) result.emplace_back(symbol.text, symbol.count);
  return result;
}

/// Every answer of `many` is the one of `one`.
void expect_same_answers(const CorpusIndex& many, const CorpusIndex& one,
                         const std::vector<std::string>& queries) {
  ASSERT_EQ(many.num_points(), one.num_points());
  const Corpus &joined = many.corpus(), &corpus = one.corpus();
  ASSERT_EQ(joined.num_documents(), corpus.num_documents());
  ASSERT_EQ(joined.text().size_bytes(), corpus.text().size_bytes());
  EXPECT_EQ(joined.identity().bytes, corpus.identity().bytes);
  std::string text(corpus.text().size_bytes(), '\0'), joined_text = text;
  expect_ok(corpus.text().read(0, text));
  expect_ok(joined.text().read(0, joined_text));
  ASSERT_EQ(joined_text, text);
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    const Document a = joined.document(number).value(), b = corpus.document(number).value();
    ASSERT_EQ(a.text, b.text);
    ASSERT_EQ(a.id, b.id);
    ASSERT_EQ(joined.text_range(number).begin, corpus.text_range(number).begin);
    ASSERT_EQ(joined.text_range(number).end, corpus.text_range(number).end);
    ASSERT_EQ(joined.text_sha256(number).value(), corpus.text_sha256(number).value());
    ASSERT_EQ(joined.repeats_id(number).value(), corpus.repeats_id(number).value());
    ASSERT_EQ(joined.find_id(a.id).value(), corpus.find_id(a.id).value());
  }
  for (uint64_t at = 0; at < text.size() && corpus.num_documents() > 0; ++at) {
    ASSERT_EQ(joined.document_at(at), corpus.document_at(at)) << at;
  }
  IndexSession asked(many), expected(one);
  for (const std::string& query : queries) {
    SCOPED_TRACE(query);
    ASSERT_EQ(asked.count(query).value(), expected.count(query).value());
    const RankRange range = asked.find(query).value(), right = expected.find(query).value();
    ASSERT_EQ(std::pair(range.begin, range.end), std::pair(right.begin, right.end));
    ASSERT_EQ(asked.positions(range, 0, 50).value(), expected.positions(right, 0, 50).value());
    const auto next = asked.next(query);
    ASSERT_TRUE(next) << next.error().message;
    const auto right_next = expected.next(query);
    ASSERT_TRUE(right_next) << right_next.error().message;
    ASSERT_EQ(pairs(*next), pairs(*right_next));
    const LongestMatch match = asked.longest_match(query).value();
    const LongestMatch longest = expected.longest_match(query).value();
    ASSERT_EQ(match.size_bytes, longest.size_bytes);
    ASSERT_EQ(std::pair(match.range.begin, match.range.end),
              std::pair(longest.range.begin, longest.range.end));
    const std::vector<uint64_t> places = expected.positions(right, 0, 3).value();
    for (const uint64_t position : places) {
      const Occurrence a = asked.occurrence(position, query.size()).value();
      const Occurrence b = expected.occurrence(position, query.size()).value();
      ASSERT_EQ(a.match, b.match);
      ASSERT_EQ(a.before, b.before);
      ASSERT_EQ(a.after, b.after);
      ASSERT_EQ(a.document_number, b.document_number);
      ASSERT_EQ(a.byte_begin, b.byte_begin);
    }
  }
  ASSERT_EQ(asked.count("").value(), expected.count("").value());
  const auto next = asked.next("");
  ASSERT_TRUE(next) << next.error().message;
  ASSERT_EQ(pairs(*next), pairs(expected.next("").value()));
  const auto order = [&](const CorpusIndex& index, RankRange range) {
    std::vector<std::pair<uint64_t, uint32_t>> result;
    IndexSession session(index);
    const std::vector<SuffixNeighbour> neighbours = session.neighbours(range).value();
    for (const SuffixNeighbour& suffix : neighbours) {
      result.emplace_back(suffix.position, suffix.shared_bytes);
    }
    return result;
  };
  ASSERT_EQ(order(many, {0, many.num_points()}), order(one, {0, one.num_points()}));
  for (uint64_t rank = 0; rank < one.num_points(); rank += 1 + one.num_points() / 7) {
    const RankRange some = {rank, std::min(rank + 3, one.num_points())};
    ASSERT_EQ(order(many, some), order(one, some)) << rank;
  }
}

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
