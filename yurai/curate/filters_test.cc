#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/url.h"
#include "yurai/curate/words_of_text.h"
#include "yurai/index/testing.h"

/// What each filter measures, on texts small enough to count by hand.
namespace yurai {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

Decision decide(const std::string& step, Document document,
                const std::filesystem::path& words = {}) {
  const Chain chain = Chain::parse("[[filter]]\n" + step, "c", {}, {.words = words}).value();
  return chain.decide(document, false);
}

/// The number of a filter (and its options) for a text.
std::optional<double> value(const std::string& step, const std::string& text) {
  return decide("name = " + step, {.text = text}).steps[0].value;
}
std::string edited(const std::string& step, const std::string& text) {
  const Document document{.text = text};
  return std::string(decide("name = " + step, document).text(document));
}

auto about(double number) { return Optional(DoubleNear(number, 1e-12)); }

TEST(Filters, EveryOneIsDescribedInBothLanguagesAndNamedOnce) {
  std::set<std::string_view> names;
  for (const FilterInfo* info : all_filters()) {
    EXPECT_TRUE(names.insert(info->name).second) << info->name;
    for (const std::string_view text : {info->unit, info->source, info->english, info->japanese}) {
      EXPECT_FALSE(text.empty()) << info->name;
    }
    EXPECT_NE(info->make, nullptr) << info->name;
    for (const OptionInfo& option : info->options) {
      EXPECT_FALSE(option.english.empty() || option.japanese.empty()) << info->name;
    }
  }
  EXPECT_GE(names.size(), 45u);
}

TEST(Filters, SizesAndShares) {
  EXPECT_THAT(value("'length'", "あいう\n"), about(4));
  EXPECT_THAT(value("'bytes'", "あa"), about(4));
  EXPECT_THAT(value("'mean_line_length'", "ab\n\n cdef \n"), about(3));
  EXPECT_EQ(value("'mean_line_length'", " \n "), std::nullopt);
  EXPECT_THAT(value("'max_line_length'", "ab\nあいう"), about(3));
  EXPECT_THAT(value("'alphanumeric_share'", "a1あ_!"), about(0.6));
  EXPECT_THAT(value("'ascii_share'", "abあい"), about(0.5));
  EXPECT_THAT(value("'link_share'", "http://a.jp/ x"), about(12.0 / 14));
  EXPECT_THAT(value("'link_share'", "http is no link"), about(0));
  EXPECT_THAT(value("'hiragana_share'", "ひら漢字"), about(0.5));
  EXPECT_THAT(value("'kana_share'", "ひカー漢"), about(0.75));
  EXPECT_THAT(value("'ja_punctuation_share'", "あ、い。"), about(0.5));
  EXPECT_THAT(value("'kuten'", "あ。い。"), about(500));
  EXPECT_EQ(value("'kuten'", ""), std::nullopt);
}

TEST(Filters, JapaneseLooksAtTheFirstFiftyCharacters) {
  EXPECT_THAT(value("'japanese'", std::string(49, 'a') + "あ"), about(1));
  EXPECT_THAT(value("'japanese'", std::string(50, 'a') + "あ"), about(0));
  EXPECT_THAT(value("'japanese'\nwithin = 51", std::string(50, 'a') + "あ"), about(1));
  EXPECT_THAT(value("'japanese'", "漢字ー"), about(0));
}

TEST(Filters, CompressionRatiosAreThoseOfStockLibraries) {
  // zlib.compress(b"a" * 200, 9) has 12 bytes.
  EXPECT_THAT(value("'zlib_ratio'", std::string(200, 'a')), about(12.0 / 200));
  EXPECT_EQ(value("'zlib_ratio'", ""), std::nullopt);
  EXPECT_THAT(value("'lz4_ratio'", std::string(10'000, 'a')), Optional(::testing::Lt(0.01)));
}

TEST(Filters, WordsAreThoseOfSpacedScriptsAndCharactersOfOthers) {
  EXPECT_THAT(words_of("It's 東京、U.S. 3-4 カー"),
              ElementsAre("It's", "東", "京", "U", "S", "3-4", "カ", "ー"));
  EXPECT_THAT(words_of("a- -b 'c'"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(words_of("カーabc ーー ｶｰ"),  // the mark is as a kana, wherever it stands
              ElementsAre("カ", "ー", "abc", "ー", "ー", "ｶ", "ｰ"));
  EXPECT_THAT(lines_of(" a \n\n\u3000b"), ElementsAre("a", "b"));
  EXPECT_THAT(paragraphs_of("a\nb\n\n\nc\n"), ElementsAre("a\nb", "c"));
  for (const char* line : {"a.", "a!", "「あ。」", "a?\"", "あ！", "a…"}) {
    EXPECT_TRUE(ends_sentence(line)) << line;
  }
  for (const char* line : {"a", "a,", "「あ」", ""}) EXPECT_FALSE(ends_sentence(line)) << line;
}

TEST(Filters, GopherQuality) {
  EXPECT_THAT(value("'word_count'", "one two 三"), about(3));
  EXPECT_THAT(value("'mean_word_length'", "ab abcd"), about(3));
  EXPECT_THAT(value("'hash_ratio'", "#a b c d"), about(0.25));
  EXPECT_THAT(value("'ellipsis_ratio'", "a... b… c d"), about(0.5));
  EXPECT_THAT(value("'bullet_line_share'", "- a\nb\n・c\nd"), about(0.5));
  EXPECT_THAT(value("'ellipsis_line_share'", "a...\nb"), about(0.5));
  EXPECT_THAT(value("'alphabetic_word_share'", "a 1 2 あ"), about(0.5));
  EXPECT_THAT(value("'stop_words'", "The cat and THE dog"), about(2));
  EXPECT_EQ(value("'mean_word_length'", "…"), std::nullopt);
}

TEST(Filters, GopherRepetition) {
  EXPECT_THAT(value("'duplicate_line_share'", "a\nb\na\na"), about(0.5));
  EXPECT_THAT(value("'duplicate_line_char_share'", "ab\nab\nc"), about(2.0 / 7));
  EXPECT_THAT(value("'duplicate_paragraph_share'", "a\n\nb\n\na"), about(1.0 / 3));
  EXPECT_THAT(value("'duplicate_paragraph_char_share'", "a\n\na"), about(0.25));
  // "a b" occurs twice: 2 · 2 of the 5 characters; in the second text nothing occurs twice.
  EXPECT_THAT(value("'top_2gram_share'", "a b a b c"), about(0.8));
  EXPECT_THAT(value("'top_2gram_share'", "a b c d"), about(0));
  EXPECT_THAT(value("'duplicate_5gram_share'", "a b c d e x a b c d e"), about(5.0 / 11));
  EXPECT_THAT(value("'duplicate_10gram_share'", "a b c d e x a b c d e"), about(0));
  EXPECT_THAT(value("'duplicate_5gram_share'", "あいうえおxあいうえお"), about(5.0 / 11));
}

TEST(Filters, C4AndFineWeb) {
  EXPECT_EQ(edited("'c4_lines'",
                   "One two three.\nno end here\nToo short.\nEnable JavaScript now "
                   "please.\nこれは文です。\nto be continued..."),
            "One two three.\nこれは文です。");
  EXPECT_THAT(value("'lorem_ipsum'", "Lorem Ipsum dolor"), about(1));
  EXPECT_THAT(value("'curly_brackets'", "a{b}{"), about(2));
  EXPECT_THAT(value("'sentences'", "One. Two! 3.5 is three\n四。五。…"), about(5));
  EXPECT_THAT(value("'line_punctuation_share'", "a.\nb"), about(0.5));
  EXPECT_THAT(value("'short_line_share'\nchars = 2", "ab\nabc"), about(0.5));
  EXPECT_THAT(value("'newline_ratio'", "a\nb\nc d"), about(0.5));
}

TEST(Filters, EditsOfTheJapaneseChains) {
  EXPECT_EQ(edited("'ja_lines'", "あ https://a.jp/x い\nno kana\n漢字ー"), "あ  い漢字ー");
  EXPECT_EQ(edited("'ja_lines'", "あhttp://い http:// う"), "あ http:// う");
  EXPECT_EQ(edited("'ja_lines'", "あ" + std::string(100, 'x') + "い" + std::string(99, 'y')),
            "あい" + std::string(99, 'y'));
  EXPECT_EQ(edited("'wiki_footnotes'", "本文\n出典・脚注 \n注"), "本文");
  EXPECT_EQ(edited("'wiki_footnotes'", "本文\n出典は\n注"), "本文\n出典は\n注");
  EXPECT_EQ(edited("'wiki_footnotes'", "x\nReferences"), "x\nReferences");
  EXPECT_EQ(edited("'empty_parentheses'", "東京（、 とうきょう ；）は"), "東京（とうきょう）は");
  EXPECT_EQ(edited("'empty_parentheses'", "東京（、）（（））a (, ; ) b( c )"), "東京（）a b(c)");
}

TEST(Filters, PersonalInformationIsCountedAndMasked) {
  EXPECT_EQ(edited("'pii'", "TEL 03-1234-5678"), "TEL <phone>");
  EXPECT_EQ(edited("'pii'\nmask = false", "TEL 03-1234-5678"), "TEL 03-1234-5678");
  EXPECT_THAT(value("'pii'\nkinds = ['email']", "a@b.jp 03-1234-5678"), about(1));
}

TEST(Filters, LanguageOfTheText) {
  const std::string japanese =
      "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした"
      "所でニャーニャー泣いていた事だけは記憶している。";
  EXPECT_THAT(value("'language'", japanese), Optional(::testing::Gt(0.9)));
  EXPECT_THAT(value("'language'\nlang = 'en'", japanese), about(0));
  EXPECT_EQ(value("'language'", ""), std::nullopt);
}

TEST(Filters, UrlsAndLicences) {
  EXPECT_EQ(url_host(" https://me:x@WWW.Example.jp:80/a?b#c"), "www.example.jp");
  EXPECT_EQ(url_host("//[::1]:80/"), "::1");
  for (const char* url : {"", "example.jp/a", "mailto:a@b.jp", "http://", "1http://a"}) {
    EXPECT_EQ(url_host(url), "") << url;
  }
  testing::TemporaryDirectory dir;
  std::ofstream(dir / "block.txt") << "# comment\nbad.example.jp\nhttps://worse.com/x\n*.co.uk\n";
  const auto blocked = [&](const std::string& url) {
    return !decide("name = 'url_blocked'\nlist = 'block.txt'", {.text = "x", .url = url},
                   dir.path())
                .kept();
  };
  EXPECT_TRUE(blocked("http://bad.example.jp/"));
  EXPECT_TRUE(blocked("http://www.bad.example.jp/"));
  EXPECT_TRUE(blocked("http://worse.com"));
  EXPECT_TRUE(blocked("http://a.co.uk"));
  EXPECT_FALSE(blocked("http://example.jp/"));
  EXPECT_FALSE(blocked("http://notworse.com/"));
  const auto licensed = [](const std::string& license) {
    return decide("name = 'license'\nallow = ['MIT', 'CC-BY-4.0']",
                  {.text = "x", .license = license})
        .kept();
  };
  EXPECT_TRUE(licensed("Expat"));
  EXPECT_TRUE(licensed("GPL-2.0-only OR MIT"));
  EXPECT_TRUE(licensed("MIT AND CC-BY-4.0"));
  EXPECT_FALSE(licensed("MIT AND GPL-2.0-only"));
  EXPECT_FALSE(licensed("GPL-2.0-only"));
  EXPECT_FALSE(licensed(""));
}

TEST(Filters, WordListsStopCountingOneHitBeyondTheBound) {
  testing::TemporaryDirectory dir;
  std::ofstream(dir / "w.txt") << "\xef\xbb\xbfx\r\n\n y \n";
  const std::string step = "name = 'words'\nlist = 'w.txt'\nmax = 1";
  const StepResult found = decide(step, {.text = "xyxx"}, dir.path()).steps[0];
  EXPECT_EQ(found.value, 2);
  EXPECT_TRUE(found.at_least);
  EXPECT_FALSE(found.passed);
  const Chain chain = Chain::parse("[[filter]]\n" + step, "c", {}, {.words = dir.path()}).value();
  const StepResult exact = chain.decide({.text = "xyxx"}, true).steps[0];
  EXPECT_EQ(exact.value, 4);
  EXPECT_FALSE(exact.at_least);
  std::ofstream(dir / "empty.txt") << "\n \n";
  for (const auto& [list, what] :
       {std::pair("none.txt", "No such file"), std::pair("empty.txt", "holds no word")}) {
    const auto bad = Chain::parse(std::string("[[filter]]\nname = 'words'\nlist = '") + list + "'",
                                  "c", {}, {.words = dir.path()});
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().message, HasSubstr(what));
  }
}

TEST(Filters, AWordListNeverLeavesTheFolderOfWordLists) {
  testing::TemporaryDirectory dir;
  std::filesystem::create_directories(dir / "words/ja");
  std::ofstream(dir / "secret.txt") << "secret\n";
  std::ofstream(dir / "words/ja/list.txt") << "word\n";
  std::filesystem::create_symlink(dir / "secret.txt", dir / "words/out.txt");
  std::filesystem::create_symlink(dir / "words/ja/list.txt", dir / "words/in.txt");
  const auto made = [&](const std::string& list) {
    return Chain::parse("[[filter]]\nname = \"words\"\nlist = \"" + list + "\"\n", "c", {},
                        {.words = dir / "words"});
  };
  for (const char* list : {"ja/list.txt", "in.txt", "ja/../ja/list.txt"}) {
    EXPECT_TRUE(made(list)) << list;
  }
  for (const std::string& list : {std::string("../secret.txt"), std::string("ja/../../secret.txt"),
                                  std::string("out.txt"), (dir / "secret.txt").string()}) {
    const auto refused = made(list);
    ASSERT_FALSE(refused) << list;
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("is not in the folder of --words"));
  }
  EXPECT_FALSE(made("in.txt\\u0000.txt"));
}

TEST(Filters, PerplexityIsThatOfTheCountsByHand) {
  testing::TemporaryDirectory dir;
  const CorpusIndex index = testing::write_index_of(dir.path(), {"abab", "abc"}).value();
  const std::string step = "'perplexity'\nindex = '" + (dir / "index").string() + "'\norder = 2";
  // P(a) = 3/9: 7 characters and 2 ends; P(b|a) = 3/3.
  EXPECT_THAT(value(step, "ab"), about(std::exp(-(std::log(3.0 / 9) + 0) / 2)));
  // P(c|a): never, so 0.4 · P(c) = 0.4 · 1/9.
  EXPECT_THAT(value(step, "ac"), about(std::exp(-(std::log(3.0 / 9) + std::log(0.4 / 9)) / 2)));
  EXPECT_EQ(value(step, ""), std::nullopt);
}

}  // namespace
}  // namespace yurai
