#include "yurai/search/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "yurai/search/postings.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;

std::vector<TermKey> keys(std::string_view text, TermsOf of) {
  std::vector<TermKey> keys;
  Folder folder;
  for_each_term(folder, text, of, [&](const Term& term) { keys.push_back(term.key); });
  return keys;
}

std::vector<std::string> places(std::string_view text, TermsOf of) {
  std::vector<std::string> places;
  Folder folder;
  for_each_term(folder, text, of, [&](const Term& term) {
    places.emplace_back(text.substr(term.byte_begin, term.byte_end - term.byte_begin));
  });
  return places;
}

TEST(Terms, ArePairsInJapaneseAndWordsElsewhere) {
  EXPECT_THAT(places("東京都のTokyo Tower、第2版", TermsOf::kQuery),
              ElementsAre("東京", "京都", "都の", "Tokyo", "Tower", "第", "2", "版"));
  EXPECT_THAT(places("東京", TermsOf::kDocument), ElementsAre("東", "東京", "京"));
  EXPECT_THAT(places("あ", TermsOf::kDocument), ElementsAre("あ"));
  EXPECT_THAT(places("naïve don't C++", TermsOf::kQuery), ElementsAre("naïve", "don", "t", "C"));
  EXPECT_THAT(places(" 、。", TermsOf::kQuery), ElementsAre());
}

TEST(Terms, FoldWidthsCasesAndOldKanji) {
  EXPECT_EQ(keys("ﾃﾞｰﾀＢＡＳＥ國", TermsOf::kQuery), keys("データbase国", TermsOf::kQuery));
  EXPECT_EQ(keys("zero\u200bwidth", TermsOf::kQuery), keys("zerowidth", TermsOf::kQuery));
  EXPECT_NE(keys("ab", TermsOf::kQuery), keys("a b", TermsOf::kQuery));
}

TEST(Postings, LengthsInAByteAreNearAndAscend) {
  uint64_t last = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const uint64_t length = length_of_byte(static_cast<uint8_t>(byte));
    EXPECT_EQ(length_byte(length), byte);
    if (byte > 0) {
      EXPECT_GT(length, last);
    }
    last = length;
  }
  for (uint64_t length : {0ull, 5ull, 31ull, 1000ull, 123456ull}) {
    const auto near = static_cast<double>(length_of_byte(length_byte(length)));
    EXPECT_LE(near, static_cast<double>(length));
    EXPECT_GE(near, static_cast<double>(length) * 15 / 16);
  }
  EXPECT_EQ(length_byte(~uint64_t{0}), 255);
}

TEST(Postings, ReadAsWritten) {
  const std::vector<Posting> written = {{0, 1}, {1, 2}, {7, 1}, {300, 70000}, {70000, 1}};
  std::string bytes;
  append_postings(written.data(), written.data() + written.size(), -1, bytes);
  std::vector<Posting> read;
  ASSERT_TRUE(read_postings(bytes, written.size(), -1, 70001, read));
  for (size_t i = 0; i < written.size(); ++i) {
    EXPECT_EQ(read[i].document, written[i].document);
    EXPECT_EQ(read[i].frequency, written[i].frequency);
  }
  EXPECT_FALSE(read_postings(bytes, written.size(), -1, 70000, read));
  EXPECT_FALSE(read_postings(bytes + "x", written.size(), -1, 70001, read));
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(read_postings(bytes.substr(0, cut), written.size(), -1, 70001, read));
  }
}

}  // namespace
}  // namespace yurai
