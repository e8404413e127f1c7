#include "yurai/tokenizer/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yurai {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> matches(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::parse(pattern);
  EXPECT_TRUE(regex) << regex.error().message;
  std::vector<std::string> out;
  const std::vector<TextRange> found = regex->find_all(text).value();
  for (const TextRange range : found) {
    out.emplace_back(text.substr(range.begin, range.end - range.begin));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(Regex, SplitsWordsAsGpt2Does) {
  EXPECT_EQ(matches(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
                    "it's 12 日本,  ok \n"),
            (Strings{"it", "'s", " 12", " 日本", ",", " ", " ok", " \n"}));
}

TEST(Regex, SplitsWordsAsLlama3Does) {
  EXPECT_EQ(matches(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
                    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
                    "I'LL pay 12345 (now)\n\n  x"),
            (Strings{"I", "'LL", " pay", " ", "123", "45", " (", "now", ")\n\n", " ", " x"}));
}

TEST(Regex, ACaretMatchesAtEachLineButNotBehindTheLastLineBreak) {
  const Regex regex = Regex::parse("^").value();
  EXPECT_EQ(regex.find_all("a\nb\n").value(), (std::vector<TextRange>{{0, 0}, {2, 2}}));
  EXPECT_EQ(Regex::parse("(?<!\\n)^").value().find_all("a\nb").value(),
            (std::vector<TextRange>{{0, 0}}));
}

TEST(Regex, NoEmptyMatchFollowsAnotherMatch) {
  EXPECT_EQ(Regex::parse("a*").value().find_all("aab").value(),
            (std::vector<TextRange>{{0, 2}, {3, 3}}));
}

TEST(Regex, WhiteSpaceAndWordsAreOnigurumas) {
  EXPECT_TRUE(matches("\\s", "\xE1\xA0\x8E").empty());  // U+180E
  EXPECT_EQ(matches("\\S", "\xE1\xA0\x8E").size(), 1U);
  EXPECT_EQ(matches("[\\S]", "\xE1\xA0\x8E").size(), 1U);
  EXPECT_EQ(matches("\\s+", "\xC2\x85\xE3\x80\x80\v"), (Strings{"\xC2\x85\xE3\x80\x80\v"}));
  EXPECT_EQ(matches("\\w+", "e\xCC\x81_1-"), (Strings{"e\xCC\x81_1"}));  // a combining mark
  EXPECT_EQ(matches("\\h+", "xfF0 "), (Strings{"fF0"}));
  EXPECT_EQ(matches("\\p{Han}+", "漢字々ー"), (Strings{"漢字々"}));
  EXPECT_EQ(matches("\\u3042|\\x41", "あA"), (Strings{"あ", "A"}));
  EXPECT_EQ(matches(".", "\r\n"), (Strings{"\r"}));
}

TEST(Regex, RefusesWhatItCannotSay) {
  for (const auto& [pattern, words] : std::vector<std::pair<std::string, std::string>>{
           {"", "empty"},
           {"[a&&b]", "'&&'"},
           {"[a[b]]", "within classes"},
           {"a{1,2}+", "'}+'"},
           {"(?m:a)", "unknown kind"},
           {"(?#x)", "unknown kind"},
           {"(*ACCEPT)", "verbs"},
           {"\\1", "'\\1'"},
           {"\\C", "'\\C'"},
           {"\\p{L", "property"},
           {"\\p{NoSuchScript}", "regular expression"},
           {"[a", "not closed"},
           {"(a", "regular expression"},
           {"a\\", "ends in"},
           {"\\xZZ", "hex"},
           {std::string(1 << 17, 'a'), "longer"},
           {std::string(1000, '(') + std::string(1000, ')'), "regular expression"}}) {
    const auto regex = Regex::parse(pattern);
    ASSERT_FALSE(regex) << pattern;
    EXPECT_EQ(regex.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(regex.error().message, HasSubstr(words)) << pattern;
  }
}

TEST(Regex, GivesUpWhereAPatternNeedsTooManySteps) {
  const auto found = Regex::parse("(a+)+$").value().find_all(std::string(64, 'a') + "b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kResourceExhausted);
}

TEST(Regex, ALongMatchNeedsNoMachineStack) {
  const std::string text(1 << 18, ' ');
  EXPECT_EQ(Regex::parse("(?: | x)*(?!\\S)").value().find_all(text + "y").has_value(), true);
}

}  // namespace
}  // namespace yurai
