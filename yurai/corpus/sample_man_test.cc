#include "yurai/corpus/sample_man.h"

#include <gmock/gmock.h>

#include <string>

#include "yurai/base/file.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

class SampleMan : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!run_process({"mandoc", "-T", "lint", "/dev/null"})) {
      GTEST_SKIP() << "mandoc is missing: apt-get install mandoc";
    }
  }

  ExtractedText extract(std::string_view roff) {
    EXPECT_TRUE(write_file(folder_ / "page.1", roff));
    const Result<ExtractedText> text = extract_man_page(folder_ / "page.1");
    EXPECT_TRUE(text);
    return text ? *text : ExtractedText{};
  }

  testing::TemporaryDirectory folder_;
};

TEST_F(SampleMan, ReadsTitleHeadingsAndParagraphs) {
  const ExtractedText text = extract(
      ".TH LS 1 2020-01-01\n.SH NAME\nls \\- list\n.SH DESCRIPTION\nLists\n.B all\nfiles.\n.PP\n"
      "Sorted.\n.TP\n.B \\-a\nAll of them.\n");
  EXPECT_EQ(text.title, "LS(1)");
  EXPECT_EQ(join(text.paragraphs),
            "NAME\n\nls - list\n\nDESCRIPTION\n\nLists all files.\n\nSorted.\n\n-a\nAll of them.");
}

TEST_F(SampleMan, JoinsJapaneseLines) {
  const ExtractedText text =
      extract(".TH LS 1 2020-01-01\n.SH 説明\nこのコマンドは\nファイルを表示する。\n.B ls\nとは\n");
  EXPECT_EQ(join(text.paragraphs), "説明\n\nこのコマンドはファイルを表示する。ls とは");
}

TEST_F(SampleMan, KeepsTheLinesOfExamples) {
  const ExtractedText text =
      extract(".TH A 1 2020-01-01\n.SH EXAMPLE\n.nf\nint a;\n    int b;\n.fi\nEnd.\n");
  EXPECT_EQ(join(text.paragraphs), "EXAMPLE\n\nint a;\n    int b;\n\nEnd.");
}

TEST_F(SampleMan, KeepsTheNoticeAtTheTop) {
  EXPECT_THAT(extract(".\\\" Copyright 2020 中野\n.TH A 1 2020-01-01\n.SH NAME\na\n").notice,
              ::testing::HasSubstr("Copyright 2020 中野"));
}

TEST_F(SampleMan, GivesNothingForALinkToAnotherPage) {
  EXPECT_TRUE(extract(".so man1/absent.1\n").paragraphs.empty());
}

TEST_F(SampleMan, SurvivesWhatIsNoManPage) {
  (void)extract(std::string("\0\xff\xfe.TH\n.de x\n.x\n..\n.x\n", 21));
  (void)extract("");
}

}  // namespace
}  // namespace yurai
