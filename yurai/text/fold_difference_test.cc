#include "yurai/text/fold_difference.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/testing.h"
#include "yurai/text/kanji_forms.h"

namespace yurai {
namespace {

using Names = std::vector<std::string_view>;

Names differ(std::string_view a, std::string_view b, size_t skip = 0) {
  Folder folder;
  FoldComparison comparison(folder);
  const auto kinds = comparison.compare(a, b, skip);
  EXPECT_TRUE(kinds) << a << " / " << b << ": " << kinds.error().message;
  return kinds ? kinds->names() : Names{"refused"};
}

TEST(FoldDifference, NamesEachKindAlone) {
  EXPECT_EQ(differ("吾輩は猫である", "吾輩は猫である"), Names{});
  EXPECT_EQ(differ("か\u3099", "が"), Names{"nfkc"});
  EXPECT_EQ(differ("㌔", "キロ"), Names{"nfkc"});
  EXPECT_EQ(differ("①", "1"), Names{"nfkc"});
  EXPECT_EQ(differ("\uFA19", "神"), Names{"nfkc"});
  EXPECT_EQ(differ("Yurai", "yurai"), Names{"case"});
  EXPECT_EQ(differ("Straße", "STRASSE"), Names{"case"});
  EXPECT_EQ(differ("Ｙurai", "Yurai"), Names{"width"});
  EXPECT_EQ(differ("ｶﾞ", "ガ"), Names{"width"});
  EXPECT_EQ(differ("a b", "ab"), Names{"whitespace"});
  EXPECT_EQ(differ("a\nb", "a b"), Names{"whitespace"});
  EXPECT_EQ(differ("a、b", "ab"), Names{"punctuation"});
  EXPECT_EQ(differ("a、b", "a。b"), Names{"punctuation"});
  EXPECT_EQ(differ("a\u200b\u00ad b", "a b"), Names{"zero_width"});
  EXPECT_EQ(differ("葛\U000E0100飾", "葛飾"), Names{"zero_width"});
  EXPECT_EQ(differ("國會", "国会"), Names{"old_kanji"});
}

TEST(FoldDifference, NamesTheWidthOfSignsAndSpacesAsWidth) {
  EXPECT_EQ(differ("a，b", "a,b"), Names{"width"});
  EXPECT_EQ(differ("a\u3000b", "a b"), Names{"width"});
  EXPECT_EQ(differ("a\u00a0b", "a b"), Names{"nfkc"});
  EXPECT_EQ(differ("a～b", "a~b"), Names{"width"});
}

TEST(FoldDifference, NamesAllOfSeveralKindsInTheirOrder) {
  EXPECT_EQ(
      differ("ＹＵＲＡＩ、 舊國\u200bﾃﾞｰﾀ①", "yurai旧国データ1"),
      (Names{"nfkc", "case", "width", "whitespace", "punctuation", "zero_width", "old_kanji"}));
  EXPECT_EQ(differ("⑴x", "1X"), (Names{"nfkc", "case", "punctuation"}));
  EXPECT_EQ(differ("Ａ", "a"), (Names{"case", "width"}));
  EXPECT_EQ(differ("a 、b", "a、 b"), (Names{"whitespace", "punctuation"}));  // only the order
}

TEST(FoldDifference, LooksThroughWhatIsTheSameFromPieceToPiece) {
  const std::string same = "この長い文章は両側で一字一句まったく同じであるから読み飛ばされる。";
  EXPECT_EQ(differ(same + same + "が" + same + "x", same + same + "か\u3099" + same + "x"),
            Names{"nfkc"});
  EXPECT_EQ(differ(same + "國" + same + "x", same + "国" + same + "x"), Names{"old_kanji"});
  EXPECT_EQ(differ(same + "\n" + same, same + same), Names{"whitespace"});  // after a sign
  EXPECT_EQ(differ(same + same, same + "\n\u200b" + same), (Names{"whitespace", "zero_width"}));
  EXPECT_EQ(differ(same + "」" + same, same + same), Names{"punctuation"});
  EXPECT_EQ(differ(same + "x、", same + "x"), Names{});  // what stands behind is no part of it
}

TEST(FoldDifference, TakesPiecesOfSeveralCharactersWhole) {
  EXPECT_EQ(differ("ロx", "㌔x", std::string("キ").size()), Names{"nfkc"});
  EXPECT_EQ(differ("xキ", "x㌔"), Names{"nfkc"});
  EXPECT_EQ(differ("キ ロ", "㌔"), (Names{"nfkc", "whitespace"}));
}

TEST(FoldDifference, RefusesTextsThatFoldToOthers) {
  Folder folder;
  FoldComparison comparison(folder);
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{
           {"a", "b"}, {"ab", "a"}, {"キ", "ロ"}, {"㌔", "キ"}}) {
    EXPECT_FALSE(comparison.compare(a, b)) << a << " / " << b;
  }
  EXPECT_FALSE(comparison.compare("a", "a", 1));
}

/// Every character of Unicode: some set of kinds explains what it folds to.
TEST(FoldDifference, ExplainsEveryCharacter) {
  Folder folder;
  FoldComparison comparison(folder);
  size_t explained = 0;
  for (char32_t c = 1; c < 0x30000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_char(c, text);
    const FoldedText fold = folder.fold(text);
    if (fold.text.empty()) continue;
    const auto kinds = comparison.compare(text, fold.text);
    ASSERT_TRUE(kinds) << std::hex << static_cast<uint32_t>(c) << " " << kinds.error().message;
    EXPECT_EQ(*kinds == FoldKinds(), text == fold.text) << std::hex << static_cast<uint32_t>(c);
    ++explained;
  }
  EXPECT_GT(explained, 100'000u);
}

/// The oracle: changes of known kinds, each made to a text whose pieces they cannot touch
/// otherwise.
TEST(FoldDifference, NamesExactlyTheChangesThatWereMade) {
  std::mt19937_64 random(testing::test_seed());
  struct Change {
    std::string_view from, to;
    uint32_t kind;
  };
  const std::vector<Change> changes = {{"が", "か\u3099", 0}, {"1", "①", 0},  {"y", "Y", 1},
                                       {"é", "É", 1},         {"k", "ｋ", 2}, {"ダ", "ﾀﾞ", 2},
                                       {"|", "|", 3},         {"/", "/", 4},  {"_", "_", 5},
                                       {"国", "國", 6},       {"沢", "澤", 6}};
  const std::vector<std::string> added = {"", "", "", "\n", "「", "\u200b"};
  for (int round = 0; round < 3000; ++round) {
    std::string a = "x", b = "x";
    uint32_t bits = 0;
    for (uint64_t n = random() % 20; n > 0; --n) {
      const Change& change = changes[random() % changes.size()];
      const bool changes_it = random() % 4 == 0;
      if (change.kind >= 3 && change.kind <= 5) {
        a += "z";
        b += "z";
        if (changes_it) (random() % 2 == 0 ? a : b) += added[change.kind];
        a += "z";
        b += "z";
      } else {
        a += change.from;
        b += changes_it ? change.to : change.from;
      }
      if (changes_it) bits |= 1u << change.kind;
    }
    EXPECT_EQ(differ(a, b), FoldKinds::from_bits(bits).names()) << a << " / " << b;
    EXPECT_EQ(differ(b, a), FoldKinds::from_bits(bits).names()) << a << " / " << b;
  }
}

}  // namespace
}  // namespace yurai
