#include <gmock/gmock.h>

#include "yurai/card/document_facts.h"
#include "yurai/card/license_expression.h"
#include "yurai/card/limits.h"
#include "yurai/card/markdown_text.h"
#include "yurai/card/members.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MarkdownEscape, LeavesNoMarkupNoHtmlAndNoLink) {
  EXPECT_EQ(markdown_escape("<script>&"), "&lt;script&gt;&amp;");
  EXPECT_EQ(markdown_escape("a|b`c*d_e"), "a\\|b\\`c\\*d\\_e");
  EXPECT_EQ(markdown_escape("[x](javascript:y)"), "\\[x\\](javascript\\:y)");
  EXPECT_EQ(markdown_escape("https://www.a.jp"), "https\\://www\\.a.jp");
  EXPECT_EQ(markdown_escape("a\nb\x1b[0m\u202e"), "a\\\\u000ab\\\\u001b\\[0m\\\\u202e");
  EXPECT_EQ(markdown_escape("- item"), "\\- item");
  EXPECT_EQ(markdown_escape("CC-BY-4.0"), "CC-BY-4.0");
}

TEST(IsoDate, IsWhatTheTextBeginsWith) {
  EXPECT_EQ(iso_date("2019-04-01T09:00:00Z"), "2019-04-01");
  EXPECT_EQ(iso_date("2019-04"), "2019-04");
  EXPECT_EQ(iso_date("2019-13-01"), "2019");
  EXPECT_EQ(iso_date("2019-04-321"), "2019-04");
  EXPECT_EQ(iso_date("1905年"), "1905");
  EXPECT_EQ(iso_date("20190401"), "");
  EXPECT_EQ(iso_date("明治38年"), "");
  EXPECT_EQ(iso_date("190"), "");
}

TEST(DocumentFacts, CountsSizesDatesAndDomains) {
  DocumentFacts facts;
  for (uint64_t size = 1; size <= 100; ++size) {
    facts.add({.id = "a",
               .text = std::string(size, 'x'),
               .url = size % 2 == 0 ? "https://a.example.jp/" : "",
               .date = size <= 10 ? "1905" : ""});
  }
  facts.add({.date = "soon"});
  const Json json = facts.finish(10);
  EXPECT_EQ(json["lengths"]["min"], 0);
  EXPECT_EQ(json["lengths"]["median"], 50);
  EXPECT_EQ(json["lengths"]["p90"], 90);
  EXPECT_EQ(json["lengths"]["max"], 100);
  EXPECT_EQ(json["dates"]["stated"], 10);
  EXPECT_EQ(json["dates"]["other_form"], 1);
  EXPECT_EQ(json["dates"]["years"][0]["bytes"], 55);
  EXPECT_EQ(json["domains"]["domains"], 1);
  EXPECT_EQ(json["domains"]["top"][0]["domain"], "example.jp");
  EXPECT_EQ(json["domains"]["top"][0]["documents"], 50);
  EXPECT_EQ(json["fields"]["id"], 100);
  EXPECT_EQ(json["fields"]["text"], 100);
}

TEST(LicenseExpression, CombinesAllAndNamesThoseThatSpdxDoesNotHave) {
  const Json licenses = {{"groups",
                          {{{"name", "MIT OR Apache-2.0"}, {"spdx", true}},
                           {{"name", "public domain"}, {"spdx", false}},
                           {{"name", "CC0-1.0"}, {"spdx", true}}}}};
  const CombinedLicense combined = combined_license(licenses);
  EXPECT_THAT(combined.expression, HasSubstr("(MIT OR Apache-2.0) AND LicenseRef-public-domain"));
  EXPECT_THAT(combined.expression, HasSubstr(" AND CC0-1.0"));
  ASSERT_EQ(combined.references.size(), 1u);
  EXPECT_EQ(combined.references[0].name, "public domain");
  EXPECT_THAT(license_urls("MIT OR Apache-2.0"),
              ElementsAre("https://spdx.org/licenses/Apache-2.0.html",
                          "https://spdx.org/licenses/MIT.html"));
  EXPECT_THAT(license_urls("GPL-2.0-only WITH Classpath-exception-2.0"),
              ElementsAre("https://spdx.org/licenses/GPL-2.0-only.html"));
}

TEST(Limits, AreSentencesInBothLanguages) {
  const LimitText text =
      limit_text({{"code", "licenses_missing"}, {"documents", 1234}, {"bytes", 5}});
  EXPECT_THAT(text.english, HasSubstr("1,234 documents (5 bytes)"));
  EXPECT_THAT(text.japanese, HasSubstr("1,234 件（5 バイト）"));
  EXPECT_EQ(limit_text({{"code", "of_tomorrow"}}).english, "of_tomorrow");
}

TEST(Members, OfAnotherTypeCountAsAbsent) {
  const Json json = {{"a", -1}, {"b", "x"}, {"c", 2}};
  EXPECT_EQ(count_of(json, "a"), 0u);
  EXPECT_EQ(count_of(json, "b"), 0u);
  EXPECT_EQ(count_of(json, "c"), 2u);
  EXPECT_EQ(text_of(json, "c"), "");
  EXPECT_TRUE(list_of(json, "b").empty());
  EXPECT_TRUE(object_of(Json(3), "b").empty());
}

}  // namespace
}  // namespace yurai
