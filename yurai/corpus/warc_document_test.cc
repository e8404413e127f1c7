#include "yurai/corpus/warc_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "yurai/base/file.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/compressed_testing.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/corpus_builder.h"
#include "yurai/corpus/warc_testing.h"

namespace yurai {
namespace {

using testing::gzip;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::warc_page;
using testing::warc_record;

constexpr std::string_view kArticle =
    "<html><head><title>猫の話</title></head><body><nav><a href=/>Home</a></nav><article><h1>吾輩は"
    "猫である</h1><p>吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。</p></"
    "article>"
    "<div class=\"cookie banner\">We use cookies</div><footer>(c)</footer></body></html>";

class WarcDocument : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }

  Result<CorpusSummary> build(const std::string& name, const CorpusBuildOptions& options = {}) {
    std::filesystem::remove_all(dir_ / "corpus");
    YURAI_ASSIGN(const InputList inputs, list_inputs({dir_ / name}));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir_ / "corpus", {}));
    YURAI_ASSIGN(CorpusSummary summary, build_corpus(inputs, options, stage, no_progress));
    YURAI_TRY(stage.commit());
    return summary;
  }

  std::string rejects() { return read_file(dir_ / "corpus/rejects.jsonl").value(); }
  Document document(uint64_t number) {
    return Corpus::open(dir_ / "corpus")->document(number).value();
  }

  TemporaryDirectory dir_;
};

TEST_F(WarcDocument, APageBecomesADocument) {
  const std::string info = warc_record("warcinfo", "", "software: x\r\n");
  const std::string request = warc_record("request", "", "GET / HTTP/1.1\r\n\r\n");
  put("a.warc.gz", gzip(info) + gzip(request) + gzip(warc_page("http://a.example/", kArticle)));
  const auto summary = build("a.warc.gz", {.defaults = {.source = "crawl"}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->documents, 1U);
  EXPECT_EQ(summary->rejected, 0U) << rejects();
  const Document found = document(0);
  EXPECT_EQ(found.id, "urn:http://a.example/");
  EXPECT_EQ(found.url, "http://a.example/");
  EXPECT_EQ(found.date, "2024-05-06T07:08:09Z");
  EXPECT_EQ(found.lang, "ja");
  EXPECT_EQ(found.source, "crawl");
  EXPECT_EQ(found.title, "猫の話");
  EXPECT_EQ(found.text,
            "吾輩は猫である\n\n吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。");
}

TEST_F(WarcDocument, WhatIsNoPageIsListedAndDoesNotStopStrict) {
  const std::string first = warc_page("http://a.example/", kArticle);
  put("a.warc", first + warc_page("http://b.example/", kArticle, "text/html", "404 Not Found") +
                    warc_page("http://c.example/", "\x89PNG", "image/png") +
                    warc_page("http://d.example/", "<body><script>x</script></body>"));
  const auto summary = build("a.warc", {.strict = true});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->documents, 1U);
  EXPECT_EQ(summary->rejected, 3U);
  EXPECT_THAT(rejects(), HasSubstr(fmt::format(R"({{"file":"a.warc","record":2,"byte":{},)"
                                               R"("reason":"HTTP status 404"}})",
                                               first.size())));
  EXPECT_THAT(rejects(), HasSubstr(R"("record":3)"));
  EXPECT_THAT(rejects(), HasSubstr(R"("reason":"media type 'image/png'")"));
  EXPECT_THAT(rejects(), HasSubstr(R"("reason":"a page without text")"));
}

TEST_F(WarcDocument, WhatIsBrokenIsListedAndStopsStrict) {
  put("a.warc", warc_page("http://a.example/", kArticle) +
                    warc_record("response", "WARC-Target-URI: http://b.example/\r\n", "no HTTP") +
                    "garbage\r\n\r\n" + warc_page("http://c.example/", kArticle));
  const auto summary = build("a.warc");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->documents, 2U);
  EXPECT_EQ(summary->rejected, 2U);
  EXPECT_THAT(rejects(), HasSubstr("no HTTP response: it does not begin with HTTP/"));
  EXPECT_THAT(rejects(), HasSubstr("no WARC record begins here"));
  const auto strict = build("a.warc", {.strict = true});
  ASSERT_FALSE(strict);
  EXPECT_THAT(strict.error().message, HasSubstr("a.warc', record 2 (byte "));
}

TEST_F(WarcDocument, ATruncatedArchiveIsAnErrorThatLeavesNothing) {
  const std::string whole = warc_page("http://a.example/", kArticle);
  put("a.warc", whole + whole.substr(0, 300));
  const auto cut = build("a.warc");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(cut.error().message, HasSubstr("(decompressed): the file is cut off here"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "corpus"));
  put("b.warc.gz", gzip(whole) + gzip(whole).substr(0, 100));
  EXPECT_THAT(build("b.warc.gz").error().message, HasSubstr("the file is cut off here"));
}

TEST_F(WarcDocument, ReadsOldEncodingsPlainTextAndConversions) {
  put("a.warc",
      warc_page("http://a.example/", "<p>\x82\xb1\x82\xea\x82\xcd\x94\x4c\x82\xc5\x82\xb7</p>",
                "text/html; charset=Shift_JIS") +
          warc_page("http://b.example/", "<meta charset=EUC-JP><p>\xC7\xAD\xA4\xC7\xA4\xB9</p>",
                    "text/html") +
          warc_page("http://c.example/", "line\r\nline", "text/plain") +
          warc_page("http://d.example/", "<p>said nothing</p>", "") +
          warc_record("conversion",
                      "WARC-Target-URI: <http://e.example/>\r\nContent-Type: text/plain\r\n",
                      "converted"));
  const auto summary = build("a.warc");
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(summary->documents, 5U) << rejects();
  EXPECT_EQ(document(0).text, "これは猫です");
  EXPECT_EQ(document(1).text, "猫です");
  EXPECT_EQ(document(2).text, "line\r\nline");
  EXPECT_EQ(document(3).text, "said nothing");
  EXPECT_EQ(document(4).text, "converted");
  EXPECT_EQ(document(4).id, "http://e.example/");
}

TEST_F(WarcDocument, KeepsTheTextOfFormsAndOfAnArticlesHeader) {
  put("a.warc", warc_page("http://a.example/",
                          "<body><header>site</header><form><label>Name</label>"
                          "<article><header><h1>Title</h1></header><p>The text of the "
                          "page.</p></article></form><ul class='sns'><li>x</ul></body>"));
  ASSERT_TRUE(build("a.warc"));
  EXPECT_EQ(document(0).text, "Title\n\nThe text of the page.");
}

TEST_F(WarcDocument, TheSameArchiveGivesTheSameCorpus) {
  std::string bytes;
  for (int i = 0; i < 50; ++i)
    bytes += warc_page("http://a.example/" + std::to_string(i), kArticle);
  put("a.warc", bytes);
  const std::string hash = build("a.warc")->corpus_sha256;
  EXPECT_EQ(build("a.warc")->corpus_sha256, hash);
}

}  // namespace
}  // namespace yurai
