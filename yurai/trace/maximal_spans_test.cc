#include "yurai/trace/maximal_spans.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/testing.h"
#include "yurai/trace/long_spans.h"

namespace yurai {
namespace {

using testing::random_text;
using testing::TemporaryDirectory;

struct Case {
  std::vector<std::string> texts;
  std::vector<std::string> answers;
};

/// Answers of pieces of the texts, long and short, and of other characters.
Case random_case(std::mt19937_64& random, const std::vector<std::string>& alphabet) {
  Case made;
  for (int i = 0; i < 4; ++i) made.texts.push_back(random_text(random, alphabet, 300));
  made.texts.push_back(made.texts[0] + made.texts[1]);
  for (int i = 0; i < 30; ++i) {
    std::string& answer = made.answers.emplace_back();
    for (int pieces = 0; pieces < 6; ++pieces) {
      const std::string& text = made.texts[random() % made.texts.size()];
      const size_t begin = char_floor(text, random() % text.size());
      answer += first_chars(std::string_view(text).substr(begin), random() % 60);
      answer += random_text(random, alphabet, random() % 5);
    }
  }
  return made;
}

void expect_same_spans(const std::vector<MaximalSpan>& found,
                       const std::vector<MaximalSpan>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].begin, expected[i].begin);
    EXPECT_EQ(found[i].end, expected[i].end);
    EXPECT_EQ(found[i].range.begin, expected[i].range.begin);
    EXPECT_EQ(found[i].range.end, expected[i].range.end);
  }
}

/// By a longest match at every place.
std::vector<MaximalSpan> spans_one_by_one(const CorpusIndex& index, const std::string& answer) {
  std::vector<MaximalSpan> spans;
  size_t reached = 0;
  for (size_t at = 0; at < answer.size(); at += char_bytes(answer, at)) {
    IndexSession session(index);
    const auto match = session.longest_match(std::string_view(answer).substr(at)).value();
    if (at + match.size_bytes <= reached) continue;
    reached = at + match.size_bytes;
    spans.push_back({at, reached, match.range});
  }
  return spans;
}

TEST(MaximalSpans, AreThoseOfEveryPlaceWarmAndCold) {
  std::mt19937_64 random(testing::test_seed());
  for (const auto& alphabet : {testing::kTwoLetters, testing::kWords, testing::kJapanese}) {
    const Case made = random_case(random, alphabet);
    const TemporaryDirectory dir;
    ASSERT_TRUE(testing::write_index_of(dir.path(), made.texts));
    const CorpusIndex warm = CorpusIndex::open(dir / "index").value();
    const CorpusIndex none =
        CorpusIndex::open(dir / "index", IndexOpenOptions{.cache_bytes = 0}).value();
    for (const std::string& answer : made.answers) {
      const auto expected = spans_one_by_one(warm, answer);
      expect_same_spans(maximal_spans(warm, answer).value(), expected);
      expect_same_spans(maximal_spans(none, answer).value(), expected);
    }
  }
}

TEST(LongSpans, AreTheLongOnesAmongTheMaximalSpans) {
  std::mt19937_64 random(testing::test_seed());
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    for (const auto& alphabet : {testing::kTwoLetters, testing::kWords, testing::kJapanese}) {
      const Case made = random_case(random, alphabet);
      const TemporaryDirectory dir;
      const CorpusIndex index =
          testing::write_index_of(dir.path(), made.texts, {.points = points}).value();
      for (const std::string& answer : made.answers) {
        for (const size_t min_bytes : {0, 1, 5, 12, 30, 100}) {
          auto expected = maximal_spans(index, answer).value();
          std::erase_if(expected, [&](const MaximalSpan& span) { return span.size() < min_bytes; });
          expect_same_spans(long_spans(index, answer, min_bytes, 1).value(), expected);
        }
      }
    }
  }
}

}  // namespace
}  // namespace yurai
