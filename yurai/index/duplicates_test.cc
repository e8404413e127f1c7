#include "yurai/index/duplicates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/points.h"
#include "yurai/index/testing.h"

namespace yurai {
namespace {

using testing::random_text;
using testing::TemporaryDirectory;
using testing::write_index_of;
using SizeAndCount = std::pair<uint64_t, uint64_t>;

/// By definition: every piece of every document, where it stands, what is on either side.
std::vector<SizeAndCount> naive_duplicates(const std::vector<std::string>& texts, PointMode points,
                                           size_t min_bytes) {
  struct Piece {
    uint64_t count = 0;
    std::set<std::string> before, after;
    bool ends = false;
  };
  std::map<std::string, Piece> pieces;
  for (const std::string& document : texts) {
    const std::string text = "\xff" + document + "\xff";
    for (size_t begin = 1; begin + 1 < text.size(); ++begin) {
      if (!is_point(text.data(), begin, points)) continue;
      for (size_t end = begin; end + 1 < text.size();) {
        end += char_bytes(text, end);
        if (end - begin < min_bytes) continue;
        Piece& piece = pieces[text.substr(begin, end - begin)];
        ++piece.count;
        size_t before = begin - 1;
        while (before > 0 && !begins_char(text[before])) --before;
        const bool open = before == 0 || !is_point(text.data(), before, points);
        piece.ends |= open;  // nothing can be put before all
        piece.before.insert(text.substr(before, begin - before));
        piece.after.insert(end + 1 == text.size() ? "end" + std::to_string(piece.count)
                                                  : text.substr(end, char_bytes(text, end)));
      }
    }
  }
  std::vector<SizeAndCount> result;
  for (const auto& [text, piece] : pieces) {
    const bool left = piece.ends || piece.before.size() > 1;
    if (piece.count > 1 && left && piece.after.size() > 1) {
      result.emplace_back(text.size(), piece.count);
    }
  }
  std::sort(result.rbegin(), result.rend());
  return result;
}

TEST(Duplicates, AreAllPassagesThatRepeatAndCannotGrow) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 40; ++round) {
    const PointMode points = round % 2 == 0 ? PointMode::kChar : PointMode::kWord;
    const auto& alphabet = round % 3 == 0   ? testing::kTwoLetters
                           : round % 3 == 1 ? testing::kWords
                                            : testing::kJapanese;
    std::vector<std::string> texts(random() % 6);
    for (std::string& text : texts) {
      text = random_text(random, alphabet, random() % 25);
      if (random() % 2 == 0) text += texts[random() % texts.size()];
    }
    const TemporaryDirectory dir;
    const CorpusIndex index = write_index_of(dir.path(), texts, {.points = points}).value();
    const auto min_bytes = static_cast<uint32_t>(1 + random() % 6);
    const auto found =
        find_duplicates(index, {.min_bytes = min_bytes, .limit = 100000}, no_progress);
    ASSERT_TRUE(found) << found.error().message;
    std::vector<SizeAndCount> all;
    for (const Duplicate& one : *found) all.emplace_back(one.size_bytes, one.count);
    std::sort(all.rbegin(), all.rend());
    const auto expected = naive_duplicates(texts, points, min_bytes);
    ASSERT_EQ(all, expected) << ::testing::PrintToString(texts) << min_bytes;
    // With a limit, the longest.
    const auto few =
        find_duplicates(index, {.min_bytes = min_bytes, .limit = 3, .num_threads = 5}, no_progress);
    ASSERT_EQ(few->size(), std::min<size_t>(3, expected.size()));
    const auto by_three = find_duplicates(
        index, {.min_bytes = min_bytes, .limit = 100000, .num_threads = 3}, no_progress);
    ASSERT_EQ(by_three->size(), found->size());
    for (size_t i = 0; i < found->size(); ++i) {
      ASSERT_EQ(to_json((*by_three)[i]), to_json((*found)[i]));
    }
    for (size_t i = 0; i < few->size(); ++i) ASSERT_EQ((*few)[i].size_bytes, expected[i].first);
  }
}

TEST(Duplicates, AreShownWithTheirDocuments) {
  const TemporaryDirectory dir;
  const std::string passage = "吾輩は猫である。名前はまだ無い。";
  const CorpusIndex index =
      write_index_of(dir.path(), {"x" + passage, "犬", "a" + passage + "b" + passage}).value();
  const auto found =
      find_duplicates(index, {.min_bytes = 12, .limit = 1, .max_documents = 1}, no_progress)
          .value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].size_bytes, passage.size());
  EXPECT_EQ(found[0].count, 3u);
  ASSERT_EQ(found[0].documents.size(), 1u);
  EXPECT_EQ(found[0].documents[0].document.id, "d0");
  EXPECT_EQ(found[0].documents[0].byte_begin, 1u);
  const Json json = to_json(found[0]);
  EXPECT_EQ(json["text"], passage);
  EXPECT_EQ(json["documents"][0]["byte_end"], 1 + passage.size());
}

TEST(Duplicates, AreMeasuredBeyondWhatTheIndexKeeps) {
  std::mt19937_64 random(testing::test_seed());
  const std::string copy = random_text(random, testing::kJapanese, 40000);
  ASSERT_GT(copy.size(), kMaxLcp);
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {copy + "猫x", "z" + copy + "犬"}).value();
  const auto found = find_duplicates(index, {.min_bytes = 1000, .limit = 5}, no_progress).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].size_bytes, copy.size());
  EXPECT_EQ(found[0].count, 2u);
}

TEST(Duplicates, RefuseASizeThatTheIndexCannotTell) {
  const TemporaryDirectory dir;
  const CorpusIndex index = write_index_of(dir.path(), {"a"}).value();
  for (const uint32_t size : {0u, 65536u}) {
    EXPECT_EQ(find_duplicates(index, {.min_bytes = size}, no_progress).error().code,
              ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace yurai
