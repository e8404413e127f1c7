#include "yurai/query/query_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string parsed(std::string_view text) {
  const auto query = parse_phrase_query(text);
  return query ? to_string(*query) : query.error().message;
}

TEST(QueryParser, BindsNotThenAndThenOr) {
  EXPECT_EQ(parsed("A AND (B OR C) NOT D WITHIN 200"),
            R"("A" AND ("B" OR "C") NOT "D" WITHIN 200)");
  EXPECT_EQ(parsed("A OR B AND C"), R"("A" OR ("B" AND "C") WITHIN DOCUMENT)");
  EXPECT_EQ(parsed("NOT A AND B"), R"(NOT "A" AND "B" WITHIN DOCUMENT)");
  EXPECT_EQ(parsed("A AND NOT (B OR C)"), R"("A" NOT ("B" OR "C") WITHIN DOCUMENT)");
  EXPECT_EQ(parsed("((A))"), R"("A" WITHIN DOCUMENT)");
}

TEST(QueryParser, TakesJapaneseWithoutSpacesAndQuotedPhrases) {
  EXPECT_EQ(parsed("吾輩は猫である　AND　犬 WITHIN DOCUMENT"),
            R"("吾輩は猫である" AND "犬" WITHIN DOCUMENT)");
  EXPECT_EQ(parsed(R"("free software" AND "AND" OR "a\"b\\c")"),
            R"(("free software" AND "AND") OR "a\"b\\c" WITHIN DOCUMENT)");
  EXPECT_EQ(parsed("and AND within"), R"("and" AND "within" WITHIN DOCUMENT)");
}

TEST(QueryParser, NamesTheByteAndWhatIsNeeded) {
  EXPECT_THAT(parsed(""), HasSubstr("byte 0 of the query: a phrase is needed"));
  EXPECT_THAT(parsed("猫 AND"), HasSubstr("byte 7 of the query: a phrase is needed"));
  EXPECT_THAT(parsed("free software"), StartsWith("byte 5 of the query: AND, OR, NOT or WITHIN"));
  EXPECT_THAT(parsed("(A AND B"), StartsWith("byte 0 of the query: this '(' is never closed"));
  EXPECT_THAT(parsed("A)"), StartsWith("byte 1 of the query: ')' closes nothing"));
  EXPECT_THAT(parsed("\"A"), StartsWith("byte 0 of the query: this quote is never closed"));
  EXPECT_THAT(parsed("A AND \"\""), StartsWith("byte 6 of the query: the phrase"));
  EXPECT_THAT(parsed("\"\\n\""), StartsWith("byte 2 of the query: in quotes"));
  EXPECT_THAT(parsed("NOT A"), StartsWith("byte 0 of the query: NOT needs a phrase beside it"));
  EXPECT_THAT(parsed("A OR NOT B"), StartsWith("byte 5 of the query: NOT needs"));
  EXPECT_THAT(parsed("A NOT NOT B"), StartsWith("byte 6 of the query: a phrase is needed"));
  EXPECT_THAT(parsed("A WITHIN"), StartsWith("byte 8 of the query: WITHIN takes"));
  for (const char* wrong : {"A WITHIN 0", "A WITHIN 100001", "A WITHIN x", "A WITHIN -1",
                            "A WITHIN 99999999999999999999", "A WITHIN \"DOCUMENTS\""}) {
    EXPECT_THAT(parsed(wrong), StartsWith("byte 9 of the query: WITHIN takes")) << wrong;
  }
  EXPECT_THAT(parsed("A WITHIN 5 B"), StartsWith("byte 11 of the query:"));
  EXPECT_THAT(parsed("A AND \xff"), StartsWith("byte 6 of the query: not UTF-8"));
}

TEST(QueryParser, BoundsDepthPhrasesAndSize) {
  EXPECT_EQ(parsed(std::string(32, '(') + "A" + std::string(32, ')')), R"("A" WITHIN DOCUMENT)");
  EXPECT_THAT(parsed(std::string(33, '(') + "A" + std::string(33, ')')),
              StartsWith("byte 32 of the query: brackets are nested deeper than 32"));
  std::string many = "p";
  for (int i = 0; i < 64; ++i) many += " OR p" + std::to_string(i);
  EXPECT_THAT(parsed(many), HasSubstr("more than 64 phrases"));
  EXPECT_EQ(parse_phrase_query(std::string(70'000, 'a')).error().code,
            ErrorCode::kResourceExhausted);
}

/// What is printed is understood the same again.
TEST(QueryParser, UnderstandsWhatItPrints) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> tokens = {"A",  "猫", " AND ", " OR ", " NOT ",
                                           "(",  ")",  "\"b\"", " ",    " WITHIN 5",
                                           "\\", "\"", "NOT ",  "x y"};
  int understood = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint64_t n = random() % 10; n > 0; --n) text += tokens[random() % tokens.size()];
    const auto query = parse_phrase_query(text);
    if (!query) continue;
    ++understood;
    EXPECT_EQ(parsed(to_string(*query)), to_string(*query)) << text;
  }
  EXPECT_GT(understood, 500);
}

}  // namespace
}  // namespace yurai
