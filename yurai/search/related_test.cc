#include "yurai/search/related.h"

#include <gtest/gtest.h>

#include "yurai/base/utf8.h"
#include "yurai/search/testing.h"

namespace yurai {
namespace {

using testing::SearchedTexts;

const std::vector<std::string> kTexts = {"夏目漱石は『吾輩は猫である』を1905年に書いた。",
                                         "富士山は日本で一番高い山で、静岡県と山梨県にまたがる。",
                                         "The quick brown fox jumps over the lazy dog.",
                                         "天気は晴れ。"};

TEST(Related, FindsForEachSentenceWhatSpeaksAboutTheSame) {
  const SearchedTexts searched(kTexts);
  const std::string answer =
      "日本で最も高い山は富士山です。漱石の作品に『吾輩は猫である』があります。\nxyzzy plugh!";
  const Related related = related_passages(searched.search(), searched.corpus(), answer).value();
  ASSERT_EQ(related.sentences.size(), 2u);
  EXPECT_EQ(related.sentences[0].passages[0].hit.document, 1u);
  EXPECT_EQ(related.sentences[1].passages[0].hit.document, 0u);
  for (const RelatedSentence& sentence : related.sentences) {
    EXPECT_EQ(answer.substr(sentence.byte_begin, sentence.byte_end - sentence.byte_begin),
              sentence.text);
    EXPECT_EQ(count_chars(answer.substr(0, sentence.byte_begin)), sentence.char_begin);
    EXPECT_EQ(sentence.char_end - sentence.char_begin, count_chars(sentence.text));
    for (const PassageHit& hit : sentence.passages) {
      EXPECT_GE(hit.overlap, 0.25);
      EXPECT_LE(hit.overlap, 1.0 + 1e-9);
    }
  }
  EXPECT_FALSE(related.truncated);
  const Json json = to_json(related);
  EXPECT_FALSE(json["sentences"][0]["passages"][0].contains("match"));
}

TEST(Related, AWholeCopyOverlapsWhollyAndNothingIsNearToNothing) {
  const SearchedTexts searched(kTexts);
  const Related copy = related_passages(searched.search(), searched.corpus(), kTexts[2]).value();
  ASSERT_EQ(copy.sentences.size(), 1u);
  EXPECT_NEAR(copy.sentences[0].passages[0].overlap, 1, 1e-9);
  EXPECT_TRUE(related_passages(searched.search(), searched.corpus(), "")->sentences.empty());
  EXPECT_TRUE(related_passages(searched.search(), searched.corpus(), "。\n")->sentences.empty());
}

TEST(Related, BoundsSentencesAndNamesTheByteThatIsNotUtf8) {
  const SearchedTexts searched(kTexts);
  const Related related = related_passages(searched.search(), searched.corpus(),
                                           "晴れ。晴れ。晴れ。", {.max_sentences = 2})
                              .value();
  EXPECT_EQ(related.sentences.size(), 2u);
  EXPECT_TRUE(related.truncated);
  EXPECT_FALSE(related_passages(searched.search(), searched.corpus(), "a\xff").has_value());
  std::string list;
  for (int i = 0; i < 5000; ++i) list.append(std::to_string(i)).append(" ");
  EXPECT_TRUE(related_passages(searched.search(), searched.corpus(), list)->sentences.empty());
}

}  // namespace
}  // namespace yurai
