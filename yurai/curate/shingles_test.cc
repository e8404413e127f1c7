#include "yurai/curate/shingles.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

std::vector<uint64_t> units(std::string_view text, ShingleUnit unit) {
  std::vector<uint64_t> tokens;
  tokenize(text, unit, tokens);
  return tokens;
}

std::string random_text(std::mt19937_64& random, size_t num_chars) {
  std::string text;
  for (size_t i = 0; i < num_chars; ++i)
    append_char(U'あ' + static_cast<char32_t>(random() % 3), text);
  return text;
}

/// All n-grams as strings: what the hashes stand for.
std::set<std::string> naive_shingles(const std::string& text, size_t n) {
  std::vector<std::string> chars;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    chars.push_back(text.substr(at, char_bytes(text, at)));
  }
  std::set<std::string> set;
  if (chars.empty()) return set;
  for (size_t i = 0; i == 0 || i + n <= chars.size(); ++i) {
    std::string shingle;
    for (size_t k = i; k < std::min(i + n, chars.size()); ++k) shingle += chars[k];
    set.insert(shingle);
  }
  return set;
}

TEST(Shingles, AreThoseOfTheNaiveSets) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 300; ++round) {
    const size_t n = 1 + random() % 6;
    const std::string a = random_text(random, random() % 40);
    const std::string b = random_text(random, random() % 40);
    const auto size = static_cast<uint32_t>(n);
    const auto set_a = shingle_set(units(a, ShingleUnit::kChar), size);
    const auto set_b = shingle_set(units(b, ShingleUnit::kChar), size);
    const auto naive_a = naive_shingles(a, n);
    const auto naive_b = naive_shingles(b, n);
    std::vector<std::string> shared;
    std::set_intersection(naive_a.begin(), naive_a.end(), naive_b.begin(), naive_b.end(),
                          std::back_inserter(shared));
    ASSERT_EQ(set_a.size(), naive_a.size());
    ASSERT_EQ(intersection_size(set_a, set_b), shared.size()) << a << " " << b << " " << n;
  }
}

TEST(Shingles, OfAShortTextAreItsWhole) {
  EXPECT_EQ(shingle_set(units("あい", ShingleUnit::kChar), 5).size(), 1u);
  EXPECT_NE(shingle_set(units("あい", ShingleUnit::kChar), 5),
            shingle_set(units("いあ", ShingleUnit::kChar), 5));
  EXPECT_TRUE(shingle_set(units("", ShingleUnit::kChar), 5).empty());
}

TEST(Shingles, DifferInALengthThoughZerosAreAdded) {
  const std::string nul(1, '\0');
  EXPECT_NE(shingle_set(units("a", ShingleUnit::kChar), 5),
            shingle_set(units("a" + nul, ShingleUnit::kChar), 5));
}

TEST(Shingles, ByWordIgnoreCaseAndPunctuationAndTakeKanjiOneByOne) {
  EXPECT_EQ(units("Hello, World! x2", ShingleUnit::kWord),
            units("hello world... X2", ShingleUnit::kWord));
  EXPECT_EQ(units("東京タワー", ShingleUnit::kWord).size(), 4u + 1);
  EXPECT_EQ(units("東京abc都", ShingleUnit::kWord).size(), 4u);
  EXPECT_EQ(units("カーabc ーー", ShingleUnit::kWord).size(), 3u);  // カ, ーabc, ーー
  EXPECT_NE(units("ab c", ShingleUnit::kWord), units("a bc", ShingleUnit::kWord));
}

TEST(NormalizeNfkc, FoldsWidthsAndComposes) {
  EXPECT_EQ(normalize_nfkc("ｶﾞＡ①").value(), "ガA1");
  EXPECT_EQ(normalize_nfkc(std::string_view("a\0b", 3)).value(), std::string_view("a\0b", 3));
}

TEST(JaccardIndex, OfNothingAndNothingIsOne) {
  EXPECT_EQ(jaccard_index(0, 0, 0), 1);
  EXPECT_EQ(jaccard_index(0, 1, 1), 0);
  EXPECT_EQ(jaccard_index(1, 2, 3), 0.25);
}

}  // namespace
}  // namespace yurai
