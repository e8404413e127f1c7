#include "yurai/tokenizer/unigram.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using Scored = std::vector<std::pair<std::string, double>>;

struct SmallUnigram {
  Vocabulary vocabulary;
  Unigram unigram;
};

Result<SmallUnigram> build(const Scored& pieces, const UnigramOptions& options = {}) {
  std::vector<std::string> names;
  std::vector<double> scores;
  for (const auto& [piece, score] : pieces) {
    names.push_back(piece);
    scores.push_back(score);
  }
  Vocabulary vocabulary = Vocabulary::of_list(std::move(names));
  YURAI_ASSIGN(Unigram unigram, Unigram::build(vocabulary, std::move(scores), options));
  return SmallUnigram{std::move(vocabulary), std::move(unigram)};
}

/// The best sum over all cuts, by trying each of them.
double best_sum(std::string_view text, const std::map<std::string, double>& scores, double unknown,
                std::map<size_t, double>& known) {
  if (text.empty()) return 0;
  if (const auto found = known.find(text.size()); found != known.end()) return found->second;
  double best = -INFINITY;
  for (size_t size = 1; size <= text.size(); ++size) {
    const auto piece = scores.find(std::string(text.substr(0, size)));
    const double score = piece != scores.end()         ? piece->second
                         : size == char_bytes(text, 0) ? unknown
                                                       : -INFINITY;
    if (score == -INFINITY) continue;
    best = std::max(best, score + best_sum(text.substr(size), scores, unknown, known));
  }
  return known[text.size()] = best;
}

TEST(Unigram, FindsTheBestOfAllCuts) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> letters = {"a", "b", "c", "語"};
  for (int round = 0; round < 100; ++round) {
    Scored pieces = {{"<unk>", -20}};
    std::map<std::string, double> scores = {{"<unk>", -20}};
    for (int i = 0; i < 30; ++i) {
      std::string piece;
      for (size_t k = 1 + random() % 4; k > 0; --k) piece += letters[random() % letters.size()];
      const double score = -static_cast<double>(random() % 1000) / 100;
      if (scores.emplace(piece, score).second) pieces.emplace_back(piece, score);
    }
    const SmallUnigram small = build(pieces, {.unknown = 0}).value();
    std::string text;
    for (size_t i = 1 + random() % 60; i > 0; --i) text += letters[random() % letters.size()];
    std::vector<Token> tokens;
    ASSERT_TRUE(small.unigram.encode(text, tokens));
    double sum = 0;
    uint32_t end = 0;
    for (const Token& token : tokens) {
      ASSERT_EQ(token.byte_begin, end);
      end = token.byte_end;
      const std::string piece = text.substr(token.byte_begin, token.byte_end - token.byte_begin);
      const double each =
          token.id == 0 ? -30.0 * static_cast<double>(count_chars(piece)) : scores.at(piece);
      sum += each;
    }
    ASSERT_EQ(end, text.size());
    std::map<size_t, double> known;
    ASSERT_NEAR(sum, best_sum(text, scores, -30, known), 1e-9) << text;
  }
}

TEST(Unigram, NeighbouringUnknownCharactersAreOneTokenOrTheirBytes) {
  Scored pieces = {{"<unk>", 0}, {"a", -1}};
  std::vector<Token> tokens;
  ASSERT_TRUE(build(pieces, {.unknown = 0}).value().unigram.encode("axéa", tokens));
  EXPECT_EQ(tokens, (std::vector<Token>{{1, 0, 1}, {0, 1, 4}, {1, 4, 5}}));

  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(fmt::format("<0x{:02X}>", byte), 0);
  tokens.clear();
  const SmallUnigram small = build(pieces, {.unknown = 0, .byte_fallback = true}).value();
  ASSERT_TRUE(small.unigram.encode("axéa", tokens));
  EXPECT_EQ(tokens,
            (std::vector<Token>{
                {1, 0, 1}, {2 + 'x', 1, 4}, {2 + 0xC3, 1, 4}, {2 + 0xA9, 1, 4}, {1, 4, 5}}));
}

TEST(Unigram, SaysThatACharacterIsUnknownWhereNothingStandsForIt) {
  std::vector<Token> tokens;
  EXPECT_FALSE(build({{"a", 0}}).value().unigram.encode("b", tokens));
}

TEST(Unigram, RefusesScoresThatAreNoNumbers) {
  EXPECT_FALSE(build({{"a", NAN}}));
  EXPECT_FALSE(build({{"a", 0}}, {.unknown = 1}));
}

}  // namespace
}  // namespace yurai
