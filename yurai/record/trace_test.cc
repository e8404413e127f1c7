#include "yurai/record/trace.h"

#include <gtest/gtest.h>

namespace yurai {
namespace {

TEST(Trace, PrintsUnknownFieldsAsNullAndKeepsTheOrderOfKeys) {
  Trace trace;
  trace.text = "日本";
  Span span;
  span.text = "日";
  span.documents.emplace_back().document.id = "a";
  trace.spans.push_back(span);
  trace.credits.push_back({"", "CC0-1.0", 0.5, 1});
  EXPECT_EQ(
      dump_json(to_json(trace)),
      R"({"text":"日本","coverage":0.0,"uncovered_share":1.0,"points":"char","spans":[{"byte_begin":0,)"
      R"("byte_end":0,"char_begin":0,"char_end":0,"text":"日","count":0,"score":0.0,)"
      R"("chance_per_10k":0.0,"documents_total":0,"credit_truncated":false,"documents":[{"id":"a",)"
      R"("byte_begin":0,"byte_end":0,"before":"","match":"","after":"","title":null,"source":null,)"
      R"("license":null,"author":null,"url":null,"date":null,"lang":null}]}],"credits":[{"source":null,)"
      R"("license":"CC0-1.0","share":0.5,"documents":1}],"index":{"corpus_sha256":"","documents":0,"bytes":0}})");
}

}  // namespace
}  // namespace yurai
