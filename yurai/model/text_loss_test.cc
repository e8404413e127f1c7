#include "yurai/model/text_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "yurai/base/random.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;

/// A token a byte.
class Bytes final : public Tokenizer {
 public:
  explicit Bytes(std::optional<uint32_t> begin) { facts_.begin = begin; }
  Result<std::string> decode(std::span<const uint32_t>, const DecodeOptions&) const override {
    return std::string();
  }
  uint32_t vocabulary_size() const override { return 256; }
  std::optional<std::string> piece(uint32_t) const override { return std::nullopt; }
  std::optional<uint32_t> id_of(std::string_view) const override { return std::nullopt; }

 protected:
  Result<std::vector<Token>> encode_valid(std::string_view text,
                                          const EncodeOptions&) const override {
    std::vector<Token> tokens;
    for (uint32_t i = 0; i < text.size(); ++i) {
      tokens.push_back({static_cast<uint8_t>(text[i]), i, i + 1});
    }
    return tokens;
  }
};

/// A byte costs as many nats as its place in the alphabet; keeps what it was asked.
class Alphabet final : public LanguageModel {
 public:
  std::string_view id() const override { return "alphabet"; }
  Result<Generation> generate(const GenerateRequest&, const OnSymbol&) const override {
    return Generation{};
  }
  Result<std::vector<float>> token_nats(std::span<const int32_t> tokens,
                                        std::span<const int32_t> targets) const override {
    std::string piece;
    for (const int32_t token : tokens) piece += static_cast<char>(token);
    asked.push_back(piece);
    std::vector<float> nats;
    for (const int32_t target : targets) nats.push_back(static_cast<float>(target - 'a' + 1));
    return nats;
  }
  mutable std::vector<std::string> asked;
};

TEST(TextLoss, PredictsEveryTokenFromThoseBeforeIt) {
  const Alphabet model;
  const auto loss = text_loss(model, Bytes('>'), "abcde", 100).value();
  EXPECT_EQ(loss.tokens, 5U);
  EXPECT_EQ(loss.bytes, 5U);
  EXPECT_EQ(loss.nats, 1 + 2 + 3 + 4 + 5);
  EXPECT_THAT(model.asked, ElementsAre(">abcd"));
}

TEST(TextLoss, ReadsLongTextsInPieces) {
  const Alphabet model;
  EXPECT_EQ(text_loss(model, Bytes('>'), "abcde", 2).value().nats, 15);
  EXPECT_THAT(model.asked, ElementsAre(">a", "bc", "d"));
}

TEST(TextLoss, LeavesTheFirstTokenOutWhereNothingBeginsATextIn) {
  const Alphabet model;
  const auto loss = text_loss(model, Bytes(std::nullopt), "abc", 100).value();
  EXPECT_EQ(loss.tokens, 2U);
  EXPECT_EQ(loss.bytes, 2U);
  EXPECT_EQ(loss.nats, 5);
  EXPECT_EQ(text_loss(model, Bytes(std::nullopt), "a", 100).value().tokens, 0U);
  EXPECT_EQ(text_loss(model, Bytes('>'), "", 100).value().tokens, 0U);
}

TEST(TextLoss, MeansAreOverTokensAndErrorsOverTexts) {
  // 2 of 4 and 6 of 4: residuals of -2 and 2 beside a mean of 1.
  const std::vector<double> nats = {2, 6}, tokens = {4, 4};
  const MeanOfTexts mean = mean_of_texts(nats, tokens);
  EXPECT_EQ(mean.mean, 1);
  EXPECT_DOUBLE_EQ(*mean.error, 1.96 * std::sqrt(2.0 * 8) / 8);
  EXPECT_FALSE(mean_of_texts(std::span(nats).first(1), std::span(tokens).first(1)).error);
}

TEST(TextLoss, TheIntervalHoldsTheTruthNearlyAlways) {
  SplitMix64 random(testing::test_seed());
  int held = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<double> y, x;
    for (int i = 0; i < 60; ++i) {
      x.push_back(static_cast<double>(1 + random.below(50)));
      // Texts differ in how hard they are: a rate between 0 and 6, 3 on average.
      y.push_back(x.back() * static_cast<double>(random.below(6001)) / 1000);
    }
    const MeanOfTexts mean = mean_of_texts(y, x);
    held += std::abs(mean.mean - 3) <= *mean.error;
  }
  EXPECT_GT(held, 1840);  // 92 %; 95 % are expected
  EXPECT_LT(held, 1960);
}

}  // namespace
}  // namespace yurai
