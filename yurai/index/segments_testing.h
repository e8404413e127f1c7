#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "yurai/base/utf8.h"
#include "yurai/index/index_update.h"
#include "yurai/index/testing.h"

/// For tests: an index that changes, against one built at once.
namespace yurai::testing {

inline std::vector<Document> random_documents(std::mt19937_64& random, size_t max_documents,
                                              size_t max_chars) {
  const auto& alphabet = random() % 3 == 0 ? kTwoLetters : random() % 2 == 0 ? kWords : kJapanese;
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

inline void expect_ok(const Result<void>& result) { ASSERT_TRUE(result) << result.error().message; }

/// Writes these documents as a corpus and adds it to the index `dir`.
inline Result<void> add(const std::filesystem::path& dir, const std::filesystem::path& corpus,
                        const std::vector<Document>& documents, Disk& disk = posix_disk()) {
  YURAI_TRY(write_corpus(corpus, documents));
  YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(dir, disk));
  YURAI_TRY(update.add(corpus, {}, no_progress));
  return update.commit();
}

inline Result<void> take_down(const std::filesystem::path& dir, const Takedown& takedown,
                              Disk& disk = posix_disk()) {
  YURAI_ASSIGN(IndexUpdate update, IndexUpdate::begin(dir, disk));
  YURAI_TRY(update.take_down(takedown, {}, no_progress));
  return update.commit();
}

inline Result<void> merge(const std::filesystem::path& dir, const IndexBuildOptions& options = {},
                          Disk& disk = posix_disk()) {
  YURAI_ASSIGN(const IndexUpdate update, IndexUpdate::begin(dir, disk));
  YURAI_ASSIGN(StagingDirectory stage,
               StagingDirectory::create(dir, {.force = true, .disk = &disk}));
  YURAI_TRY(merge_index(update.index(), options, stage, no_progress));
  return stage.commit();
}

/// Texts to ask for: pieces of documents, changed ones, and what is nowhere.
inline std::vector<std::string> queries_for(std::mt19937_64& random,
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

inline std::vector<std::pair<std::string, uint64_t>> pairs(const std::vector<NextSymbol>& symbols) {
  std::vector<std::pair<std::string, uint64_t>> result;
  for (const NextSymbol& symbol : symbols) result.emplace_back(symbol.text, symbol.count);
  return result;
}

/// Every answer of `many` is the one of `one`.
inline void expect_same_answers(const CorpusIndex& many, const CorpusIndex& one,
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
    if (match.position) {
      const std::string found = query.substr(0, match.size_bytes);
      ASSERT_EQ(asked.occurrence(*match.position, found.size()).value().match, found);
    }
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
  const std::vector<std::string_view> texts(queries.begin(), queries.end());
  const std::vector<LongestMatch> matches = IndexSession(many).longest_matches(texts).value();
  for (size_t i = 0; i < texts.size(); ++i) {
    const LongestMatch longest = expected.longest_match(texts[i]).value();
    ASSERT_EQ(matches[i].size_bytes, longest.size_bytes) << texts[i];
    ASSERT_EQ(std::pair(matches[i].range.begin, matches[i].range.end),
              std::pair(longest.range.begin, longest.range.end));
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

}  // namespace yurai::testing
