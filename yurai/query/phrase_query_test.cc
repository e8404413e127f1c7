#include "yurai/query/phrase_query.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"
#include "yurai/index/testing.h"
#include "yurai/query/testing.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;

QueryAnswer ask(const CorpusIndex& index, std::string_view text, const QueryOptions& options = {}) {
  const PhraseQuery query = parse_phrase_query(text).value();
  return answer_query(index, query, options).value();
}

TEST(PhraseQuery, CountsMinimalIntervals) {
  const TemporaryDirectory dir;
  const auto index = testing::write_index_of(
                         dir.path(), {"猫と犬、犬と猫。鳥", "猫だけ", "犬………………………………………………猫"})
                         .value();
  EXPECT_EQ(ask(index, "猫 AND 犬").count, 2);            // documents
  EXPECT_EQ(ask(index, "猫 AND 犬 WITHIN 10").count, 2);  // 猫と犬, 犬と猫
  EXPECT_EQ(ask(index, "猫 AND 犬 WITHIN 50").count, 3);
  EXPECT_EQ(ask(index, "猫 AND 犬 NOT 鳥 WITHIN 50").count, 1);
  EXPECT_EQ(ask(index, "猫 AND 犬 NOT 鳥 WITHIN 4").count, 2);  // 鳥 is too far from both
  EXPECT_EQ(ask(index, "猫 AND 犬 NOT 鳥 WITHIN 5").count, 1);
  EXPECT_EQ(ask(index, "猫 NOT 犬").count, 1);
  EXPECT_EQ(ask(index, "鳥 OR 猫だ").count, 2);
  EXPECT_EQ(ask(index, "馬 AND 猫").count, 0);
  const QueryAnswer answer = ask(index, "猫 AND 犬 WITHIN 10");
  EXPECT_TRUE(answer.exact);
  EXPECT_EQ(answer.documents, 1u);
  EXPECT_EQ(answer.rarest, std::vector<std::string>{"犬"});
  ASSERT_EQ(answer.matches.size(), 2u);
  EXPECT_EQ(answer.matches[0].match, "猫と犬");
  EXPECT_EQ(answer.matches[1].match, "犬と猫");
  EXPECT_EQ(answer.matches[1].document.id, "d0");
}

/// A random query over these words.
std::string random_query(std::mt19937_64& random, const std::vector<std::string>& words,
                         int depth = 0) {
  if (depth == 3 || random() % 3 == 0) return "\"" + words[random() % words.size()] + "\"";
  std::string text = random_query(random, words, depth + 1);
  const bool is_and = random() % 3 != 0;
  for (uint64_t n = 1 + random() % 2; n > 0; --n) {
    text += is_and ? (random() % 4 == 0 ? " NOT " : " AND ") : " OR ";
    text += random_query(random, words, depth + 1);
  }
  return "(" + text + ")";
}

TEST(PhraseQuery, AnswersAsTryingEverythingDoes) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> words = {"a",    "b",   "ab", "猫", "犬",
                                          "猫犬", "a猫", "。", "aa", "z"};
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    for (int round = 0; round < 4; ++round) {
      const TemporaryDirectory dir;
      std::vector<std::string> texts;
      for (int i = 0; i < 12; ++i) {
        texts.push_back(
            testing::random_text(random, {"a", "b", "猫", "犬", "。", " ", "😀"}, random() % 60));
      }
      IndexBuildOptions options;
      options.points = points;
      const auto index = testing::write_index_of(dir.path(), texts, options).value();
      for (int i = 0; i < 60; ++i) {
        std::string text = random_query(random, words);
        if (random() % 3 != 0) text += " WITHIN " + std::to_string(1 + random() % 20);
        const PhraseQuery query = parse_phrase_query(text).value();
        const QueryAnswer answer = answer_query(index, query, {.limit = 1000}).value();
        EXPECT_TRUE(answer.exact);
        EXPECT_EQ(answer.count, testing::naive_query_count(query, texts, points)) << text;
        EXPECT_EQ(answer.matches.size(), static_cast<size_t>(answer.count));
        uint64_t documents = 0;
        for (const std::string& one : texts) {
          documents += testing::naive_query_count(query, {one}, points) > 0;
        }
        EXPECT_EQ(answer.documents, documents) << text;
      }
    }
  }
}

TEST(PhraseQuery, EstimatesAboveTheBudgetAndSaysSo) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory dir;
  std::vector<std::string> texts;
  for (int i = 0; i < 60; ++i) {
    texts.push_back(
        testing::random_text(random, {"a", "a", "b", "猫", "犬", "。", "c", "d"}, 1000));
  }
  const auto index = testing::write_index_of(dir.path(), texts).value();
  int covered = 0, asked = 0;
  for (const char* words : {"猫 AND 犬", "a AND 猫", "猫 AND (犬 OR c)", "猫 NOT 犬",
                            "猫 AND 犬 AND c", "a AND aab", "猫猫 AND 犬"}) {
    for (const int within : {2, 3, 5, 8, 12}) {
      const PhraseQuery query =
          parse_phrase_query(std::string(words) + " WITHIN " + std::to_string(within)).value();
      const auto exact = answer_query(index, query, {}).value();
      ASSERT_TRUE(exact.exact);
      const auto estimated = answer_query(index, query, {.budget = 400}).value();
      if (estimated.exact) continue;
      EXPECT_LE(estimated.checked, 400u);
      EXPECT_FALSE(estimated.documents.has_value());
      EXPECT_LE(estimated.low, estimated.count);
      EXPECT_GE(estimated.high, estimated.count);
      covered += exact.count >= estimated.low && exact.count <= estimated.high;
      ++asked;
      const auto again = answer_query(index, query, {.budget = 400}).value();
      EXPECT_EQ(dump_json(to_json(again)), dump_json(to_json(estimated)));
    }
  }
  EXPECT_GE(asked, 20);
  EXPECT_GE(covered, asked * 85 / 100) << asked;  // of 95 % intervals
}

TEST(PhraseQuery, TakesBoundedTimeAndMemoryInLongDocuments) {
  const TemporaryDirectory dir;
  const auto index =
      testing::write_index_of(dir.path(), {std::string(300'000, 'a'), "aaaab"}).value();
  std::string any;
  for (size_t size = 1; size <= 40; ++size) {
    any += (any.empty() ? "\"" : " OR \"") + std::string(size, 'a') + "\"";
  }
  const QueryAnswer exact = ask(index, "(" + any + ") AND aaaa", {.budget = 1'000'000});
  EXPECT_TRUE(exact.exact);
  EXPECT_EQ(exact.count, 2);
  EXPECT_EQ(exact.matches.at(0).byte_begin, 0u);
  // Each document is looked at once, however many of its places are drawn.
  const QueryAnswer estimate = ask(index, "(" + any + ") AND aaaa", {.budget = 200'000});
  EXPECT_FALSE(estimate.exact);
  EXPECT_LE(estimate.low, 2);
  EXPECT_GE(estimate.high, 2);
  const auto within = parse_phrase_query("(" + any + ") AND aaaa WITHIN 100000").value();
  const auto refused = answer_query(index, within, {.budget = 1'000'000});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
}

TEST(PhraseQuery, EstimatesDocumentsToo) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) {
    texts.push_back(i % 3 == 0 ? "猫の話と犬の話" : i % 3 == 1 ? "猫の話、猫の話" : "犬の話");
  }
  const TemporaryDirectory dir;
  const auto index = testing::write_index_of(dir.path(), texts).value();
  const auto estimated = ask(index, "猫 NOT 犬", {.budget = 500});
  EXPECT_FALSE(estimated.exact);
  EXPECT_LE(estimated.low, 1000);
  EXPECT_GE(estimated.high, 1000);
  EXPECT_NEAR(estimated.count, 1000, 200);
  EXPECT_EQ(estimated.matches.size(), 10u);
  EXPECT_FALSE(answer_query(index, parse_phrase_query("猫").value(), {.budget = 1}).has_value());
}

}  // namespace
}  // namespace yurai
