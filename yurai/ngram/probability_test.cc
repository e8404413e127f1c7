#include "yurai/ngram/probability.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/ngram/small_index.h"

namespace yurai {
namespace {

using yurai::testing::naive_count;
using yurai::testing::SmallIndex;
using yurai::testing::test_seed;

TEST(ConditionalProbabilities, CountsWordsAfterAPhrase) {
  const SmallIndex index(
      {"私はりんごを食べた。", "私はりんごを食べた。母はりんごを買った。", "私は殴った。"});
  const auto p = conditional_probabilities(*index, "私はりんごを", {"食べた", "殴った", ""});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->denominator, 2u);
  ASSERT_EQ(p->strings.size(), 3u);
  EXPECT_EQ(p->strings[0].numerator, 2u);
  EXPECT_EQ(p->strings[0].probability, 1.0);
  EXPECT_EQ(p->strings[1].numerator, 0u);
  EXPECT_EQ(p->strings[1].probability, 0.0);
  EXPECT_GT(p->strings[1].baseline, 0.0);
  EXPECT_EQ(p->strings[2].probability, 1.0);
}

TEST(ConditionalProbabilities, EqualCountingEverywhere) {
  std::mt19937_64 random(test_seed());
  const std::vector<std::string> alphabet = {"a", "b", " ", "は", "猫"};
  const auto random_text = [&](size_t max_chars) {
    std::string text;
    for (size_t n = random() % (max_chars + 1); n > 0; --n) text += alphabet[random() % 5];
    return text;
  };
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    std::vector<std::string> documents;
    for (int i = 0; i < 5; ++i) documents.push_back(random_text(80));
    const SmallIndex index(documents, points);
    const double all = static_cast<double>(naive_count(documents, "", points));
    for (int i = 0; i < 100; ++i) {
      const std::string context = random_text(3);
      const std::vector<std::string> strings = {random_text(2), random_text(3), random_text(1)};
      const auto p = conditional_probabilities(*index, context, strings).value();
      EXPECT_EQ(p.denominator, naive_count(documents, context, points));
      for (size_t s = 0; s < strings.size(); ++s) {
        const uint64_t count = naive_count(documents, context + strings[s], points);
        EXPECT_EQ(p.strings[s].numerator, count);
        EXPECT_EQ(p.strings[s].denominator, p.denominator);
        EXPECT_EQ(p.strings[s].probability.has_value(), p.denominator > 0);
        if (p.denominator > 0) {
          EXPECT_EQ(p.strings[s].probability,
                    static_cast<double>(count) / static_cast<double>(p.denominator));
        }
        EXPECT_EQ(p.strings[s].baseline,
                  static_cast<double>(naive_count(documents, strings[s], points)) / all);
      }
    }
  }
}

TEST(ConditionalProbabilities, SumToOneOverAllThatMayFollow) {
  const std::vector<std::string> documents = {"吾輩は猫である。", "吾輩は犬", "the cat sat", "a猫"};
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    const SmallIndex index(documents, points);
    for (const std::string context : {"", "は", "吾輩", "t", "a", "c"}) {
      IndexSession session(*index);
      const auto next = session.next(context).value();
      std::vector<std::string> characters;
      uint64_t ends = 0;
      for (const NextSymbol& symbol : next) {
        if (symbol.text.empty()) ends = symbol.count;
        if (!symbol.text.empty()) characters.push_back(symbol.text);
      }
      const auto p = conditional_probabilities(*index, context, characters).value();
      uint64_t sum = ends;
      for (const auto& one : p.strings) sum += one.numerator;
      EXPECT_EQ(sum, p.denominator) << "'" << context << "'";
    }
  }
}

TEST(ConditionalProbabilities, AreUnknownAfterAContextThatNeverOccurs) {
  const SmallIndex index({"abc"}, PointMode::kWord);
  const auto p = conditional_probabilities(*index, "犬", {"x"}).value();
  EXPECT_EQ(
      dump_json(to_json(p)),
      R"({"context":"犬","denominator":0,"strings":[{"text":"x","numerator":0,"denominator":0,)"
      R"("probability":null,"interval":[0.0,1.0],"baseline":0.0}],"points":"word"})");
  const SmallIndex empty({});
  EXPECT_EQ(conditional_probabilities(*empty, "", {"x"}).value().strings[0].baseline, std::nullopt);
}

TEST(ConditionalProbabilities, RefuseTextThatIsNotUtf8) {
  const SmallIndex index({"abc"});
  EXPECT_EQ(conditional_probabilities(*index, "\xFF", {"x"}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(conditional_probabilities(*index, "", {"\xE3"}).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace yurai
