#include "yurai/index/text_cache.h"

#include <gtest/gtest.h>

#include "yurai/base/testing.h"
#include "yurai/corpus/corpus.h"
#include "yurai/index/suffix_key.h"
#include "yurai/index/testing.h"

namespace yurai {
namespace {

using testing::random_text;
using testing::TemporaryDirectory;

/// A corpus and its whole text, with room to read keys behind its end.
struct Text {
  Text(const std::filesystem::path& dir, const std::vector<std::string>& texts)
      : corpus(write(dir, texts)), bytes(corpus.text().size_bytes(), '\0') {
    EXPECT_TRUE(corpus.text().read(0, bytes));
    size = bytes.size();
    bytes.append(kKeyBytes, kDocumentSeparator);
  }
  static Corpus write(const std::filesystem::path& dir, const std::vector<std::string>& texts) {
    std::vector<Document> documents;
    for (const std::string& text : texts) {
      documents.push_back({.id = "d" + std::to_string(documents.size()), .text = text});
    }
    EXPECT_TRUE(testing::write_corpus(dir, documents));
    return Corpus::open(dir).value();
  }

  Difference compare(uint64_t a, uint64_t b) const {
    uint64_t shared = 0;
    while (bytes[a + shared] == bytes[b + shared] && bytes[a + shared] != kDocumentSeparator) {
      ++shared;
    }
    return {shared, load_key(&bytes[a + shared]), load_key(&bytes[b + shared])};
  }

  Corpus corpus;
  std::string bytes;
  uint64_t size;
};

void expect_equal(const Difference& found, const Difference& expected) {
  ASSERT_EQ(found.shared, expected.shared);
  ASSERT_EQ(found.key_a, expected.key_a);
  ASSERT_EQ(found.key_b, expected.key_b);
}

TEST(TextCache, ComparesNearCopiesAsTheirBytesDo) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 6; ++round) {
    const TemporaryDirectory dir;
    std::vector<std::string> texts;
    for (int i = 0; i < 12; ++i) {
      texts.push_back(random_text(random, testing::kJapanese, 1 + random() % 4000));
      if (i == 0 || random() % 4 == 0) continue;
      std::string copy = texts[random() % texts.size()];
      for (uint64_t edits = random() % 40; edits > 0 && !copy.empty(); --edits) {
        copy[random() % copy.size()] = 'x';
      }
      texts.push_back((random() % 2 == 0 ? texts.back() : "") + copy);
    }
    // As bytes: where a character begins is nothing to a comparison.
    for (std::string& text : texts) {
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c) { return static_cast<char>(c & 0x7F); });
    }
    const Text text(dir / "corpus", texts);
    TextCache cache = TextCache::create(text.corpus.text(), TextCache::kMinMemory).value();
    std::vector<uint64_t> ways;
    for (uint64_t i = 0; i < text.corpus.num_documents(); ++i) {
      for (uint64_t j = 0; j < i; ++j) {
        ways.push_back(text.corpus.text_range(i).begin - text.corpus.text_range(j).begin);
      }
    }
    for (int i = 0; i < 60000; ++i) {
      uint64_t a = random() % text.size;
      uint64_t b = random() % 8 == 0 ? random() % text.size : a + ways[random() % ways.size()];
      if (a == b || b >= text.size) continue;
      if (random() % 2 == 0) std::swap(a, b);
      const Difference expected = text.compare(a, b);
      const uint64_t known = random() % 2 == 0 ? 0 : random() % (expected.shared + 1);
      expect_equal(cache.compare(a, b, known).value(), expected);
      ASSERT_FALSE(HasFatalFailure()) << a << " and " << b << ", known " << known;
    }
  }
}

/// Byte by byte these would be 10^12 comparisons.
TEST(TextCache, FollowsALongCopyOnce) {
  std::mt19937_64 random(testing::test_seed());
  const std::string copy = random_text(random, testing::kTwoLetters, 1 << 20);
  const TemporaryDirectory dir;
  const Text text(dir / "corpus", {copy + "1", "b", copy + "2", copy});
  TextCache cache = TextCache::create(text.corpus.text(), TextCache::kMinMemory).value();
  const uint64_t first = text.corpus.text_range(0).begin;
  const uint64_t second = text.corpus.text_range(2).begin;
  const uint64_t third = text.corpus.text_range(3).begin;
  std::vector<uint64_t> places(copy.size());
  for (uint64_t i = 0; i < places.size(); ++i) places[i] = i;
  std::shuffle(places.begin(), places.end(), random);
  for (const uint64_t at : places) {
    ASSERT_EQ(cache.compare(first + at, second + at, 0).value().shared, copy.size() - at);
    const Difference ended = cache.compare(third + at, first + at, 0).value();
    ASSERT_EQ(ended.shared, copy.size() - at);
    ASSERT_EQ(ended.key_a, ~uint64_t{0});
    ASSERT_GT(ended.key_a, ended.key_b);
  }
}

}  // namespace
}  // namespace yurai
