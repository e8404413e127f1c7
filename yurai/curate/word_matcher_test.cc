#include "yurai/curate/word_matcher.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

bool is_katakana(char32_t c) { return (c >= 0x30a1 && c <= 0x30f4) || c == 0x30fc; }

/// The alternation, tried word by word at every character.
class NaiveMatcher {
 public:
  NaiveMatcher(const std::vector<std::string>& words, bool katakana_alone) {
    std::vector<std::string> alone;
    for (const std::string& word : words) {
      bool katakana = katakana_alone;
      for (size_t at = 0; at < word.size(); at += char_bytes(word, at)) {
        katakana = katakana && is_katakana(decode_char(word, at));
      }
      (katakana ? alone : free_).push_back(word);
    }
    alone_ = alone;
  }

  std::vector<ByteSpan> hits(const std::string& text) const {
    std::vector<ByteSpan> hits;
    for (size_t at = 0; at < text.size();) {
      const size_t length = match(text, at);
      if (length > 0) hits.push_back({at, at + length});
      at += length > 0 ? length : char_bytes(text, at);
    }
    return hits;
  }

 private:
  size_t match(const std::string& text, size_t at) const {
    for (const std::string& word : free_) {
      if (text.compare(at, word.size(), word) == 0) return word.size();
    }
    for (const std::string& word : alone_) {
      if (text.compare(at, word.size(), word) != 0) continue;
      const size_t before = at == 0 ? 0 : char_floor(text, at - 1);
      const size_t after = at + word.size();
      if (at > 0 && is_katakana(decode_char(text, before))) continue;
      if (after < text.size() && is_katakana(decode_char(text, after))) continue;
      return word.size();
    }
    return 0;
  }

  std::vector<std::string> free_;
  std::vector<std::string> alone_;
};

TEST(WordMatcher, TakesTheFirstWordOfTheListThatFitsAndDoesNotOverlap) {
  const WordMatcher matcher({"ab", "abc", "bcd", "c"}, false);
  std::vector<ByteSpan> evidence;
  EXPECT_EQ(matcher.count("abcdabc", 99, &evidence), 4u);
  EXPECT_EQ(evidence, (std::vector<ByteSpan>{{0, 2}, {2, 3}, {4, 6}, {6, 7}}));
  EXPECT_EQ(matcher.count("abcdabc", 2, nullptr), 2u);
  EXPECT_EQ(WordMatcher({"送料", "営業時間"}, false).count("送料は送料", 9, nullptr), 2u);
}

TEST(WordMatcher, KatakanaWordsStandAlone) {
  const WordMatcher matcher({"アス", "アスパ", "パラ"}, true);
  EXPECT_EQ(matcher.count("アスパラガス", 9, nullptr), 0u);
  EXPECT_EQ(matcher.count("「アス」とアスパ、パラ", 9, nullptr), 3u);
  EXPECT_EQ(WordMatcher({"アス"}, false).count("アスパラガス", 9, nullptr), 1u);
}

TEST(WordMatcher, CountsAsTheAlternationTriedWordByWord) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> alphabet = {"a",  "b", "あ", "い", "ア", "イ", "ー",
                                             "漢", "é", "𠮷", " ",  "ヴ", "ヵ"};
  const auto draw = [&](uint64_t most) {
    std::string out;
    for (uint64_t n = 1 + random() % most; n > 0; --n) out += alphabet[random() % alphabet.size()];
    return out;
  };
  for (int round = 0; round < 400; ++round) {
    std::vector<std::string> words;
    for (uint64_t n = 1 + random() % 30; n > 0; --n) words.push_back(draw(4));
    const bool alone = random() % 2 == 0;
    const WordMatcher matcher(words, alone);
    const NaiveMatcher naive(words, alone);
    for (int i = 0; i < 10; ++i) {
      const std::string text = draw(60);
      std::vector<ByteSpan> expected = naive.hits(text);
      std::vector<ByteSpan> evidence;
      ASSERT_EQ(matcher.count(text, UINT64_MAX, &evidence), expected.size()) << text;
      expected.resize(std::min(expected.size(), kMaxEvidence));
      ASSERT_EQ(evidence, expected) << text;
    }
  }
}

TEST(WordMatcher, FindsEachOfManyThousandWords) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> words;
  for (int i = 0; i < 200'000; ++i) {
    std::string word;
    for (int n = 0; n < 4; ++n) append_char(U'一' + static_cast<char32_t>(random() % 4000), word);
    words.push_back(word);
  }
  const WordMatcher matcher(words, false);
  std::string text;
  uint64_t num_words = 0;
  for (size_t i = 0; i < words.size(); i += 7, ++num_words) text += words[i] + "。";
  EXPECT_EQ(matcher.count(text, UINT64_MAX, nullptr), num_words);
  EXPECT_EQ(matcher.count("これはどの単語でもない", UINT64_MAX, nullptr), 0u);
}

}  // namespace
}  // namespace yurai
