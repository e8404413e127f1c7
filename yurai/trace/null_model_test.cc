#include "yurai/trace/null_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "yurai/base/testing.h"
#include "yurai/index/testing.h"
#include "yurai/trace/ngram_counter.h"

namespace yurai {
namespace {

using testing::test_seed;

NullModel model_of(const std::vector<std::string>& texts, uint64_t max_bytes = 1 << 20,
                   size_t max_ngrams = 1 << 20) {
  NgramCounter counter(max_ngrams);
  NgramPiece piece;
  for (const std::string& text : texts) {
    for (const char32_t c : decode_chars(text)) piece.add(c);
    piece.end_document();
    counter.count({&piece, 1}, 1);
  }
  return counter.finish({&piece, 1}, max_bytes);
}

uint64_t key_of(std::string_view text) {
  uint64_t key = 0;
  for (const char32_t c : decode_chars(text)) key = extend_ngram(key, c);
  return key;
}

double ln_chance_of(const NullModel& model, std::string_view text, uint64_t occurrences,
                    Script script) {
  const TextNgrams ngrams = look_up(model, text);
  return ln_chance(ngrams, 0, ngrams.chars.size(), occurrences, script);
}

TEST(NgramCounter, CountsTheSameInPiecesAndOnThreads) {
  std::mt19937_64 random(test_seed());
  std::vector<char32_t> text(120'000);
  for (char32_t& c : text) c = static_cast<char32_t>(0x4E00 + random() % (random() % 3000 + 1));
  std::vector<size_t> sizes;
  for (const size_t max_ngrams : {size_t{1} << 22, size_t{1}}) {  // none are forgotten; many are
    NgramCounter whole(max_ngrams), cut(max_ngrams);
    NgramPiece all;
    for (const char32_t c : text) all.add(c);
    whole.count({&all, 1}, 1);
    std::vector<NgramPiece> pieces(3);
    for (size_t begin = 0; begin < text.size();) {
      for (NgramPiece& piece : pieces) {
        piece.begin(std::span(text).subspan(begin - std::min<size_t>(begin, 2),
                                            std::min<size_t>(begin, 2)));
        const size_t end = std::min(text.size(), begin + random() % 20'000);
        for (; begin < end; ++begin) piece.add(text[begin]);
      }
      cut.count(pieces, 3);
    }
    const std::string model = whole.finish({&all, 1}, 1 << 20).serialize();
    EXPECT_EQ(model, cut.finish(pieces, 1 << 20).serialize());
    sizes.push_back(model.size());
  }
  EXPECT_LT(sizes[1], sizes[0]);
}

TEST(NullModel, CountsAsANaiveScanDoes) {
  std::mt19937_64 random(test_seed());
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) {
    texts.push_back(testing::random_text(random, testing::kJapanese, random() % 300));
  }
  std::map<uint64_t, uint32_t> naive;
  for (const std::string& text : texts) {
    const std::vector<char32_t> chars = decode_chars(text);
    for (size_t i = 0; i < chars.size(); ++i) {
      uint64_t key = 0;
      bool plain = true;
      for (size_t n = 1; n <= 3 && i + n <= chars.size(); ++n) {
        key = extend_ngram(key, chars[i + n - 1]);
        plain = plain && !is_cjk(chars[i + n - 1]);
        if (n < 3 || plain) ++naive[key];
      }
    }
  }
  const NullModel model = model_of(texts);
  for (const auto& [key, count] : naive) {
    // Pairs and triples that occur once are not stored.
    EXPECT_EQ(model.count(key), key >> 21 == 0 || count > 1 ? count : 0) << key;
  }
}

TEST(NullModel, ReadsWhatItWrote) {
  const NullModel model = model_of({"吾輩は猫である。吾輩は犬である。", "abc abc abc"});
  const NullModel again = NullModel::parse(model.serialize()).value();
  EXPECT_EQ(again.serialize(), model.serialize());
  EXPECT_EQ(again.num_chars(), model.num_chars());
  EXPECT_EQ(again.count(key_of("吾輩")), 2u);
  EXPECT_EQ(again.count(key_of("abc")), 3u);
  EXPECT_EQ(again.count(key_of("xyz")), 0u);
}

TEST(NullModel, RefusesEveryTruncationAndSurvivesEveryFlip) {
  const std::string bytes = model_of({"吾輩は猫である。吾輩は犬である。"}).serialize();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(NullModel::parse(std::string_view(bytes).substr(0, size))) << size;
  }
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string flipped = bytes;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    const auto model = NullModel::parse(flipped);  // the manifest's hash finds what this cannot
    if (model) {
      EXPECT_TRUE(std::isfinite(ln_chance_of(*model, "吾輩は猫", 1, Script::kCjk)));
    }
  }
}

TEST(NullModel, KeepsToItsSizes) {
  std::mt19937_64 random(test_seed() + 2);
  std::vector<std::string> alphabet;
  for (char c = ' '; c < 127; ++c) alphabet.push_back(std::string(1, c));
  const std::vector<std::string> texts = {testing::random_text(random, alphabet, 100'000)};
  EXPECT_GT(model_of(texts).serialize().size(), 20'000u);
  EXPECT_LE(model_of(texts, 5'000).serialize().size(), 5'000u);
  const NullModel forgetful = model_of(texts, 1 << 20, 3'000);
  EXPECT_EQ(forgetful.num_chars(), 100'000u);
}

TEST(LnChance, IsTheModelsProbabilityByHand) {
  // Two documents "ab": N = 4, c(a) = c(b) = c(ab) = 2.
  const NullModel model = model_of({"ab", "ab"});
  const double a = (2 + 10 * 1e-4) / (4 + 10.0);
  const double b = (2 + 3 * a) / (2 + 3.0);
  EXPECT_NEAR(ln_chance_of(model, "ab", 0, Script::kOther), std::log(a) + std::log(b), 1e-12);
  // With both occurrences of the span taken out nothing is left.
  const double none = 10 * 1e-4 / (4 + 10.0);
  EXPECT_NEAR(ln_chance_of(model, "ab", 2, Script::kOther), 2 * std::log(none), 1e-12);
}

TEST(LnChance, ANameThatOccursOnceDoesNotExplainItself) {
  const NullModel model =
      model_of({"旅の途中でゲシュタルトという語を見た。", "旅の途中で語を見た。旅の語。"});
  EXPECT_LT(ln_chance_of(model, "ゲシュタルト", 1, Script::kCjk),
            ln_chance_of(model, "旅の途中で", 1, Script::kCjk));
}

TEST(LnChance, RepetitionAddsNothing) {
  const NullModel model = model_of({"----- abcabc", "-- abab", "a-b-c"});
  EXPECT_EQ(ln_chance_of(model, "------------", 1, Script::kOther),
            ln_chance_of(model, "----------------------------------", 1, Script::kOther));
  EXPECT_EQ(ln_chance_of(model, "abcabc", 1, Script::kOther),
            ln_chance_of(model, "abcabcabcabc", 1, Script::kOther));
  EXPECT_LT(ln_chance_of(model, "abcabcd", 1, Script::kOther),
            ln_chance_of(model, "abcabc", 1, Script::kOther));
}

}  // namespace
}  // namespace yurai
