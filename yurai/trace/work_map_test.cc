#include "yurai/trace/work_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/testing.h"
#include "yurai/trace/long_spans.h"
#include "yurai/trace/testing.h"

namespace yurai {
namespace {

using testing::TracedIndex;

/// Texts, and answers made of pieces of them and of other characters.
std::string patchwork(std::mt19937_64& random, const std::vector<std::string>& texts,
                      size_t num_pieces) {
  std::string answer;
  for (; num_pieces > 0; --num_pieces) {
    const std::string& text = texts[random() % texts.size()];
    const size_t begin = char_floor(text, random() % (text.size() + 1));
    const size_t end = char_floor(text, std::min(text.size(), begin + random() % 120));
    answer += text.substr(begin, end - begin);
    if (random() % 3 == 0) answer += testing::random_text(random, {"x", "猫", "y"}, random() % 5);
  }
  return answer;
}

/// The oracle: all maximal spans, and those that are long enough of them.
TEST(LongSpans, AreTheLongOnesOfAllMaximalSpans) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 6; ++round) {
    const testing::TemporaryDirectory dir;
    std::vector<std::string> texts;
    for (int i = 0; i < 8; ++i) {
      texts.push_back(testing::random_text(
          random, round % 2 == 0 ? testing::kTwoLetters : testing::kJapanese, 200));
    }
    const auto index = testing::write_index_of(dir.path(), texts).value();
    for (int i = 0; i < 15; ++i) {
      const std::string answer = patchwork(random, texts, random() % 12);
      auto all = maximal_spans(index, answer).value();
      const uint64_t min_bytes = 1 + random() % 40;
      std::erase_if(all, [&](const MaximalSpan& span) { return span.size() < min_bytes; });
      for (const int num_threads : {1, 2, 5}) {
        const auto some = long_spans(index, answer, min_bytes, num_threads).value();
        ASSERT_EQ(some.size(), all.size()) << answer;
        for (size_t n = 0; n < all.size(); ++n) {
          EXPECT_EQ(some[n].begin, all[n].begin);
          EXPECT_EQ(some[n].end, all[n].end);
          EXPECT_EQ(some[n].range.begin, all[n].range.begin);
          EXPECT_EQ(some[n].range.end, all[n].range.end);
        }
      }
    }
  }
}

const std::vector<Document> kDocuments = {
    {.id = "first", .text = "", .source = "a", .license = "CC0-1.0", .date = "1905-01"},
    {.id = "second", .text = "", .source = "b", .license = "MIT", .date = "1899"},
    {.id = "third", .text = "", .source = "b", .date = "no year"},
};

TEST(WorkMap, SaysWhatStandsWhereAndSinceWhen) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> kanji;
  for (char32_t c = 0x4E00; c < 0x4F00; ++c) append_char(c, kanji.emplace_back());
  const std::string work = testing::random_text(random, kanji, 2000);
  const std::string half = work.substr(0, 3000), quarter = work.substr(0, 1500);
  std::vector<Document> documents = kDocuments;
  documents[0].text = "前" + half;
  documents[1].text = quarter + "後";
  documents[2].text = testing::random_text(random, kanji, 300);
  const TracedIndex index(documents);
  const Tracer tracer = Tracer::open(index.index()).value();
  const WorkMap map = tracer.trace_work(work, {.num_cells = 10}).value();
  EXPECT_EQ(map.bytes, work.size());
  EXPECT_EQ(map.chars, 2000u);
  EXPECT_NEAR(map.share_found, 0.5, 0.02);
  ASSERT_EQ(map.cells.size(), 10u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(map.cells[i].share_found, i < 5 ? 1 : 0, 0.02) << i;
    EXPECT_EQ(map.cells[i].byte_begin, i == 0 ? 0 : map.cells[i - 1].byte_end);
  }
  ASSERT_EQ(map.documents.size(), 1u);  // the span of `second` lies in that of `first`
  EXPECT_EQ(map.documents[0].document.id, "first");
  EXPECT_EQ(map.documents[0].bytes, 3000u);
  EXPECT_EQ(map.num_copies, 1u);
  ASSERT_TRUE(map.earliest.has_value());
  EXPECT_EQ(map.earliest->document.id, "first");
  ASSERT_EQ(map.longest.size(), 1u);
  EXPECT_EQ(map.longest[0].text, half);
  ASSERT_EQ(map.credits.size(), 1u);
  EXPECT_EQ(map.credits[0].license, "CC0-1.0");
  EXPECT_EQ(to_json(map)["copies"], 1);

  // Two whole copies: the older one is the earliest known.
  documents[1].text = half;
  const TracedIndex copied(documents);
  const WorkMap twice = Tracer::open(copied.index())->trace_work(work, {}).value();
  EXPECT_EQ(twice.num_copies, 2u);
  EXPECT_EQ(twice.earliest->document.id, "second");
  EXPECT_EQ(twice.credits.size(), 2u);
}

/// Coverage, spans and credits are those of the trace with the same options.
TEST(WorkMap, AgreesWithTheTrace) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<Document> documents;
  std::vector<std::string> texts;
  for (int i = 0; i < 6; ++i) {
    texts.push_back(testing::random_text(random, testing::kJapanese, 400));
    documents.push_back({.id = std::to_string(i), .text = texts.back(), .source = "s"});
  }
  const TracedIndex index(documents);
  const Tracer tracer = Tracer::open(index.index()).value();
  for (int round = 0; round < 10; ++round) {
    const std::string work = patchwork(random, texts, 10);
    for (const double max_chance : {1.0, HUGE_VAL}) {
      const auto map =
          tracer.trace_work(work, {.max_chance = max_chance, .min_bytes = 1 + random() % 30})
              .value();
      const auto trace =
          tracer.trace(work, {.max_chance = max_chance, .min_bytes = map.num_spans == 0 ? 30u : 1u})
              .value();
      EXPECT_LE(map.num_spans, trace.spans.size());
      EXPECT_LE(map.share_found, trace.coverage + 1e-9);
    }
    const auto map = tracer.trace_work(work, {.min_bytes = 20}).value();
    const auto trace = tracer.trace(work, {.min_bytes = 20}).value();
    EXPECT_NEAR(map.share_found, trace.coverage, 1e-9);
    EXPECT_EQ(map.num_spans, trace.spans.size());
    ASSERT_EQ(map.credits.size(), trace.credits.size());
    for (size_t i = 0; i < map.credits.size(); ++i) {
      EXPECT_EQ(map.credits[i].share, trace.credits[i].share);
    }
  }
  const WorkMap nothing = tracer.trace_work("", {}).value();
  EXPECT_EQ(nothing.share_found, 0);
  EXPECT_TRUE(nothing.cells.empty());
  EXPECT_FALSE(tracer.trace_work("a\xff", {}).has_value());
}

}  // namespace
}  // namespace yurai
