#include "yurai/tokenizer/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    out.emplace_back(text.substr(at, char_bytes(text, at)));
  }
  return out;
}

/// As the algorithm is told: the pair of the lowest rank, the leftmost of them, again and again.
std::vector<std::string> slow_bpe(std::string_view word, const Merges& merges) {
  std::map<std::pair<std::string, std::string>, size_t> ranks;
  for (size_t i = 0; i < merges.size(); ++i) ranks[merges[i]] = i;
  std::vector<std::string> parts = characters(word);
  while (true) {
    size_t best = SIZE_MAX;
    size_t best_rank = SIZE_MAX;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto rank = ranks.find({parts[i], parts[i + 1]});
      if (rank != ranks.end() && rank->second < best_rank) {
        best = i;
        best_rank = rank->second;
      }
    }
    if (best == SIZE_MAX) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

struct SmallBpe {
  Vocabulary vocabulary;
  Bpe bpe;
};

Result<SmallBpe> build(std::vector<std::string> pieces, const Merges& merges,
                       const BpeOptions& options = {}) {
  std::vector<std::pair<std::string, uint64_t>> with_ids;
  for (std::string& piece : pieces) with_ids.emplace_back(std::move(piece), with_ids.size());
  YURAI_ASSIGN(Vocabulary vocabulary, Vocabulary::build(std::move(with_ids)));
  std::vector<std::pair<std::string_view, std::string_view>> views(merges.begin(), merges.end());
  YURAI_ASSIGN(Bpe bpe, Bpe::build(vocabulary, views, options));
  return SmallBpe{std::move(vocabulary), std::move(bpe)};
}

std::vector<std::string> pieces(const SmallBpe& small, std::string_view word) {
  std::vector<Token> tokens;
  small.bpe.encode(word, tokens);
  std::vector<std::string> out;
  for (const Token& token : tokens) out.push_back(small.vocabulary.piece(token.id));
  return out;
}

using Strings = std::vector<std::string>;

TEST(Bpe, MergesAsTheSlowOneDoesForWordsOfAnyLength) {
  std::mt19937_64 random(testing::test_seed());
  const Strings letters = {"a", "b", "c", "日", "本"};
  for (int round = 0; round < 60; ++round) {
    // Merges of what is there already, in random order.
    Strings made = letters;
    Merges merges;
    std::set<std::string> known(letters.begin(), letters.end());
    for (int i = 0; i < 40; ++i) {
      std::string left = made[random() % made.size()];
      std::string right = made[random() % made.size()];
      if (left.size() + right.size() > 24) continue;
      if (known.insert(left + right).second) made.push_back(left + right);
      merges.emplace_back(std::move(left), std::move(right));
    }
    std::shuffle(merges.begin(), merges.end(), random);
    const SmallBpe small = build(made, merges).value();
    for (int k = 0; k < 20; ++k) {
      std::string word;
      const size_t length = 1 + random() % (k % 2 == 0 ? 10 : 300);
      for (size_t i = 0; i < length; ++i) word += letters[random() % letters.size()];
      ASSERT_EQ(pieces(small, word), slow_bpe(word, merges)) << "round " << round << " " << word;
    }
  }
}

TEST(Bpe, RangesTileTheWord) {
  const SmallBpe small = build({"a", "日", "a日"}, {{"a", "日"}}).value();
  std::vector<Token> tokens;
  small.bpe.encode("aa日", tokens);
  EXPECT_EQ(tokens, (std::vector<Token>{{0, 0, 1}, {2, 1, 5}}));
}

TEST(Bpe, UnknownCharactersBecomeBytesOrTheUnknownTokenOrGoAway) {
  Strings vocabulary = {"a", "<unk>"};
  BpeOptions options;
  EXPECT_EQ(pieces(build(vocabulary, {}, options).value(), "axya"), (Strings{"a", "a"}));
  options.unknown = "<unk>";
  EXPECT_EQ(pieces(build(vocabulary, {}, options).value(), "axya"),
            (Strings{"a", "<unk>", "<unk>", "a"}));
  options.fuse_unknown = true;
  EXPECT_EQ(pieces(build(vocabulary, {}, options).value(), "axya"), (Strings{"a", "<unk>", "a"}));
  options.byte_fallback = true;
  vocabulary.insert(vocabulary.end(), {"<0xC3>", "<0xA9>"});
  EXPECT_EQ(pieces(build(vocabulary, {}, options).value(), "aéx"),
            (Strings{"a", "<0xC3>", "<0xA9>", "<unk>"}));
}

TEST(Bpe, AWholeWordStaysWhereTheFileSaysSo) {
  BpeOptions options;
  EXPECT_EQ(pieces(build({"a", "b", "ab"}, {}, options).value(), "ab"), (Strings{"a", "b"}));
  options.whole_words = true;
  EXPECT_EQ(pieces(build({"a", "b", "ab"}, {}, options).value(), "ab"), (Strings{"ab"}));
}

TEST(Bpe, RefusesMergesOfWhatIsNotThere) {
  for (const Merges& merges : {Merges{{"a", "x"}}, Merges{{"x", "a"}}, Merges{{"a", "b"}}}) {
    const auto bpe = build({"a", "b"}, merges);
    ASSERT_FALSE(bpe);
    EXPECT_THAT(bpe.error().message, ::testing::HasSubstr("merge 0: '"));
  }
  BpeOptions options;
  options.unknown = "?";
  EXPECT_FALSE(build({"a"}, {}, options));
}

TEST(Bpe, ALongRunTakesNoSquareOfTime) {
  const SmallBpe small =
      build({"a", "aa", "aaaa", "aaaaaaaa"}, {{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}}).value();
  std::vector<Token> tokens;
  small.bpe.encode(std::string(1 << 20, 'a'), tokens);
  EXPECT_EQ(tokens.size(), (1U << 20) / 8);
}

}  // namespace
}  // namespace yurai
