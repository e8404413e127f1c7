#include "yurai/index/corpus_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/leaf.h"
#include "yurai/index/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using testing::random_text;
using testing::TemporaryDirectory;
using testing::write_index_of;

bool is_word(char c) {
  return c == '_' || (static_cast<unsigned char>(c) < 128 && std::isalnum(c));
}

/// The same answers by looking at every byte.
class NaiveIndex {
 public:
  NaiveIndex(const std::vector<std::string>& texts, PointMode points)
      : num_documents_(texts.size()) {
    for (const std::string& text : texts) text_ += "\xff" + text;
    text_ += "\xff";
    for (uint64_t p = 1; p < text_.size(); ++p) {
      if (text_[p] == '\xff' || !begins_char(text_[p])) continue;
      if (points == PointMode::kWord && is_word(text_[p - 1]) && is_word(text_[p])) continue;
      points_.push_back(p);
    }
  }
  const std::string& text() const { return text_; }

  std::vector<uint64_t> positions(std::string_view query) const {
    std::vector<uint64_t> found;
    for (const uint64_t p : points_) {
      if (text_.compare(p, query.size(), query) == 0) found.push_back(p);
    }
    return found;
  }
  uint64_t count(std::string_view query) const {
    return positions(query).size() + (query.empty() ? num_documents_ : 0);
  }
  size_t longest_match(std::string_view query) const {
    size_t best = 0;
    for (const uint64_t p : points_) {
      size_t shared = 0;
      while (shared < query.size() && text_[p + shared] == query[shared]) ++shared;
      best = std::max(best, shared);
    }
    return char_floor(query, best);
  }
  std::map<std::string, uint64_t> next(std::string_view context) const {
    std::map<std::string, uint64_t> counts;
    for (const uint64_t p : positions(context)) {
      const uint64_t after = p + context.size();
      ++counts[text_[after] == '\xff' ? std::string()
                                      : text_.substr(after, char_bytes(text_, after))];
    }
    if (context.empty() && num_documents_ > 0) counts[""] += num_documents_;
    return counts;
  }

 private:
  std::string text_;
  std::vector<uint64_t> points_;
  uint64_t num_documents_;
};

void expect_same_answers(const CorpusIndex& index, const NaiveIndex& naive,
                         const std::string& query) {
  IndexSession session(index);
  const auto range = session.find(query);
  ASSERT_TRUE(range) << range.error().message;
  auto positions = session.positions(*range, 0, UINT64_MAX);
  ASSERT_TRUE(positions) << positions.error().message;
  std::sort(positions->begin(), positions->end());
  ASSERT_EQ(*positions, naive.positions(query)) << query;
  ASSERT_EQ(session.count(query).value(), naive.count(query)) << query;

  IndexSession fresh(index);
  const auto longest = fresh.longest_match(query);
  ASSERT_TRUE(longest) << longest.error().message;
  ASSERT_EQ(longest->size_bytes, naive.longest_match(query)) << query;
  const std::string match = query.substr(0, longest->size_bytes);
  ASSERT_EQ(longest->range.size(), match.empty() ? 0 : naive.positions(match).size()) << query;
  if (!match.empty()) {
    ASSERT_EQ(longest->range.begin, session.find(match)->begin);
    const RankRange known = IndexSession(index).find_known(match).value();
    ASSERT_EQ(known.begin, longest->range.begin) << match;
    ASSERT_EQ(known.end, longest->range.end) << match;
    const uint64_t position = longest->position.value();
    ASSERT_EQ(naive.text().substr(position, match.size()), match);
    const std::string before = naive.text().substr(0, position);
    const std::string own = before.substr(before.rfind('\xff') + 1);
    // What stands before goes on beyond the document's beginning; then with a change on the way.
    ASSERT_EQ(session.shared_before(position, query + own).value(), own.size());
    for (const size_t back : {1, 65, 300}) {
      if (own.size() < back) continue;
      std::string changed = own;
      changed[own.size() - back] ^= 1;
      ASSERT_EQ(session.shared_before(position, changed).value(), back - 1);
    }
  }

  std::vector<std::string_view> ends;  // some of a long text
  for (size_t at = 0; at <= query.size() && ends.size() < 20;
       at += at < query.size() ? char_bytes(query, at) : 1) {
    ends.push_back(std::string_view(query).substr(at));
  }
  IndexSession together(index);
  const auto matches = together.longest_matches(ends);
  ASSERT_TRUE(matches) << matches.error().message;
  for (size_t i = 0; i < ends.size(); ++i) {
    const LongestMatch one = session.longest_match(ends[i]).value();
    ASSERT_EQ((*matches)[i].size_bytes, one.size_bytes) << ends[i];
    ASSERT_EQ((*matches)[i].range.begin, one.range.begin) << ends[i];
    ASSERT_EQ((*matches)[i].range.end, one.range.end) << ends[i];
  }
}

void expect_same_next(const CorpusIndex& index, const NaiveIndex& naive,
                      const std::string& context) {
  IndexSession session(index);
  const auto symbols = session.next(context);
  ASSERT_TRUE(symbols) << symbols.error().message;
  std::map<std::string, uint64_t> counts;
  uint64_t sum = 0;
  for (const NextSymbol& symbol : *symbols) {
    counts[symbol.text] = symbol.count;
    sum += symbol.count;
  }
  ASSERT_EQ(counts.size(), symbols->size());
  ASSERT_EQ(counts, naive.next(context)) << context;
  ASSERT_EQ(sum, naive.count(context)) << context;
  ASSERT_TRUE(std::is_sorted(symbols->begin(), symbols->end(), [](const auto& a, const auto& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  }));
}

/// Queries that stand in the text, nearly stand there, and don't.
std::string draw_query(std::mt19937_64& random, const std::string& text,
                       const std::vector<std::string>& alphabet, size_t max_chars) {
  if (random() % 8 == 0) return random_text(random, alphabet, random() % max_chars);
  size_t begin = random() % text.size();
  while (begin < text.size() && !begins_char(text[begin])) ++begin;
  std::string query(first_chars(std::string_view(text).substr(begin), random() % (max_chars + 1)));
  query.resize(std::min(query.size(), query.find('\xff')));
  if (random() % 3 == 0) query += alphabet[random() % alphabet.size()];
  return query;
}

void expect_same(const std::vector<std::string>& texts, const std::vector<std::string>& alphabet,
                 size_t max_chars, int num_queries) {
  std::mt19937_64 random(testing::test_seed());
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    const TemporaryDirectory dir;
    const auto index = write_index_of(dir.path(), texts, {.points = points});
    ASSERT_TRUE(index) << index.error().message;
    const NaiveIndex naive(texts, points);
    ASSERT_EQ(index->num_points(), naive.positions("").size());
    ASSERT_NO_FATAL_FAILURE(expect_same_answers(*index, naive, ""));
    ASSERT_NO_FATAL_FAILURE(expect_same_next(*index, naive, ""));
    for (int i = 0; i < num_queries; ++i) {
      const std::string query = draw_query(random, naive.text(), alphabet, max_chars);
      ASSERT_NO_FATAL_FAILURE(expect_same_answers(*index, naive, query));
      if (i % 4 == 0) {
        ASSERT_NO_FATAL_FAILURE(expect_same_next(*index, naive, query));
      }
    }
  }
}

TEST(CorpusIndex, AnswersAsANaiveScanDoesOnRandomDocuments) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 18; ++round) {
    const auto& alphabet = round % 3 == 0   ? testing::kTwoLetters
                           : round % 3 == 1 ? testing::kWords
                                            : testing::kJapanese;
    std::vector<std::string> texts(random() % 6);
    for (std::string& text : texts) text = random_text(random, alphabet, random() % 700);
    expect_same(texts, alphabet, 12, 150);
  }
}

TEST(CorpusIndex, AnswersOnEmptyAndOneByteDocuments) {
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{}, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a", "", "b"}}) {
    expect_same(texts, testing::kTwoLetters, 4, 60);
  }
}

TEST(CorpusIndex, CountsOverlappingMatches) {
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {"aaaa", "ああああ"}).value();
  IndexSession session(index);
  EXPECT_EQ(session.count("aa").value(), 3u);
  EXPECT_EQ(session.count("ああ").value(), 3u);
  EXPECT_EQ(session.count("").value(), 10u);
}

TEST(CorpusIndex, AnswersOnRepetitiveTexts) {
  std::string a = "a";
  std::string b = "ab";
  while (b.size() < 4000) a = std::exchange(b, b + a);
  expect_same({b}, testing::kTwoLetters, 300, 300);
  expect_same({std::string(3000, 'a')}, testing::kTwoLetters, 300, 100);
  std::string alternating;
  for (int i = 0; i < 2000; ++i) alternating += "ab";
  expect_same({alternating, "猫" + alternating}, testing::kTwoLetters, 300, 100);
}

TEST(CorpusIndex, AnswersWhereDocumentsAreCopies) {
  std::mt19937_64 random(testing::test_seed());
  const std::string once = random_text(random, testing::kJapanese, 250);
  std::vector<std::string> texts;
  for (int copy = 0; copy < 60; ++copy) {  // runs of equal suffixes longer than a leaf's share
    texts.push_back(copy % 5 == 0 ? once.substr(0, char_floor(once, once.size() / 2)) : once);
    if (copy % 7 == 0) texts.back() += "末尾";
  }
  expect_same(texts, testing::kJapanese, 250, 300);
  texts.assign(1200, "license: " + std::string(80, 'x') + " same words");
  texts[100] += ".";
  texts[900] += "!";
  expect_same(texts, testing::kWords, 120, 60);
}

TEST(CorpusIndex, AnswersWhenCopiesAreLongerThanTheLargestLcp) {
  std::mt19937_64 random(testing::test_seed());
  const std::string once = random_text(random, testing::kTwoLetters, kMaxLcp + 300);
  const std::vector<std::string> texts = {once + "a", once + "b", "b" + once, once};
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), texts).value();
  const NaiveIndex naive(texts, PointMode::kChar);
  std::vector<std::string> queries = {once, once + "a", once + "b", once + "c", once + "ab"};
  for (const size_t size : {kMaxLcp - 4, kMaxLcp - 3, kMaxLcp - 1, kMaxLcp, kMaxLcp + 1}) {
    queries.push_back(once.substr(0, size));
    queries.push_back(once.substr(0, size) + "z");
    queries.push_back(once.substr(0, size) + "猫");
    queries.push_back(once.substr(7, size));
  }
  for (const std::string& query : queries) {
    ASSERT_NO_FATAL_FAILURE(expect_same_answers(index, naive, query)) << query.size();
    ASSERT_NO_FATAL_FAILURE(expect_same_next(index, naive, query)) << query.size();
  }
}

TEST(CorpusIndex, AnswersQueriesLongerThanTheCorpus) {
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {"吾輩は猫"}).value();
  IndexSession session(index);
  EXPECT_EQ(session.count("吾輩は猫である").value(), 0u);
  EXPECT_EQ(session.longest_match("吾輩は猫である")->size_bytes, 12u);
  EXPECT_EQ(session.count(std::string(100000, 'a')).value(), 0u);
}

TEST(CorpusIndex, CutsTheLongestMatchToACharacter) {
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {"猫は"}).value();
  IndexSession session(index);
  EXPECT_EQ(session.longest_match("猫が")->size_bytes, 3u);  // は and が share two bytes
  EXPECT_EQ(session.longest_match("犬")->size_bytes, 0u);
  EXPECT_EQ(session.longest_match("犬")->range.size(), 0u);
}

TEST(CorpusIndex, FindsMatchesAtTheBordersOfLeavesAndBlocks) {
  std::mt19937_64 random(testing::test_seed());
  std::string text = random_text(random, testing::kJapanese, 6000);
  const NaiveIndex naive({text}, PointMode::kChar);
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {text}).value();
  IndexSession session(index);
  const std::string leaves = read_file(dir / "index" / "leaves.bin").value();
  ASSERT_GT(leaves.size(), 4 * kPageBytes);
  for (size_t at = kPageBytes; at < leaves.size(); at += kPageBytes) {
    const uint64_t border =
        Leaf::parse(std::string_view(leaves).substr(at, kPagePayload))->first_rank();
    for (uint64_t rank = border - 2; rank < border + 2 && rank < index.num_points(); ++rank) {
      const uint64_t position = session.positions({rank, rank + 1}, 0, 1)->front();
      for (const size_t chars : {1, 2, 3, 30}) {
        const auto query =
            std::string(first_chars(std::string_view(naive.text()).substr(position), chars));
        if (query.find('\xff') != std::string::npos) continue;
        ASSERT_NO_FATAL_FAILURE(expect_same_answers(index, naive, query));
      }
    }
  }
  for (size_t border = 4096; border + 60 < text.size(); border += 4096) {
    for (size_t begin = border - 20; begin <= border; ++begin) {
      const size_t from = char_floor(text, begin);
      const std::string query = text.substr(from, char_floor(text, border + 20) - from);
      ASSERT_NO_FATAL_FAILURE(expect_same_answers(index, naive, query));
    }
  }
}

TEST(CorpusIndex, CountsWordsAtTheirBegin) {
  const TemporaryDirectory dir;
  const CorpusIndex index =
      write_index_of(dir.path(), {"cat concat cat_1 猫cat"}, {.points = PointMode::kWord}).value();
  IndexSession session(index);
  EXPECT_EQ(index.points(), PointMode::kWord);
  EXPECT_EQ(session.count("cat").value(), 3u);  // not that in "concat"
  EXPECT_EQ(session.count("at").value(), 0u);
  EXPECT_EQ(session.count("猫").value(), 1u);
}

TEST(CorpusIndex, ShowsAnOccurrenceInItsDocument) {
  const TemporaryDirectory dir;
  const std::string before(150, 'x');
  const std::string text = before + "猫" + std::string(150, 'y');
  const CorpusIndex index = write_index_of(dir.path(), {"犬", text, ""}).value();
  IndexSession session(index);
  const uint64_t position = session.positions(*session.find("猫"), 0, 10)->front();
  const Occurrence found = session.occurrence(position, 3).value();
  EXPECT_EQ(found.document.id, "d1");
  EXPECT_EQ(found.document_number, 1u);
  EXPECT_EQ(found.byte_begin, 150u);
  EXPECT_EQ(found.byte_end, 153u);
  EXPECT_EQ(found.before, std::string(40, 'x'));
  EXPECT_EQ(found.match, "猫");
  EXPECT_EQ(found.after, std::string(40, 'y'));
  EXPECT_EQ(session.occurrence(1, 3)->before, "");
  EXPECT_EQ(session.occurrence(1, 3)->after, "");
  EXPECT_EQ(session.occurrence(1, 4).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(session.occurrence(0, 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(session.occurrence(1 << 20, 1).error().code, ErrorCode::kInvalidArgument);
}

TEST(CorpusIndex, GivesPositionsInParts) {
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {"abcabcabc"}).value();
  IndexSession session(index);
  const RankRange range = session.find("abc").value();
  const auto all = session.positions(range, 0, 100).value();
  EXPECT_THAT(all, ::testing::UnorderedElementsAre(1u, 4u, 7u));
  EXPECT_THAT(session.positions(range, 1, 1).value(), ::testing::ElementsAre(all[1]));
  EXPECT_THAT(session.positions(range, 9, 1).value(), ::testing::IsEmpty());
  EXPECT_EQ(session.positions({0, 10}, 0, 1).error().code, ErrorCode::kInvalidArgument);
}

TEST(CorpusIndex, NamesTheByteOfAQueryThatIsNotUtf8) {
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {"ab", "ab"}).value();
  IndexSession session(index);
  for (const char* bad : {"ab\xff",
                          "ab\xff"
                          "ab"}) {
    const auto count = session.count(bad);
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(count.error().message, HasSubstr("byte 2 "));
    EXPECT_FALSE(session.next(bad));
    EXPECT_FALSE(session.longest_match(bad));
  }
}

TEST(CorpusIndex, CountsInThreeReadsAtMostWithoutCopies) {
  std::mt19937_64 random(testing::test_seed());
  const std::string text = random_text(random, testing::kJapanese, 60000);
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {text}).value();
  uint64_t reads = 0;
  constexpr uint64_t kQueries = 300;
  for (uint64_t i = 0; i < kQueries; ++i) {
    IndexSession session(index);
    const std::string query = draw_query(random, text, testing::kJapanese, 12);
    ASSERT_TRUE(session.count(query));
    EXPECT_LE(session.num_reads(), 3u) << query;
    reads += session.num_reads();
  }
  EXPECT_LE(reads, kQueries * 9 / 4);
}

TEST(CorpusIndex, CountsInFewReadsAmongCopies) {
  std::mt19937_64 random(testing::test_seed());
  const std::string once = random_text(random, testing::kJapanese, 200);
  const std::vector<std::string> texts(2000, once);
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), texts).value();
  for (int i = 0; i < 100; ++i) {
    IndexSession session(index);
    const std::string query = draw_query(random, once, testing::kJapanese, 150);
    ASSERT_TRUE(session.count(query));
    EXPECT_LE(session.num_reads(), 5u) << query;  // two leaves, two texts that may cross a block
  }
}

TEST(CorpusIndex, AnswersSeveralThreadsAtOnce) {
  std::mt19937_64 random(testing::test_seed());
  const std::string text = random_text(random, testing::kJapanese, 3000);
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {text}).value();
  const NaiveIndex naive({text}, PointMode::kChar);
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 own(testing::test_seed() + seed);
      for (int i = 0; i < 50; ++i) {
        const std::string query = draw_query(own, text, testing::kJapanese, 6);
        IndexSession session(index);
        EXPECT_EQ(session.count(query).value(), naive.count(query));
        EXPECT_TRUE(session.next(query));
        const auto places = session.positions(*session.find(query), 0, 1);
        for (const uint64_t place : *places) {
          EXPECT_TRUE(session.occurrence(place, query.size()));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CorpusIndex, IsRefusedWithAnotherCorpusOrWithout) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_index_of(dir.path(), {"abc"}));
  std::filesystem::remove_all(dir / "corpus");
  const auto missing = CorpusIndex::open(dir / "index");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("its corpus '../corpus' cannot be opened"));
  ASSERT_TRUE(testing::write_corpus(dir / "corpus", {{.id = "d0", .text = "abd"}}));
  const auto other = CorpusIndex::open(dir / "index");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(other.error().message, HasSubstr("put that corpus back, or rebuild"));
}

TEST(CorpusIndex, MovesTogetherWithItsCorpus) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_index_of(dir / "a", {"abc"}));
  std::filesystem::rename(dir / "a", dir / "b");
  EXPECT_TRUE(CorpusIndex::open(dir / "b" / "index"));
}

/// Asks all of `queries`; each answer must be that of `expected`, or an error.
void expect_truth_or_error(const std::filesystem::path& dir, const NaiveIndex& naive,
                           const std::vector<std::string>& queries) {
  const auto index = CorpusIndex::open(dir);
  if (!index) return;
  for (const std::string& query : queries) {
    IndexSession session(*index);
    if (const auto count = session.count(query)) {
      ASSERT_EQ(*count, naive.count(query)) << query;
    }
    if (const auto longest = session.longest_match(query)) {
      ASSERT_EQ(longest->size_bytes, naive.longest_match(query)) << query;
    }
    if (const auto symbols = session.next(query)) {
      std::map<std::string, uint64_t> counts;
      for (const NextSymbol& symbol : *symbols) counts[symbol.text] = symbol.count;
      ASSERT_EQ(counts, naive.next(query)) << query;
    }
  }
}

TEST(CorpusIndex, NeverAnswersWrongFromDamagedFiles) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> texts = {random_text(random, testing::kJapanese, 1500),
                                          random_text(random, testing::kWords, 1500)};
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_index_of(dir.path(), texts));
  const NaiveIndex naive(texts, PointMode::kChar);
  std::vector<std::string> queries;
  for (int i = 0; i < 8; ++i) {
    queries.push_back(draw_query(random, naive.text(), testing::kJapanese, 5));
  }
  for (const char* folder : {"index", "corpus"}) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir / folder)) {
      files.push_back(entry.path());
    }
    for (const auto& path : files) {
      const std::string good = read_file(path).value();
      for (int i = 0; i < 25 && !good.empty(); ++i) {
        std::string bad = good;
        if (i % 5 == 0) {
          bad.resize(random() % good.size());
        } else {
          const size_t at = random() % bad.size();
          bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
        }
        std::ofstream(path, std::ios::binary) << bad;
        ASSERT_NO_FATAL_FAILURE(expect_truth_or_error(dir / "index", naive, queries)) << path;
      }
      std::filesystem::remove(path);
      ASSERT_NO_FATAL_FAILURE(expect_truth_or_error(dir / "index", naive, queries)) << path;
      std::ofstream(path, std::ios::binary) << good;
    }
  }
  EXPECT_TRUE(CorpusIndex::open(dir / "index"));
}

}  // namespace
}  // namespace yurai
