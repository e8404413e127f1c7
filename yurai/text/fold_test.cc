#include "yurai/text/fold.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/text/kanji_forms.h"

namespace yurai {
namespace {

std::string folded(std::string_view text) { return Folder().fold(text).text; }

TEST(Fold, MakesWidthsOne) {
  EXPECT_EQ(folded("Ｙｕｒａｉ１２３"), "yurai123");
  EXPECT_EQ(folded("ｶﾞｷﾞﾊﾟｱｲｳ"), "ガギパアイウ");
  EXPECT_EQ(folded("㌔㈱①"), "キロ株1");
}

TEST(Fold, MakesCasesOne) { EXPECT_EQ(folded("ABC Straße Éé"), "abcstrasseéé"); }

TEST(Fold, ComposesWhatIsDecomposed) {
  EXPECT_EQ(folded("か\u3099は\u309a e\u0301"), "がぱé");
  EXPECT_EQ(folded("\u1100\u1161"), "가");
}

TEST(Fold, DropsSpacesAndPunctuation) {
  EXPECT_EQ(folded("吾輩は、猫　で\nある。 「名前」・は—まだ…無い！"),
            "吾輩は猫である名前はまだ無い");
  EXPECT_EQ(folded("10−5〜3～1~0-"), "105310");
  EXPECT_EQ(folded(" 、。\t\r\n"), "");
}

TEST(Fold, DropsWhatCannotBeSeen) {
  EXPECT_EQ(folded("zero\u200bwidth\u200d\ufeff\u00ad"), "zerowidth");
  EXPECT_EQ(folded("葛\U000E0100飾"), "葛飾");
  EXPECT_EQ(folded("\U000E0100"), "");
}

TEST(Fold, WritesOldKanjiAsNewOnes) {
  EXPECT_EQ(folded("舊字體の國會圖書館、龍之介の澁澤"), "旧字体の国会図書館竜之介の渋沢");
  EXPECT_EQ(folded("\uFA19\uF9DC"), "神隆");  // compatibility forms
}

TEST(KanjiForms, AreSortedPairsWithoutChains) {
  const auto pairs = kanji_forms();
  ASSERT_EQ(pairs.size() % 2, 0u);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (i > 0) {
      EXPECT_LT(pairs[i - 2], pairs[i]);
    }
    EXPECT_EQ(new_kanji_form(pairs[i]), pairs[i + 1]);
    EXPECT_EQ(new_kanji_form(pairs[i + 1]), pairs[i + 1]);  // folding twice changes nothing
  }
  EXPECT_EQ(new_kanji_form(U'猫'), U'猫');
  EXPECT_EQ(new_kanji_form(0x10FFFF), char32_t{0x10FFFF});
}

TEST(Fold, MapsBackToTheOriginal) {
  const std::string text = "Ａ、ｶﾞ ㌔x";
  const FoldedText fold = Folder().fold(text);
  ASSERT_EQ(fold.text, "aガキロx");
  const auto original = [&](std::string_view part) {
    const size_t at = fold.text.find(part);
    const auto range = fold.original(at, at + part.size());
    return text.substr(range.begin, range.end - range.begin);
  };
  EXPECT_EQ(original("a"), "Ａ");
  EXPECT_EQ(original("ガ"), "ｶﾞ");
  EXPECT_EQ(original("aガ"), "Ａ、ｶﾞ");
  EXPECT_EQ(original("ロ"), "㌔");  // taken whole
  EXPECT_EQ(original("ガキロx"), "ｶﾞ ㌔x");
  EXPECT_EQ(fold.original(3, 3).end, 0u);
}

/// The oracle: pieces tile the text, each folds by itself, and together they fold as the whole
/// does.
TEST(Fold, PiecesFoldAsTheWholeDoes) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> letters = {
      "a",      "Ａ", "ﾊ",  "ﾞ",      "ﾟ",      "は",         "\u3099",    "\u0301",
      "e",      "國", "。", " ",      "\u200b", "\U000E0100", "\u1100",    "\u1161",
      "\u11a8", "㌔", "ß",  "\ufdfa", "1",      "😀",          "\U00030000"};
  Folder folder;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (uint64_t n = random() % 12; n > 0; --n) text += letters[random() % letters.size()];
    const FoldedText whole = folder.fold(text);
    size_t at = 0;
    std::string joined;
    folder.for_each_piece(text, [&](const FoldedPiece& piece) {
      EXPECT_EQ(piece.byte_begin, at);
      at = piece.byte_end;
      const std::string alone =
          Folder().fold(text.substr(piece.byte_begin, piece.byte_end - piece.byte_begin)).text;
      EXPECT_EQ(alone, piece.dropped ? "" : piece.folded);
      joined += alone;
    });
    EXPECT_EQ(at, text.size());
    EXPECT_EQ(joined, whole.text);
  }
}

TEST(Fold, CutsPilesOfAccents) {
  std::string text = "a";
  for (int i = 0; i < 100'000; ++i) text += "\u0301";
  EXPECT_LT(folded(text).size(), 2000u);
}

}  // namespace
}  // namespace yurai
