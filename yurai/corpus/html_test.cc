#include "yurai/corpus/html.h"

#include <gmock/gmock.h>

#include <random>
#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> texts(std::string_view html, HtmlKind kind = HtmlKind::kPage) {
  std::vector<std::string> out;
  for (const Paragraph& paragraph : extract_html(html, kind).paragraphs) {
    out.push_back(paragraph.text);
  }
  return out;
}

TEST(Html, KeepsParagraphsAndCollapsesSpace) {
  EXPECT_THAT(texts("<p>One\n  <b>two</b>&nbsp;three.</p><p>Four.</p>"),
              ElementsAre("One two three.", "Four."));
}

TEST(Html, TakesTheTitle) {
  EXPECT_EQ(extract_html("<title> A\n B </title><p>x</p>", HtmlKind::kPage).title, "A B");
}

TEST(Html, JoinsJapaneseLinesWithoutASpace) {
  EXPECT_THAT(texts("<p>吾輩は\n猫である。\nName は\nまだ 無い。</p>"),
              ElementsAre("吾輩は猫である。Name はまだ 無い。"));
}

TEST(Html, TakesEverySpaceBetweenJapaneseInAManPageForALineBreak) {
  EXPECT_THAT(texts("<p>吾輩は 猫である。 <b>ls</b> は、 次を</p>", HtmlKind::kManualPage),
              ElementsAre("吾輩は猫である。ls は、次を"));
}

TEST(Html, LeavesOutNavigationScriptsAndTablesOfContents) {
  EXPECT_THAT(texts("<body><nav>a</nav><div class='x navheader'>b</div><script>c</script>"
                    "<ul id=toc><li>d</ul><style>e</style><form>f</form><header>g</header>"
                    "<div role=navigation>h</div><p style='display:none'>i</p><p>text</p>"
                    "<div class=footer>j</div></body>"),
              ElementsAre("text"));
}

TEST(Html, LeavesOutParagraphsThatAreOnlyLinks) {
  EXPECT_THAT(texts("<p><a href=b.html>Next page</a></p><p>See <a href=b.html>this</a> and "
                    "that.</p><p><a href='#x'>kept</a></p>"),
              ElementsAre("See this and that.", "kept"));
}

TEST(Html, KeepsTheLinesOfPreformattedText) {
  EXPECT_THAT(texts("<p>Run:</p><pre>\n  a  b\n    c\n</pre><p>Done.</p>"),
              ElementsAre("Run:", "  a  b\n    c", "Done."));
}

TEST(Html, MarksHeadingsAndItems) {
  const auto found =
      extract_html("<h2>H</h2><p>a</p><ul><li>b</li><li>c</li></ul><p>d</p>", HtmlKind::kPage);
  EXPECT_TRUE(found.paragraphs[0].heading);
  EXPECT_EQ(join(found.paragraphs), "H\n\na\n\nb\nc\n\nd");
}

TEST(Html, SeparatesTheCellsOfARow) {
  EXPECT_THAT(texts("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"),
              ElementsAre("a\tb", "c\td"));
}

TEST(Html, UnwrapsPreformattedProse) {
  const std::string line =
      "This line of the manual is wrapped at a fixed width of about eighty columns,";
  const std::string prose = line + "\nand goes on.";
  EXPECT_THAT(texts("<pre>" + prose + "\n\nint a;\nint b;</pre>", HtmlKind::kWrapped),
              ElementsAre(line + " and goes on.", "int a;\nint b;"));
}

TEST(Html, ReadsTheEncodingThatThePageDeclares) {
  EXPECT_THAT(texts("<meta charset=EUC-JP><p>\xC7\xAD\xA4\xC7\xA4\xB9</p>"), ElementsAre("猫です"));
}

TEST(Html, BelievesUtf8OverADeclaration) {
  EXPECT_THAT(texts("<meta charset=EUC-JP><p>猫</p>"), ElementsAre("猫"));
}

TEST(Html, LeavesOutInvisibleCharacters) {
  EXPECT_THAT(texts("<p>a\u00adb\u200bc\u202ed\x1b[0m</p>"), ElementsAre("abcd[0m"));
}

TEST(Html, KeepsTheCommentsBeforeTheText) {
  EXPECT_THAT(
      extract_html("<!-- Copyright 2020 X --><html><body><!-- no --><p>a</p>", HtmlKind::kPage)
          .notice,
      ::testing::HasSubstr("Copyright 2020 X"));
}

TEST(Html, SurvivesDeepNesting) {
  std::string html;
  for (int i = 0; i < 100; ++i) html += "<div>";
  EXPECT_THAT(texts(html + "deep"), ElementsAre("deep"));
  for (int i = 0; i < 20'000; ++i) html += "<div><b>";
  (void)texts(html + "too deep for the parser, perhaps");
}

TEST(Html, SurvivesHugeEntitiesAndAttributes) {
  const std::string huge(1'000'000, 'x');
  (void)texts("<p>&" + huge + ";</p><p>a</p>");
  (void)texts("<p class='" + huge + "'>a</p><" + huge + ">");
  (void)texts("<!DOCTYPE a [<!ENTITY b '" + huge + "'>]><p>&b;&b;&#x110000;&#0;</p>");
}

TEST(Html, GivesValidUtf8ForAnyBytes) {
  std::mt19937_64 random(testing::test_seed());
  const std::vector<std::string> pieces = {
      "<p>",      "</p>", "<pre>", "<td>",       "<table>", "&amp;", "&#x80", "猫", "\xff",
      "\xe3\x81", "<!--", "-->",   "<a href=x>", "</",      "\0x",   "<br>",  "\n", "a "};
  for (int round = 0; round < 2'000; ++round) {
    std::string html;
    for (uint64_t i = random() % 60; i > 0; --i) html += pieces[random() % pieces.size()];
    const HtmlKind kind = static_cast<HtmlKind>(random() % 4);
    const ExtractedText found = extract_html(html, kind);
    EXPECT_FALSE(find_invalid_utf8(join(found.paragraphs) + found.title + found.notice)) << html;
  }
}

TEST(Html, SaysWhereElementsAreNestedTooDeepToBeReadToTheEnd) {
  const auto nested = [](size_t depth) {
    std::string html = "<p>first</p>";
    for (size_t i = 0; i < depth; ++i) html += "<div>";
    html += "<p>deep</p>";
    for (size_t i = 0; i < depth; ++i) html += "</div>";
    return extract_html(html + "<p>last</p>", HtmlKind::kWeb);
  };
  EXPECT_FALSE(nested(200).too_deep);
  EXPECT_EQ(nested(200).paragraphs.size(), 3U);
  EXPECT_TRUE(nested(300).too_deep);
  EXPECT_FALSE(extract_html("<p>a &bad; <b><i>x</b></i> <div <p>", HtmlKind::kWeb).too_deep);
}

}  // namespace
}  // namespace yurai
