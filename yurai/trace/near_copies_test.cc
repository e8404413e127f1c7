#include "yurai/trace/near_copies.h"

#include <gtest/gtest.h>

#include <random>

#include "yurai/base/utf8.h"
#include "yurai/trace/testing.h"

namespace yurai {
namespace {

using testing::TracedIndex;

std::string random_kanji(std::mt19937_64& random, size_t num_chars) {
  std::string text;
  for (; num_chars > 0; --num_chars) {
    append_char(static_cast<char32_t>(0x4E00 + random() % 1500), text);
  }
  return text;
}

/// The text with one character in twelve replaced, deleted, or one put before it.
std::string edited(std::mt19937_64& random, const std::string& text, uint64_t& num_edits) {
  std::string out;
  size_t number = 0;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    const std::string_view c = std::string_view(text).substr(at, char_bytes(text, at));
    if (++number % 12 != 6) {
      out += c;
      continue;
    }
    ++num_edits;
    const uint64_t kind = random() % 3;
    if (kind == 0) out += "変";
    if (kind == 1) out.append("挿").append(c);
  }
  return out;
}

/// The oracle of an alignment's cost: Levenshtein's table.
uint64_t levenshtein(const std::vector<char32_t>& a, const std::vector<char32_t>& b) {
  std::vector<std::vector<uint64_t>> table(a.size() + 1, std::vector<uint64_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                              table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
    }
  }
  return table[a.size()][b.size()];
}

TEST(NearCopies, JoinsWhatSmallEditsBroke) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<Document> documents;
  for (int i = 0; i < 20; ++i) {
    documents.push_back({.id = std::to_string(i), .text = random_kanji(random, 1500)});
  }
  const TracedIndex index(documents);
  const Tracer tracer = Tracer::open(index.index()).value();
  for (int round = 0; round < 30; ++round) {
    const size_t source = random() % documents.size();
    const size_t begin = 3 * (random() % 1300);
    const std::string copied = documents[source].text.substr(begin, 3 * 120);
    uint64_t num_edits = 0;
    const std::string before = random_kanji(random, 40);
    const std::string changed = edited(random, copied, num_edits);
    const std::string answer = before + changed + random_kanji(random, 40);
    const auto copies = tracer.near_copies(answer, {}).value();
    ASSERT_EQ(copies.size(), 1u) << round;
    const NearCopy& copy = copies[0];
    EXPECT_EQ(copy.occurrence.document.id, std::to_string(source));
    // All of it but for at most the pieces at its ends.
    EXPECT_LE(copy.byte_begin, before.size() + 3 * 8);
    EXPECT_GE(copy.byte_end, before.size() + changed.size() - 3 * 8);
    EXPECT_EQ(answer.substr(copy.byte_begin, copy.byte_end - copy.byte_begin), copy.text);
    EXPECT_EQ(count_chars(answer.substr(0, copy.byte_begin)), copy.char_begin);
    EXPECT_EQ(documents[source].text.substr(copy.occurrence.byte_begin,
                                            copy.occurrence.byte_end - copy.occurrence.byte_begin),
              copy.occurrence.match);
    const uint64_t least =
        levenshtein(decode_chars(copy.text), decode_chars(copy.occurrence.match));
    EXPECT_GE(copy.edits, least);
    EXPECT_LE(copy.edits, num_edits + 2);
    EXPECT_NEAR(copy.identity, 1 - 1.0 / 12, 0.03);
    EXPECT_LE(copy.chance_per_10k, 1);
  }
}

TEST(NearCopies, FindsNoneInUnrelatedTextNorInExactCopies) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<Document> documents;
  for (int i = 0; i < 10; ++i) {
    documents.push_back({.id = std::to_string(i), .text = random_kanji(random, 1000)});
  }
  const TracedIndex index(documents);
  const Tracer tracer = Tracer::open(index.index()).value();
  EXPECT_TRUE(tracer.near_copies(random_kanji(random, 500), {})->empty());
  EXPECT_TRUE(tracer.near_copies(documents[3].text, {})->empty());
  EXPECT_TRUE(tracer.near_copies("", {})->empty());
  EXPECT_FALSE(tracer.near_copies("a\xff", {}).has_value());
  // The halves of two documents side by side are no near copy of either.
  EXPECT_TRUE(
      tracer.near_copies(documents[0].text.substr(0, 300) + documents[1].text.substr(0, 300), {})
          ->empty());
}

}  // namespace
}  // namespace yurai
