#include "yurai/text/sentences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> sentences(std::string_view text) {
  std::vector<std::string> out;
  for (const TextPart& part : split_sentences(text)) {
    out.emplace_back(text.substr(part.byte_begin, part.byte_end - part.byte_begin));
  }
  return out;
}

TEST(Sentences, EndWhereWritersEndThem) {
  EXPECT_THAT(sentences("吾輩は猫である。名前はまだ無い。"),
              ElementsAre("吾輩は猫である。", "名前はまだ無い。"));
  EXPECT_THAT(sentences("「本当か！？」と言った。うん"),
              ElementsAre("「本当か！？」", "と言った。", "うん"));
  EXPECT_THAT(sentences("Version 1.5 is out. See a.b.c!\n\n next line"),
              ElementsAre("Version 1.5 is out.", "See a.b.c!", "next line"));
  EXPECT_THAT(sentences(" 　\n\n"), IsEmpty());
  EXPECT_THAT(sentences(""), IsEmpty());
}

TEST(Sentences, HoldEveryCharacterButWhiteSpaceOnce) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> letters = {"a", "猫", "。", ".", " ", "\n", "」", "！", "　", "!"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (uint64_t n = random() % 15; n > 0; --n) text += letters[random() % letters.size()];
    std::string joined, expected;
    const auto add_visible = [](std::string_view part, std::string& out) {
      for (size_t at = 0; at < part.size(); at += char_bytes(part, at)) {
        const std::string_view c = part.substr(at, char_bytes(part, at));
        if (c != " " && c != "\n" && c != "　") out += c;
      }
    };
    add_visible(text, expected);
    for (const std::string& sentence : sentences(text)) {
      EXPECT_FALSE(sentence.empty());
      add_visible(sentence, joined);
    }
    EXPECT_EQ(joined, expected) << text;
  }
}

}  // namespace
}  // namespace yurai
