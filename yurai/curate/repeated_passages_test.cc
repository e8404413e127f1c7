#include "yurai/curate/repeated_passages.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "yurai/base/json.h"
#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/testing.h"

namespace yurai {
namespace {

using ::testing::HasSubstr;

/// Of every byte that lies in a repeated window: that it does. The first place of a window among
/// the kept texts is none.
std::vector<std::vector<bool>> naive_repeats(const std::vector<std::string>& texts,
                                             const std::vector<bool>& kept, size_t min_chars) {
  std::vector<std::vector<bool>> repeated;
  std::map<std::string, int> seen;
  for (size_t d = 0; d < texts.size(); ++d) {
    const std::string& text = texts[d];
    repeated.emplace_back(text.size(), false);
    if (!kept[d]) continue;
    for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
      size_t end = at;
      size_t chars = 0;
      while (chars < min_chars && end < text.size()) {
        end += char_bytes(text, end);
        ++chars;
      }
      if (chars < min_chars) break;
      if (seen[text.substr(at, end - at)]++ > 0) {
        std::fill(repeated[d].begin() + static_cast<int64_t>(at),
                  repeated[d].begin() + static_cast<int64_t>(end), true);
      }
    }
  }
  return repeated;
}

class RepeatedPassagesTest : public ::testing::Test {
 protected:
  Result<PassageSummary> run(const std::vector<std::string>& texts, const std::vector<bool>& kept,
                             uint32_t min_chars, int num_threads = 1) {
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(folder_ / "out", {.force = true}));
    YURAI_ASSIGN(RepeatedPassages passages, RepeatedPassages::open(folder_ / "index"));
    for (size_t d = 0; d < texts.size(); ++d) {
      YURAI_TRY(passages.add({.text = texts[d]}, kept[d]));
    }
    YURAI_ASSIGN(
        const PassageSummary summary,
        passages.write(stage, {min_chars, num_threads, 1 << 20}, folder_.path(), no_progress));
    YURAI_ASSIGN(bytes_, read_file(stage.path() / "passages.jsonl"));
    return summary;
  }

  testing::TemporaryDirectory folder_;
  std::string bytes_;
};

TEST_F(RepeatedPassagesTest, AreThoseOfAllWindowsComparedWithAll) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> texts;
    std::vector<bool> kept;
    const auto& alphabet = round % 2 == 0 ? testing::kTwoLetters : testing::kJapanese;
    for (size_t d = 1 + random() % 6; d > 0; --d) {
      std::string text = testing::random_text(random, alphabet, random() % 60);
      if (!texts.empty() && random() % 2 == 0) {  // a piece of another text in the middle
        const std::string& other = texts[random() % texts.size()];
        const size_t begin = char_floor(other, random() % (other.size() + 1));
        const size_t end = char_floor(other, begin + random() % (other.size() - begin + 1));
        if (end > begin) text.insert(char_floor(text, text.size() / 2), other, begin, end - begin);
      }
      texts.push_back(text);
      kept.push_back(random() % 4 != 0);
    }
    std::filesystem::remove_all(folder_ / "corpus");
    std::filesystem::remove_all(folder_ / "index");
    ASSERT_TRUE(testing::write_index_of(folder_.path(), texts));
    const auto min_chars = static_cast<uint32_t>(1 + random() % 12);
    const auto summary = run(texts, kept, min_chars);
    ASSERT_TRUE(summary) << summary.error().message;

    const auto expected = naive_repeats(texts, kept, min_chars);
    auto found = expected;
    for (auto& text : found) std::fill(text.begin(), text.end(), false);
    uint64_t num_spans = 0;
    for (size_t begin = 0; begin < bytes_.size(); ++num_spans) {
      const size_t line_end = bytes_.find('\n', begin);
      const Json line = parse_json(bytes_.substr(begin, line_end - begin), "line").value();
      begin = line_end + 1;
      const size_t d = line["number"];
      const size_t span_begin = line["byte_begin"];
      const size_t span_end = line["byte_end"];
      const size_t kept_d = line["kept_number"];
      const std::string span = texts[d].substr(span_begin, span_end - span_begin);
      EXPECT_TRUE(kept[d] && kept[kept_d]);
      EXPECT_EQ(texts[kept_d].substr(line["kept_byte_begin"], span.size()), span);
      EXPECT_TRUE(kept_d < d || (kept_d == d && line["kept_byte_begin"] < span_begin));
      EXPECT_EQ(line["chars"], count_chars(span));
      EXPECT_GE(line["chars"], min_chars);
      std::fill(found[d].begin() + static_cast<int64_t>(span_begin),
                found[d].begin() + static_cast<int64_t>(span_end), true);
    }
    ASSERT_EQ(found, expected) << "round " << round << ", " << min_chars << " characters";
    uint64_t num_bytes = 0;
    for (const auto& text : expected) num_bytes += std::count(text.begin(), text.end(), true);
    EXPECT_EQ(summary->bytes, num_bytes);
    EXPECT_EQ(summary->passages, num_spans);
  }
}

/// More points than one task takes, and a run of suffixes across the tasks' borders.
TEST_F(RepeatedPassagesTest, AreTheSameOnAnyNumberOfThreads) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> texts = {std::string(150'000, 'a')};
  texts.push_back(testing::random_text(random, testing::kTwoLetters, 100'000) +
                  std::string(500, 'a'));
  ASSERT_TRUE(testing::write_index_of(folder_.path(), texts));
  ASSERT_TRUE(run(texts, {true, true}, 30, 1));
  const std::string one = bytes_;
  ASSERT_TRUE(run(texts, {true, true}, 30, 4));
  EXPECT_TRUE(bytes_ == one);
  EXPECT_TRUE(one.starts_with(R"({"id":"d0","number":0,"byte_begin":1,"byte_end":150000,)"))
      << one.substr(0, 200);
}

TEST_F(RepeatedPassagesTest, RefuseRowsThatTheIndexDoesNotHave) {
  ASSERT_TRUE(testing::write_index_of(folder_.path(), {"abc", "def"}));
  EXPECT_THAT(run({"abc", "xyz"}, {true, true}, 5).error().message, HasSubstr("row 2 is not"));
  EXPECT_THAT(run({"abc"}, {true}, 5).error().message, HasSubstr("has 2 documents"));
}

}  // namespace
}  // namespace yurai
