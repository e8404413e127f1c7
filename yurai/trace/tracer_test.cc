#include "yurai/trace/tracer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "yurai/base/utf8.h"
#include "yurai/index/testing.h"
#include "yurai/trace/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::test_seed;
using testing::TracedIndex;

constexpr double kAll = HUGE_VAL;

std::vector<Document> documents_of(const std::vector<std::string>& texts) {
  std::vector<Document> documents;
  for (const std::string& text : texts) {
    const size_t i = documents.size();
    documents.push_back({.id = "d" + std::to_string(i),
                         .text = text,
                         .source = i % 3 == 0 ? "" : "source" + std::to_string(i % 3),
                         .license = i % 2 == 0 ? "MIT" : ""});
  }
  return documents;
}

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Where `text` begins in the document, as the index may see it.
std::vector<size_t> naive_places(std::string_view document, std::string_view text,
                                 PointMode points) {
  std::vector<size_t> places;
  for (size_t at = document.find(text); at != document.npos; at = document.find(text, at + 1)) {
    const bool inside_word = at > 0 && is_word_char(document[at - 1]) && is_word_char(document[at]);
    if (points == PointMode::kChar || !inside_word) places.push_back(at);
  }
  return places;
}

struct NaiveSpan {
  size_t begin, end, count = 0;
  std::set<size_t> documents;
};

/// Every part of the answer that some document holds and that lies in no longer such part.
std::vector<NaiveSpan> naive_spans(const std::vector<Document>& documents,
                                   const std::string& answer, PointMode points) {
  std::vector<NaiveSpan> spans;
  size_t reached = 0;
  for (size_t begin = 0; begin < answer.size(); begin += char_bytes(answer, begin)) {
    NaiveSpan best{begin, begin, 0, {}};
    for (size_t end = begin; end < answer.size();) {
      end += char_bytes(answer, end);
      NaiveSpan span{begin, end, 0, {}};
      for (size_t d = 0; d < documents.size(); ++d) {
        const auto places =
            naive_places(documents[d].text, answer.substr(begin, end - begin), points);
        span.count += places.size();
        if (!places.empty()) span.documents.insert(d);
      }
      if (span.count == 0) break;
      best = span;
    }
    if (best.end > std::max(begin, reached)) {
      reached = best.end;
      spans.push_back(best);
    }
  }
  return spans;
}

struct NaiveCredits {
  size_t covered = 0;
  std::map<std::pair<std::string, std::string>, std::pair<double, std::set<size_t>>> rows;
};

NaiveCredits naive_credits(const std::vector<Document>& documents, const std::string& answer,
                           const std::vector<NaiveSpan>& spans) {
  NaiveCredits credits;
  for (size_t byte = 0; byte < answer.size(); ++byte) {
    const NaiveSpan* best = nullptr;
    for (const NaiveSpan& span : spans) {
      if (byte < span.begin || byte >= span.end) continue;
      if (best == nullptr || span.end - span.begin > best->end - best->begin) best = &span;
    }
    if (best == nullptr) continue;
    ++credits.covered;
    for (const size_t d : best->documents) {
      auto& [share, of] = credits.rows[{documents[d].source, documents[d].license}];
      share += 1.0 / static_cast<double>(best->documents.size() * answer.size());
      of.insert(d);
    }
  }
  return credits;
}

void expect_as_naive(const TracedIndex& index, const std::vector<Document>& documents,
                     const std::string& answer) {
  SCOPED_TRACE("answer: " + answer);
  const std::vector<NaiveSpan> naive = naive_spans(documents, answer, index.index().points());
  const Trace all = index.trace(answer, {.max_chance = kAll}).value();
  std::map<size_t, const Span*> by_begin;
  for (const Span& span : all.spans) by_begin[span.byte_begin] = &span;
  ASSERT_EQ(by_begin.size(), naive.size());
  ASSERT_EQ(all.spans.size(), naive.size());
  for (const NaiveSpan& expected : naive) {
    ASSERT_EQ(by_begin.count(expected.begin), 1u);
    const Span& span = *by_begin[expected.begin];
    EXPECT_EQ(span.byte_end, expected.end);
    EXPECT_EQ(span.text, answer.substr(expected.begin, expected.end - expected.begin));
    EXPECT_EQ(span.char_begin, count_chars(answer.substr(0, expected.begin)));
    EXPECT_EQ(span.char_end, count_chars(answer.substr(0, expected.end)));
    EXPECT_EQ(span.count, expected.count);
    EXPECT_EQ(span.documents_total, expected.documents.size());
    ASSERT_EQ(span.documents.size(), std::min<size_t>(10, expected.documents.size()));
    std::set<size_t> shown;
    for (const Occurrence& occurrence : span.documents) {
      EXPECT_TRUE(shown.insert(occurrence.document_number).second);
      EXPECT_EQ(expected.documents.count(occurrence.document_number), 1u);
      EXPECT_EQ(occurrence.match, span.text);
      EXPECT_EQ(documents[occurrence.document_number].text.substr(
                    occurrence.byte_begin, occurrence.byte_end - occurrence.byte_begin),
                span.text);
    }
  }
  for (const double max_chance : {kAll, 100.0, 1.0}) {
    const Trace trace = index.trace(answer, {.max_chance = max_chance}).value();
    std::vector<NaiveSpan> significant;
    for (const NaiveSpan& span : naive) {
      if (by_begin[span.begin]->chance_per_10k <= max_chance) significant.push_back(span);
    }
    ASSERT_EQ(trace.spans.size(), significant.size());
    const NaiveCredits expected = naive_credits(documents, answer, significant);
    ASSERT_EQ(trace.credits.size(), expected.rows.size());
    double sum = trace.uncovered_share;
    for (const Credit& credit : trace.credits) {
      const auto row = expected.rows.find({credit.source, credit.license});
      ASSERT_NE(row, expected.rows.end());
      EXPECT_NEAR(credit.share, row->second.first, 1e-12);
      EXPECT_EQ(credit.documents, row->second.second.size());
      sum += credit.share;
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_NEAR(trace.coverage + trace.uncovered_share, 1, 1e-12);
    if (!answer.empty()) {
      EXPECT_NEAR(trace.coverage,
                  static_cast<double>(expected.covered) / static_cast<double>(answer.size()),
                  1e-12);
    }
  }
}

std::string slice(const std::string& text, std::mt19937_64& random, size_t max_chars) {
  if (text.empty()) return "";
  const size_t begin = char_floor(text, random() % text.size());
  return std::string(first_chars(std::string_view(text).substr(begin), random() % max_chars));
}

class TracerAgainstNaive : public ::testing::TestWithParam<PointMode> {};

TEST_P(TracerAgainstNaive, AgreesOnRandomTexts) {
  std::mt19937_64 random(test_seed());
  for (const auto& alphabet : {testing::kTwoLetters, testing::kWords, testing::kJapanese}) {
    for (int round = 0; round < 6; ++round) {
      std::vector<std::string> texts;
      for (size_t i = 0; i < 1 + random() % 8; ++i) {
        texts.push_back(testing::random_text(random, alphabet, random() % 120));
      }
      const std::vector<Document> documents = documents_of(texts);
      const TracedIndex index(documents, GetParam());
      for (int i = 0; i < 6; ++i) {
        std::string answer = testing::random_text(random, alphabet, random() % 30);
        answer += slice(texts[random() % texts.size()], random, 60);
        answer += testing::random_text(random, alphabet, random() % 10);
        answer += slice(texts[random() % texts.size()], random, 60);
        expect_as_naive(index, documents, answer);
      }
    }
  }
}

TEST_P(TracerAgainstNaive, AgreesOnLongCopiesAndRepetition) {
  std::mt19937_64 random(test_seed() + 1);
  std::string repeated;
  for (int i = 0; i < 60; ++i) repeated += "the same words, ";
  const std::string letters = testing::random_text(random, testing::kWords, 900);
  const std::string japanese = testing::random_text(random, testing::kJapanese, 400);
  const std::vector<Document> documents =
      documents_of({repeated, letters, japanese, letters.substr(0, char_floor(letters, 500)),
                    std::string(300, 'a'), std::string(200, ' ') + "a"});
  const TracedIndex index(documents, GetParam());
  for (const std::string& answer :
       {repeated + repeated, letters + japanese, "x" + letters + "x" + letters,
        japanese + std::string(290, 'a') + repeated, std::string(310, 'a'),
        letters.substr(char_floor(letters, 300)) + letters}) {
    expect_as_naive(index, documents, answer);
  }
}

INSTANTIATE_TEST_SUITE_P(BothPoints, TracerAgainstNaive,
                         ::testing::Values(PointMode::kChar, PointMode::kWord),
                         [](const auto& test) { return std::string(name(test.param)); });

const std::vector<Document>& small_corpus() {
  static const std::vector<Document> documents = {
      {.id = "neko",
       .text = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
       .source = "青空",
       .license = "PD"},
      {.id = "gpl",
       .text = "This program is free software: you can redistribute it and/or modify it.",
       .source = "gnu",
       .license = "GPL-3.0-or-later"},
      {.id = "again", .text = "He wrote: 名前はまだ無い。どこで生れたか, and stopped."}};
  return documents;
}

TEST(Tracer, FindsSpansAtBothEndsOfTheAnswer) {
  const TracedIndex index(small_corpus());
  const std::string answer =
      "名前はまだ無い。どこで生れたか？？？redistribute it and/or modify it.";
  const Trace trace = index.trace(answer, {.max_chance = kAll, .min_bytes = 20}).value();
  ASSERT_EQ(trace.spans.size(), 2u);
  std::set<std::pair<uint64_t, uint64_t>> ends;
  for (const Span& span : trace.spans) ends.emplace(span.byte_begin, span.byte_end);
  EXPECT_EQ(ends.begin()->first, 0u);
  EXPECT_EQ(ends.rbegin()->second, answer.size());
}

TEST(Tracer, RanksSpansByScoreAndDocumentsByWhatTheyHoldAndWhatIsKnown) {
  const TracedIndex index(small_corpus());
  const Trace trace =
      index.trace("名前はまだ無い。どこで生れたか", {.max_chance = kAll, .min_bytes = 20}).value();
  ASSERT_EQ(trace.spans.size(), 1u);
  EXPECT_EQ(trace.spans[0].documents_total, 2u);
  ASSERT_EQ(trace.spans[0].documents.size(), 2u);
  // Both hold the span and nothing else; only one says whence and under which licence.
  EXPECT_EQ(trace.spans[0].documents[0].document.id, "neko");
  const Trace more =
      index.trace("名前はまだ無い。どこで生れたか, and stopped.", {.max_chance = kAll}).value();
  for (size_t i = 1; i < more.spans.size(); ++i) {
    EXPECT_GE(more.spans[i - 1].score, more.spans[i].score);
  }
  EXPECT_EQ(more.spans[0].documents[0].document.id, "again");
}

TEST(Tracer, MaxDocumentsNeverChangesTheCredits) {
  const TracedIndex index(small_corpus());
  const std::string answer = "名前はまだ無い。どこで生れたか";
  const Trace none = index.trace(answer, {.max_chance = kAll, .max_documents = 0}).value();
  const Trace many = index.trace(answer, {.max_chance = kAll, .max_documents = 100}).value();
  EXPECT_TRUE(none.spans[0].documents.empty());
  ASSERT_EQ(none.credits.size(), many.credits.size());
  for (size_t i = 0; i < none.credits.size(); ++i) {
    EXPECT_EQ(none.credits[i].share, many.credits[i].share);
    EXPECT_EQ(none.credits[i].documents, many.credits[i].documents);
  }
}

TEST(Tracer, SharesCreditAmongTheFirstThousandDocuments) {
  std::vector<Document> documents;
  for (int i = 0; i < 1200; ++i) {
    documents.push_back({.id = std::to_string(i),
                         .text = "全ての文書に在る一文です。",
                         .source = i < 900 ? "first" : "second",
                         .license = "CC0-1.0"});
  }
  const TracedIndex index(documents);
  const Trace trace =
      index.trace("全ての文書に在る一文です。", {.max_chance = kAll, .max_documents = 3}).value();
  ASSERT_EQ(trace.spans.size(), 1u);
  EXPECT_EQ(trace.spans[0].count, 1200u);
  EXPECT_EQ(trace.spans[0].documents_total, 1200u);
  EXPECT_TRUE(trace.spans[0].credit_truncated);
  EXPECT_EQ(trace.spans[0].documents.size(), 3u);
  ASSERT_EQ(trace.credits.size(), 2u);
  EXPECT_NEAR(trace.credits[0].share, 0.9, 1e-12);
  EXPECT_EQ(trace.credits[0].documents, 900u);
  EXPECT_EQ(trace.credits[1].documents, 100u);
}

TEST(Tracer, CountsTheDocumentsOfSpansThatOccurVeryOften) {
  std::vector<Document> documents;
  for (int i = 0; i < 1500; ++i) {
    // Rank order is not that of documents: what follows the span descends.
    documents.push_back({.id = std::to_string(i),
                         .text = std::string(100, 'x') + std::to_string(9999 - i),
                         .source = i < 500 ? "first" : "second"});
  }
  const TracedIndex index(documents);
  const Trace trace = index.trace("x.x.x", {.max_chance = kAll, .max_documents = 3}).value();
  ASSERT_EQ(trace.spans.size(), 3u);
  for (const Span& span : trace.spans) {
    EXPECT_EQ(span.count, 150000u);  // read in several parts
    EXPECT_EQ(span.documents_total, 1500u);
    EXPECT_TRUE(span.credit_truncated);
    ASSERT_EQ(span.documents.size(), 3u);
    EXPECT_EQ(span.documents[0].document.id, "0");
    EXPECT_EQ(span.documents[0].before, "");  // the first occurrence in the document
  }
  ASSERT_EQ(trace.credits.size(), 2u);
  EXPECT_EQ(trace.credits[0].documents, 500u);
  EXPECT_EQ(trace.credits[1].documents, 500u);
}

TEST(Tracer, AnEmptyAnswerIsUncovered) {
  const TracedIndex index(small_corpus());
  const Trace trace = index.trace("", {.max_chance = kAll}).value();
  EXPECT_EQ(trace.coverage, 0);
  EXPECT_EQ(trace.uncovered_share, 1);
  EXPECT_TRUE(trace.spans.empty());
  EXPECT_TRUE(trace.credits.empty());
}

TEST(Tracer, NamesTheByteThatIsNotUtf8) {
  const TracedIndex index(small_corpus());
  const auto trace = index.trace("吾輩\xff");
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(trace.error().message, HasSubstr("byte 6"));
}

TEST(Tracer, RefusesAChanceThatIsNoNumber) {
  const TracedIndex index(small_corpus());
  EXPECT_FALSE(index.trace("a", {.max_chance = NAN}));
  EXPECT_FALSE(index.trace("a", {.max_chance = -1}));
}

TEST(Tracer, TakesNulAsAnyOtherCharacter) {
  const std::vector<Document> documents = documents_of({std::string("ab\0cd\0\0ef", 9), "abcdef"});
  const TracedIndex index(documents);
  expect_as_naive(index, documents, std::string("b\0cd\0\0e\0\0\0", 10));
}

TEST(Tracer, WorksOnCorporaOfNothingOneByteAndOneDocument) {
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{}, {""}, {"a"}, {"", "", ""}, {"吾輩は猫である。"}}) {
    const std::vector<Document> documents = documents_of(texts);
    const TracedIndex index(documents);
    expect_as_naive(index, documents, "a 吾輩は猫である。 b");
    const Trace trace = index.trace("a 吾輩は猫", {.max_chance = kAll}).value();
    for (const Span& span : trace.spans) {
      EXPECT_TRUE(std::isfinite(span.score));
      EXPECT_GT(span.chance_per_10k, 0);
    }
  }
}

TEST(Tracer, TheSameInputGivesTheSameBytes) {
  const TracedIndex a(small_corpus()), b(small_corpus());
  const std::string answer = "名前はまだ無い。どこで生れたか it and/or modify";
  EXPECT_EQ(dump_json(to_json(a.trace(answer, {.max_chance = kAll}).value())),
            dump_json(to_json(b.trace(answer, {.max_chance = kAll}).value())));
  for (const std::string_view file : {"null_model.bin", "calibration.json", "manifest.json"}) {
    EXPECT_EQ(read_file(a.index().dir() / file).value(), read_file(b.index().dir() / file).value());
  }
}

TEST(Tracer, TracesALongAnswerThatRepeatsItself) {
  const std::string run(100'000, 'a');
  const std::vector<Document> documents = documents_of({run, run + "b"});
  const TracedIndex index(documents);
  const Trace trace = index.trace(run.substr(0, 60'000) + "c" + run + "b").value();
  EXPECT_LE(trace.coverage, 1);
  // A run of one character says nothing, however long it is.
  const Trace all = index.trace(run + "b", {.max_chance = kAll, .max_documents = 1}).value();
  ASSERT_EQ(all.spans.size(), 1u);
  EXPECT_EQ(all.spans[0].byte_end, run.size() + 1);
}

TEST(Calibrate, GivesTheSameBytesOnAnyNumberOfThreads) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<Document> documents;
  for (const size_t size : {100'000u, 1u, 300'000u, 70'000u, 5u}) {
    documents.push_back({.id = std::to_string(documents.size()),
                         .text = testing::random_text(random, testing::kJapanese, size),
                         .source = "s" + std::to_string(documents.size() % 2)});
  }
  const TemporaryDirectory directory;
  ASSERT_TRUE(testing::write_corpus(directory / "corpus", documents));
  std::vector<std::string> models, calibrations;
  for (const int num_threads : {1, 2, 7}) {
    const auto target = directory / ("index" + std::to_string(num_threads));
    auto stage = StagingDirectory::create(target, {}).value();
    ASSERT_TRUE(build_index(directory / "corpus", {}, stage, no_progress));
    const CorpusIndex staged = CorpusIndex::open(stage.path()).value();
    ASSERT_TRUE(calibrate(staged, stage, no_progress, 4ull << 30, num_threads));
    models.push_back(read_file(stage.path() / kNullModelName).value());
    calibrations.push_back(read_file(stage.path() / kCalibrationName).value());
  }
  EXPECT_EQ(models[1], models[0]);
  EXPECT_EQ(models[2], models[0]);
  EXPECT_EQ(calibrations[1], calibrations[0]);
  EXPECT_EQ(calibrations[2], calibrations[0]);
}

TEST(Calibrate, LeavesAWholeIndexOrNoneWhenTheDiskFails) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(testing::write_corpus(directory / "corpus", small_corpus()));
  const auto build = [&](const std::filesystem::path& target, Disk& disk) -> Result<void> {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(target, {.disk = &disk}));
    YURAI_TRY(build_index(directory / "corpus", {}, stage, no_progress));
    YURAI_ASSIGN(const CorpusIndex staged, CorpusIndex::open(stage.path()));
    YURAI_TRY(calibrate(staged, stage, no_progress));
    YURAI_TRY(write_manifest(staged.manifest(), stage));
    return stage.commit();
  };
  int num_opened = 0;
  for (uint64_t fail_at = 0;; ++fail_at) {
    testing::FailingDisk disk(fail_at);
    const auto target = directory / ("index" + std::to_string(fail_at));
    const bool built = build(target, disk).has_value();
    const auto index = CorpusIndex::open(target);
    num_opened += index.has_value();
    EXPECT_TRUE(!index || Tracer::open(*index)) << "failed at " << fail_at;
    if (built) break;
  }
  EXPECT_EQ(num_opened, 2);  // the last sync fails when all is in place; then nothing does
}

TEST(Tracer, RefusesAnIndexWhoseNullModelWasChanged) {
  const TemporaryDirectory directory;
  { TracedIndex::build(directory, small_corpus(), PointMode::kChar).value(); }
  for (const std::string_view file : {"null_model.bin", "calibration.json"}) {
    const auto path = directory / "index" / file;
    const std::string bytes = read_file(path).value();
    std::string flipped = bytes;
    flipped[flipped.size() / 2] ^= 1;
    ASSERT_TRUE(write_file(path, flipped));
    const auto index = CorpusIndex::open(directory / "index");
    EXPECT_TRUE(!index || !Tracer::open(*index));
    ASSERT_TRUE(write_file(path, bytes));
  }
  const auto index = CorpusIndex::open(directory / "index");
  EXPECT_TRUE(index && Tracer::open(*index));
}

}  // namespace
}  // namespace yurai
