#include "yurai/curate/funnel.h"

#include <gtest/gtest.h>

#include <string>

#include "yurai/curate/report.h"

namespace yurai {
namespace {

DecisionRow row(const std::string& host, uint64_t bytes) {
  DecisionRow row;
  row.host = host;
  row.bytes = bytes;
  return row;
}

/// The sum over all groups and the rest.
uint64_t sum(const Json& groups, const char* key) {
  uint64_t all = groups["other"][key].get<uint64_t>();
  for (const Json& group : groups["groups"]) all += group[key].get<uint64_t>();
  return all;
}

TEST(Funnel, CountsNamesBeyondTheMostThatItKeepsAsOthersOfTheirKind) {
  Funnel funnel({}, 3);
  for (int i = 0; i < 10; ++i) funnel.add(row("d" + std::to_string(i % 5) + ".jp", 10));
  const Json summary = funnel.to_json();
  EXPECT_EQ(summary["hosts"]["names"], 3);
  EXPECT_EQ(summary["hosts"]["other"],
            Json({{"documents", 4}, {"bytes", 40}, {"kept", 4}, {"kept_bytes", 40}}));
  EXPECT_EQ(summary["licenses"]["other"]["documents"], 0);  // one name: none stated
  for (const char* kind : {"licenses", "sources", "languages", "hosts"}) {
    EXPECT_EQ(sum(summary[kind], "documents"), 10u) << kind;
    EXPECT_EQ(sum(summary[kind], "kept_bytes"), 100u) << kind;
  }
}

TEST(Funnel, TheReportShowsTheOthersAsALineOfTheirOwn) {
  Funnel funnel({}, 3);
  for (int i = 0; i < 5; ++i) funnel.add(row("d" + std::to_string(i) + ".jp", 10));
  const std::string report = report_html(Json::object(), funnel.to_json(), Json::array());
  EXPECT_NE(report.find("(others)"), std::string::npos);
  EXPECT_NE(report.find("（その他）"), std::string::npos);
  Funnel few({});
  few.add(row("a.jp", 1));
  EXPECT_EQ(report_html(Json::object(), few.to_json(), Json::array()).find("(others)"),
            std::string::npos);
}

}  // namespace
}  // namespace yurai
