#include "yurai/corpus/sample_text.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace yurai {
namespace {

TEST(SampleText, UnwrapsALineWhoseNextWordWouldNotHaveFitted) {
  EXPECT_EQ(unwrap_lines("A line that is quite full\nof words, and its end.", 26),
            "A line that is quite full of words, and its end.");
}

TEST(SampleText, KeepsALineThatEndsEarly) {
  const std::string text = "Short line\nnext line of the text";
  EXPECT_EQ(unwrap_lines(text, 60), text);
}

TEST(SampleText, KeepsTablesListsAndCode) {
  for (const std::string text : {
           "name of the first one     value that is long\nname of the second       value of this",
           "- an item which is as long as the line can be\n- another item of the list",
           "if (condition_that_is_long && other_condition) {\n  call();\n}",
       }) {
    EXPECT_EQ(unwrap_lines(text, 46), text);
  }
}

TEST(SampleText, CountsTabsAsColumns) {
  EXPECT_EQ(columns("\tab\tc"), 17u);
  EXPECT_EQ(unwrap_lines("\t\t\tindented text of a help\n\t\t\tpage goes on", 48),
            "\t\t\tindented text of a help page goes on");
}

ExtractedText page(std::vector<Paragraph> paragraphs) { return {"", "", std::move(paragraphs)}; }

TEST(SampleText, KeepsARepeatedParagraphInItsFirstDocumentOnly) {
  const std::string footer = "Copyright 2020 by the authors of this manual";
  std::vector<ExtractedText> pages;
  for (int i = 0; i < 12; ++i) {
    pages.push_back(page({{"Page number " + std::to_string(i) + " says something"}, {footer}}));
  }
  drop_repeats(pages);
  EXPECT_EQ(pages[0].paragraphs.size(), 2u);
  for (int i = 1; i < 12; ++i) EXPECT_EQ(pages[static_cast<size_t>(i)].paragraphs.size(), 1u);
}

TEST(SampleText, DropsAManualOnOnePageBesideItsChapters) {
  std::vector<ExtractedText> pages = {
      page({{"Chapter one of the manual"}, {"Chapter two of the manual"}, {"Top"}}),
      page({{"Chapter one of the manual"}}), page({{"Chapter two of the manual"}}),
      page({{"Chapter two of the manual"}, {"and what only this page says"}})};
  drop_copies(pages);
  EXPECT_TRUE(pages[0].paragraphs.empty());
  EXPECT_EQ(pages[1].paragraphs.size(), 1u);
  EXPECT_TRUE(pages[2].paragraphs.empty());
  EXPECT_EQ(pages[3].paragraphs.size(), 2u);
}

TEST(SampleText, KeepsTheFirstOfTwoCopies) {
  std::vector<ExtractedText> pages = {page({{"the same"}, {"text"}}),
                                      page({{"the same"}, {"text"}})};
  drop_copies(pages);
  EXPECT_FALSE(pages[0].paragraphs.empty());
  EXPECT_TRUE(pages[1].paragraphs.empty());
}

TEST(SampleText, DropsAHeadingWithNothingLeftBelowIt) {
  std::vector<ExtractedText> pages;
  for (int i = 0; i < 12; ++i) {
    pages.push_back(page({{"NAME", true},
                          {"page number " + std::to_string(i) + " says something"},
                          {"COLOPHON", true},
                          {"This page is part of release 6.03 of the project"},
                          {"SEE ALSO", true},
                          {"other page number " + std::to_string(i)}}));
  }
  drop_repeats(pages);
  EXPECT_EQ(join(pages[5].paragraphs),
            "NAME\n\npage number 5 says something\n\nSEE ALSO\n\nother page number 5");
}

TEST(SampleText, KeepsWhatOnlyAFewDocumentsShare) {
  std::vector<ExtractedText> pages;
  for (int i = 0; i < 8; ++i) pages.push_back(page({{"No permission to open this file"}}));
  drop_repeats(pages);
  for (const ExtractedText& text : pages) EXPECT_EQ(text.paragraphs.size(), 1u);
}

}  // namespace
}  // namespace yurai
