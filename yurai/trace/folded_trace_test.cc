#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "yurai/base/utf8.h"
#include "yurai/index/segments_testing.h"
#include "yurai/text/fold.h"
#include "yurai/trace/testing.h"

namespace yurai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kFoldable;
using testing::random_text;
using testing::TemporaryDirectory;
using testing::test_seed;
using testing::TracedIndex;

constexpr TraceOptions kFoldAll = {.max_chance = HUGE_VAL, .max_documents = 1000, .fold = true};

TracedIndex folded_index(const std::vector<std::string>& texts) {
  std::vector<Document> documents;
  for (const std::string& text : texts) {
    documents.push_back({.id = "d" + std::to_string(documents.size()), .text = text});
  }
  return TracedIndex(documents, PointMode::kChar, true);
}

/// The longest span of a trace that was found in folded text, if any was.
const Span* longest_folded(const Trace& trace) {
  const Span* longest = nullptr;
  for (const Span& span : trace.spans) {
    if (span.differs && (longest == nullptr || span.text.size() > longest->text.size())) {
      longest = &span;
    }
  }
  return longest;
}

struct Case {
  std::string answer, document, span, match;
  std::vector<std::string_view> differs;
};

/// The span and its place on both sides, of an answer and a document with something around them.
void expect_found(const Case& one) {
  SCOPED_TRACE(one.answer + " / " + one.document);
  const TracedIndex index = folded_index({"別の文書", one.document, "その他"});
  const Trace trace = index.trace(one.answer, kFoldAll).value();
  const Span* span = longest_folded(trace);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span->text, one.span);
  EXPECT_EQ(span->byte_begin, one.answer.find(one.span));
  EXPECT_EQ(one.answer.substr(span->byte_begin, span->byte_end - span->byte_begin), one.span);
  EXPECT_EQ(span->char_begin, count_chars(one.answer.substr(0, span->byte_begin)));
  EXPECT_EQ(span->char_end, count_chars(one.answer.substr(0, span->byte_end)));
  EXPECT_EQ(*span->differs, one.differs);
  ASSERT_EQ(span->documents.size(), 1u);
  const Occurrence& found = span->documents[0];
  EXPECT_EQ(found.document.id, "d1");
  EXPECT_EQ(found.match, one.match);
  EXPECT_EQ(found.byte_begin, one.document.find(one.match));
  EXPECT_EQ(one.document.substr(found.byte_begin, found.byte_end - found.byte_begin), one.match);
  ASSERT_TRUE(found.folded);
  EXPECT_EQ(found.folded->char_begin, count_chars(one.document.substr(0, found.byte_begin)));
  EXPECT_EQ(found.folded->char_end, count_chars(one.document.substr(0, found.byte_end)));
  EXPECT_EQ(found.folded->differs, one.differs);
}

TEST(FoldedTrace, FindsEachDifferenceAloneAtItsExactPlace) {
  expect_found({"ＺＺが猫", "xxか\u3099猫yy", "が猫", "か\u3099猫", {"nfkc"}});
  expect_found({"約①㌔先", "その1キロ地", "①㌔", "1キロ", {"nfkc"}});
  expect_found({"なﬁnだ", "のfinへ", "ﬁn", "fin", {"nfkc"}});
  expect_found({"9ﾊﾞｽﾃｲ9", "夜バステイ前", "ﾊﾞｽﾃｲ", "バステイ", {"width"}});
  expect_found({"約ｋｍ先", "その㎞地", "ｋｍ", "㎞", {"nfkc", "width"}});
  expect_found({"東京都に行く", "朝、東京\n都に来る", "東京都に", "東京\n都に", {"whitespace"}});
  expect_found({"see Yurai!", "0 YURAI 1", "Yurai", "YURAI", {"case"}});
  expect_found({"9ﾃﾞｰﾀ9", "生データ源", "ﾃﾞｰﾀ", "データ", {"width"}});
  expect_found({"猫  犬だ", "黒猫\n犬鳥", "猫  犬", "猫\n犬", {"whitespace"}});
  expect_found({"「猫、犬」", "黒猫。犬鳥", "猫、犬", "猫。犬", {"punctuation"}});
  expect_found({"猫\u200b犬", "黒猫犬鳥", "猫\u200b犬", "猫犬", {"zero_width"}});
  expect_found({"この國會", "あが国会", "國會", "国会", {"old_kanji"}});
}

TEST(FoldedTrace, FindsMixedDifferences) {
  expect_found({"さて、Ｙｕｒａｉの　舊國\u200bﾃﾞｰﾀ①。",
                "これはyurai、の旧国データ1である",
                "Ｙｕｒａｉの　舊國\u200bﾃﾞｰﾀ①",
                "yurai、の旧国データ1",
                {"nfkc", "case", "width", "whitespace", "punctuation", "zero_width", "old_kanji"}});
}

TEST(FoldedTrace, TakesACharacterThatFoldsToSeveralWhole) {
  // Of the answer only what the document has; of the document all of the character.
  expect_found({"猫ロがあ", "x㌔がい", "ロが", "㌔が", {"nfkc"}});
  expect_found({"猫がキう", "xが㌔い", "がキ", "が㌔", {"nfkc"}});
  expect_found({"㌔がア犬", "ロがｱ木", "がア", "がｱ", {"width"}});
}

TEST(FoldedTrace, CrossesNoDocumentBorder) {
  const TracedIndex index = folded_index({"國", "會", "か", "\u3099猫", "", "、。", "ＡＢ"});
  const Trace trace = index.trace("国会が猫ab", kFoldAll).value();
  std::map<std::string, std::string> found;
  for (const Span& span : trace.spans) {
    if (span.differs) found[span.text] = span.documents[0].document.id;
  }
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"国", "d0"}, {"会", "d1"}, {"ab", "d6"}}));
}

TEST(FoldedTrace, HasNothingToSayOfWhatFoldsToNothing) {
  const TracedIndex index = folded_index({"、。 \u200b", "x"});
  for (const std::string answer : {"", "、。", "\u200b", " \n"}) {
    const Trace trace = index.trace(answer, kFoldAll).value();
    EXPECT_EQ(longest_folded(trace), nullptr) << answer;
  }
  const TracedIndex empty = folded_index({});
  EXPECT_THAT(empty.trace("国", kFoldAll).value().spans, IsEmpty());
}

TEST(FoldedTrace, KeepsExactSpansAsTheyAre) {
  const TracedIndex index = folded_index({"吾輩は猫である。名前は無い", "吾輩は、猫である"});
  const std::string answer = "吾輩は猫である、名前は無い";
  const Trace plain = index.trace(answer, {.max_chance = HUGE_VAL}).value();
  const Trace trace = index.trace(answer, kFoldAll).value();
  std::vector<std::string> exact, folded;
  for (const Span& span : trace.spans) (span.differs ? folded : exact).push_back(span.text);
  std::vector<std::string> expected;
  for (const Span& span : plain.spans) expected.push_back(span.text);
  EXPECT_EQ(exact, expected);
  EXPECT_THAT(folded, ElementsAre(answer));  // "吾輩は猫である" lies in an exact span
  EXPECT_DOUBLE_EQ(trace.coverage, 1);
}

TEST(FoldedTrace, CreditsTheLongestSpanAsAPlainTraceDoes) {
  const TracedIndex index(
      {{.id = "a", .text = "舊字體の國會圖書館", .source = "old", .license = "CC0-1.0"},
       {.id = "b", .text = "国会図書館", .source = "new", .license = "MIT"}},
      PointMode::kChar, true);
  const Trace trace = index.trace("旧字体の国会図書館！", kFoldAll).value();
  ASSERT_EQ(trace.credits.size(), 1u);
  EXPECT_EQ(trace.credits[0].source, "old");
  EXPECT_NEAR(trace.credits[0].share, 27.0 / 30, 1e-9);
  EXPECT_NEAR(trace.coverage, 27.0 / 30, 1e-9);
}

TEST(FoldedTrace, SaysWhatDiffersEvenWhereNoDocumentIsShown) {
  const TracedIndex index = folded_index({"國會"});
  TraceOptions options = kFoldAll;
  options.max_documents = 0;
  const Trace trace = index.trace("国会", options).value();
  ASSERT_EQ(trace.spans.size(), 1u);
  EXPECT_THAT(trace.spans[0].documents, IsEmpty());
  EXPECT_EQ(trace.spans[0].documents_total, 1u);
  EXPECT_THAT(*trace.spans[0].differs, ElementsAre("old_kanji"));
}

TEST(FoldedTrace, RefusesAnIndexWithoutATwin) {
  const TracedIndex index({{.id = "a", .text = "x"}}, PointMode::kChar);
  const auto refused = index.trace("x", {.fold = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(refused.error().message, HasSubstr("yurai index build --fold"));
}

TEST(FoldedTrace, CountsFoldedBytesForTheLeastSize) {
  const TracedIndex index = folded_index({"國會圖書館の澤"});
  TraceOptions options = kFoldAll;
  const std::string answer = "国、会、図、書、館、の";  // 18 bytes when folded
  options.min_bytes = 18;
  EXPECT_NE(longest_folded(index.trace(answer, options).value()), nullptr);
  options.min_bytes = 19;
  EXPECT_EQ(longest_folded(index.trace(answer, options).value()), nullptr);
}

/// What a folded span must be, by folding everything and looking everywhere.
struct NaiveSpan {
  uint64_t byte_begin = 0, byte_end = 0, count = 0;
  struct Place {
    uint64_t byte_begin = 0, byte_end = 0;
    auto operator<=>(const Place&) const = default;
  };
  std::map<std::string, Place> documents;  ///< the first place of each, by id
};

size_t count_in(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::vector<NaiveSpan> naive_folded_spans(const std::vector<Document>& documents,
                                          const std::string& answer) {
  Folder folder;
  std::vector<FoldedText> folded;
  for (const Document& document : documents) folded.push_back(folder.fold(document.text));
  const auto found = [&](const std::string& part) {
    return std::any_of(folded.begin(), folded.end(), [&](const FoldedText& text) {
      return text.text.find(part) != text.text.npos;
    });
  };
  struct Piece {
    size_t begin, end;
    std::string folded;
  };
  std::vector<Piece> pieces;
  folder.for_each_piece(answer, [&](const FoldedPiece& piece) {
    if (!piece.dropped) {
      pieces.push_back({piece.byte_begin, piece.byte_end, std::string(piece.folded)});
    }
  });
  std::vector<NaiveSpan> spans;
  size_t reached = 0;
  for (size_t begin = 0; begin < pieces.size(); ++begin) {
    std::string part, best;
    size_t end = begin;
    for (; end < pieces.size() && found(part + pieces[end].folded); ++end) {
      part += pieces[end].folded;
    }
    if (end <= std::max(begin, reached)) continue;
    reached = end;
    NaiveSpan span{pieces[begin].begin, pieces[end - 1].end, 0, {}};
    const std::string original = answer.substr(span.byte_begin, span.byte_end - span.byte_begin);
    const bool is_exact = std::any_of(
        documents.begin(), documents.end(),
        [&](const Document& document) { return document.text.find(original) != original.npos; });
    if (is_exact) continue;
    for (size_t i = 0; i < documents.size(); ++i) {
      const size_t at = folded[i].text.find(part);
      if (at == part.npos) continue;
      span.count += count_in(folded[i].text, part);
      const auto place = folded[i].original(at, at + part.size());
      span.documents[documents[i].id] = {place.begin, place.end};
    }
    spans.push_back(std::move(span));
  }
  return spans;
}

/// Both fold to the same, but for the rest of a document's character that folds to several.
void expect_same_when_folded(const std::string& part, const std::string& match) {
  Folder folder;
  const std::string wanted = folder.fold(part).text;
  const FoldedText there = folder.fold(match);
  const size_t at = there.text.find(wanted);
  ASSERT_NE(at, std::string::npos) << match;
  const auto& begins = there.folded_begins;
  EXPECT_LT(at, begins.size() > 1 ? begins[1] : there.text.size()) << match;
  EXPECT_GT(at + wanted.size(), begins.back()) << match;
  EXPECT_EQ(there.original_begins.front(), 0u) << match;
  EXPECT_EQ(there.original_ends.back(), match.size()) << match;
}

void expect_as_naive(const Tracer& tracer, const std::vector<Document>& documents,
                     const std::string& answer) {
  SCOPED_TRACE(answer);
  const auto traced = tracer.trace(answer, kFoldAll);
  ASSERT_TRUE(traced) << traced.error().message;
  std::vector<const Span*> spans;
  size_t num_exact = 0;
  for (const Span& span : traced->spans) {
    if (span.differs) spans.push_back(&span);
    num_exact += span.differs ? 0 : 1;
  }
  TraceOptions plain = kFoldAll;
  plain.fold = false;
  EXPECT_EQ(num_exact, tracer.trace(answer, plain).value().spans.size());
  std::sort(spans.begin(), spans.end(),
            [](const Span* a, const Span* b) { return a->byte_begin < b->byte_begin; });
  const std::vector<NaiveSpan> expected = naive_folded_spans(documents, answer);
  ASSERT_EQ(spans.size(), expected.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    const Span& span = *spans[i];
    EXPECT_EQ(span.byte_begin, expected[i].byte_begin);
    EXPECT_EQ(span.byte_end, expected[i].byte_end);
    EXPECT_EQ(span.char_begin, count_chars(answer.substr(0, span.byte_begin)));
    EXPECT_EQ(span.char_end, count_chars(answer.substr(0, span.byte_end)));
    EXPECT_EQ(span.text, answer.substr(span.byte_begin, span.byte_end - span.byte_begin));
    EXPECT_EQ(span.count, expected[i].count) << span.text;
    EXPECT_EQ(span.documents_total, expected[i].documents.size());
    std::map<std::string, NaiveSpan::Place> places;
    std::set<std::string_view> kinds;
    for (const Occurrence& found : span.documents) {
      places[found.document.id] = {found.byte_begin, found.byte_end};
      ASSERT_TRUE(found.folded);
      kinds.insert(found.folded->differs.begin(), found.folded->differs.end());
      EXPECT_EQ(found.folded->differs.empty(), found.match == span.text);
      const std::string& text = documents[found.document_number].text;
      EXPECT_EQ(found.match, text.substr(found.byte_begin, found.byte_end - found.byte_begin));
      EXPECT_EQ(found.folded->char_begin, count_chars(text.substr(0, found.byte_begin)));
      EXPECT_EQ(found.folded->char_end, count_chars(text.substr(0, found.byte_end)));
      expect_same_when_folded(span.text, found.match);
    }
    EXPECT_EQ(places, expected[i].documents);
    EXPECT_EQ(kinds, (std::set<std::string_view>(span.differs->begin(), span.differs->end())));
  }
}

std::vector<Document> random_foldable(std::mt19937_64& random, const std::string& prefix) {
  std::vector<Document> documents(1 + random() % 5);
  for (size_t i = 0; i < documents.size(); ++i) {
    documents[i].id = prefix + std::to_string(i);
    documents[i].source = random() % 2 == 0 ? "s" : "t";
    documents[i].text = random_text(random, kFoldable, random() % 120);
  }
  return documents;
}

std::string random_answer(std::mt19937_64& random, const std::vector<Document>& documents) {
  std::string answer;
  for (uint64_t n = random() % 6; n > 0; --n) {
    const std::string& text = documents[random() % documents.size()].text;
    if (text.empty() || random() % 3 == 0) {
      answer += random_text(random, kFoldable, random() % 12);
    } else {
      const size_t begin = char_floor(text, random() % text.size());
      std::string part(first_chars(std::string_view(text).substr(begin), random() % 60));
      if (random() % 2 == 0) {
        part.insert(part.empty() ? 0 : char_floor(part, random() % part.size()),
                    random_text(random, kFoldable, 1));
      }
      answer += part;
    }
  }
  return answer;
}

TEST(FoldedTrace, GivesWhatFoldingEverythingAndLookingEverywhereGives) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 25; ++round) {
    const TemporaryDirectory dir;
    const std::vector<Document> documents = random_foldable(random, "d");
    const CorpusIndex index = TracedIndex::build(dir, documents, PointMode::kChar, true).value();
    const Tracer tracer = Tracer::open(index).value();
    for (int i = 0; i < 12; ++i) {
      expect_as_naive(tracer, documents, random_answer(random, documents));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(FoldedTrace, DoesSoOverSegmentsAndWithoutWhatWasTakenDown) {
  std::mt19937_64 random(test_seed() + 1);
  for (int round = 0; round < 10; ++round) {
    const TemporaryDirectory dir;
    std::vector<Document> documents = random_foldable(random, "d");
    ASSERT_TRUE(TracedIndex::build(dir, documents, PointMode::kChar, true));
    const std::vector<Document> more = random_foldable(random, "e");
    testing::expect_ok(testing::add(dir / "index", dir / "more", more));
    documents.insert(documents.end(), more.begin(), more.end());
    const std::string gone = documents[random() % documents.size()].id;
    testing::expect_ok(
        testing::take_down(dir / "index", {.ids = {gone}, .who = "w", .when = "d", .why = "y"}));
    std::erase_if(documents, [&](const Document& document) { return document.id == gone; });
    const CorpusIndex index = CorpusIndex::open(dir / "index", {.folded = true}).value();
    const Tracer tracer = Tracer::open(index).value();
    for (int i = 0; i < 8 && !documents.empty(); ++i) {
      expect_as_naive(tracer, documents, random_answer(random, documents));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace yurai
