#include "yurai/corpus/text_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryDirectory;

Result<TextFile> write_text(const fs::path& target, std::string_view text) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(target, {.force = false}));
  YURAI_ASSIGN(TextFileWriter writer, TextFileWriter::create(stage));
  for (size_t i = 0; i < text.size(); i += 7777) YURAI_TRY(writer.append(text.substr(i, 7777)));
  YURAI_TRY(writer.close());
  YURAI_TRY(stage.commit());
  return TextFile::open(target, text.size());
}

/// Words of any bytes, some often.
std::string random_words(std::mt19937_64& random, size_t size) {
  std::vector<std::string> words(200);
  for (std::string& word : words) {
    for (size_t n = 1 + random() % 9; n > 0; --n) word.push_back(static_cast<char>(random()));
  }
  std::string text;
  while (text.size() < size) text += words[random() % (1 + random() % words.size())];
  text.resize(size);
  return text;
}

/// As one task, all at once.
void fetch_all(TextReader& reader, const std::vector<uint64_t>& offsets) {
  PageFetch fetch(1);
  for (const uint64_t offset : offsets) reader.want(fetch, offset, 0);
  if (fetch.is_waiting(0)) {
    ASSERT_EQ(fetch.next_ready().value(), 0u);
  }
}

TEST(TextDictionary, IsReadBackAndRefusesOtherBytes) {
  std::mt19937_64 random(testing::test_seed());
  const TextDictionary dictionary = TextDictionary::train(random_words(random, 5000));
  EXPECT_GT(dictionary.num_entries(), 300u);
  const std::string bytes = dictionary.bytes();
  EXPECT_EQ(TextDictionary::parse(bytes)->bytes(), bytes);
  for (size_t i = 0; i < bytes.size(); i += 1 + i / 50) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    EXPECT_FALSE(TextDictionary::parse(bad)) << i;
    EXPECT_FALSE(TextDictionary::parse(bytes.substr(0, i))) << i;
  }
}

TEST(TextMatcher, FindsTheLongestEntry) {
  std::mt19937_64 random(testing::test_seed());
  const TextDictionary dictionary = TextDictionary::train(random_words(random, 20000));
  const auto entries = dictionary.used_entries();
  const TextMatcher matcher(entries);
  const std::string text = random_words(random, 3000);
  for (size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at);
    size_t best = 0;
    for (const auto& entry : entries) {
      if (rest.starts_with(entry.view())) best = std::max<size_t>(best, entry.size);
    }
    const auto found = entries[matcher.longest(rest)];
    ASSERT_TRUE(rest.starts_with(found.view()));
    ASSERT_EQ(found.size, best);
  }
}

TEST(TextFile, ReadsTheEndOfATextOfAnySize) {
  std::mt19937_64 random(testing::test_seed());
  std::string text(900, '\0');  // a code ends anywhere
  for (char& c : text) c = static_cast<char>(random());
  for (int i = 0; i < 100; ++i) text += text.substr(random() % 800, 1 + random() % 9);
  for (size_t size = 500; size < text.size(); size += 3) {
    const TemporaryDirectory dir;
    const std::string_view begin = std::string_view(text).substr(0, size);
    const auto file = write_text(dir / "x", begin);
    ASSERT_TRUE(file) << file.error().message;
    for (size_t at = size - 8; at < size; ++at) {
      TextReader reader(*file);
      const auto bytes = reader.bytes(at, size - at);
      ASSERT_TRUE(bytes) << size << ": " << bytes.error().message;
      ASSERT_EQ(*bytes, begin.substr(at));
    }
  }
}

TEST(TextFile, JoinsPiecesOfTextsToOne) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory dir;
  const std::string texts[] = {random_words(random, 30000), random_words(random, 20000)};
  const TextFile files[] = {write_text(dir / "a", texts[0]).value(),
                            write_text(dir / "b", texts[1]).value()};
  for (int round = 0; round < 20; ++round) {
    std::vector<TextPiece> pieces;
    std::string all;
    for (size_t i = 0; i < 1 + random() % 6; ++i) {
      const size_t n = random() % 2;
      const uint64_t begin = random() % (texts[n].size() - 1);
      const uint64_t end =
          begin + 1 + random() % std::min<uint64_t>(texts[n].size() - begin, i % 2 ? 9000 : 9);
      pieces.push_back({&files[n], begin, end});
      all += texts[n].substr(begin, end - begin);
    }
    const TextFile joined = TextFile::join(pieces);
    ASSERT_EQ(joined.size_bytes(), all.size());
    std::string bytes(all.size(), '\0');
    ASSERT_TRUE(joined.read(0, bytes));
    ASSERT_EQ(bytes, all);
    TextReader reader(joined);
    std::vector<uint64_t> places;
    for (int i = 0; i < 30; ++i) places.push_back(random() % all.size());
    fetch_all(reader, places);
    const uint64_t num_reads = reader.num_reads();
    for (const uint64_t at : places) {
      const uint64_t size = random() % (all.size() - at + 1);
      ASSERT_EQ(reader.bytes(at, 1).value(), all.substr(at, 1));
      ASSERT_EQ(num_reads, reader.num_reads());
      TextReader other(joined);
      ASSERT_EQ(other.bytes(at, size).value(), all.substr(at, size));
      std::string text = all.substr(at, size);
      ASSERT_EQ(other.shared_bytes(at, text).value(), size);
      if (size == 0) continue;
      const size_t changed = random() % size;
      text[changed] = static_cast<char>(text[changed] ^ 1);
      ASSERT_EQ(other.shared_bytes(at, text).value(), changed);
    }
  }
}

TEST(TextFile, ReadsBackEveryRange) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> texts = {"", "a", "\xff", random_words(random, 300000),
                                    std::string(200000, 'a')};
  std::string noise(50000, '\0');  // nothing to compress
  for (char& c : noise) c = static_cast<char>(random());
  texts.push_back(noise);
  for (const std::string& text : texts) {
    const TemporaryDirectory dir;
    const auto file = write_text(dir / "x", text);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_EQ(file->size_bytes(), text.size());
    std::string whole(text.size(), '\0');
    ASSERT_TRUE(file->read(0, whole));
    ASSERT_TRUE(whole == text);
    TextReader reader(*file);
    for (int i = 0; i < 400; ++i) {
      const size_t begin = random() % (text.size() + 1);
      const size_t size = random() % std::min<size_t>(text.size() - begin + 1, 40000);
      ASSERT_EQ(reader.bytes(begin, size).value(), text.substr(begin, size));
      std::string other = text.substr(begin, size);
      size_t shared = size;
      if (size > 0 && i % 2 == 0) {
        shared = random() % size;
        other[shared] = static_cast<char>(other[shared] ^ 1);
      }
      ASSERT_EQ(reader.shared_bytes(begin, other).value(), shared);
      if (begin + size == text.size()) {
        ASSERT_EQ(reader.shared_bytes(begin, other + "more").value(), shared);
      }
    }
    EXPECT_LE(reader.num_reads(), file->pages().num_pages());
    EXPECT_FALSE(fs::exists(dir / "x" / "text.plain"));
  }
}

TEST(TextFile, FetchesManyPagesAtOnce) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory dir;
  const std::string text = random_words(random, 300000);
  const auto file = write_text(dir / "x", text);
  TextReader reader(*file);
  std::vector<uint64_t> offsets;
  for (int i = 0; i < 100; ++i) offsets.push_back(random() % text.size());
  fetch_all(reader, offsets);
  const uint64_t reads = reader.num_reads();
  for (const uint64_t offset : offsets) EXPECT_EQ(reader.bytes(offset, 1)->front(), text[offset]);
  EXPECT_EQ(reader.num_reads(), reads);
}

TEST(TextFile, NeverGivesOtherBytesFromDamagedFiles) {
  std::mt19937_64 random(testing::test_seed());
  const TemporaryDirectory dir;
  const std::string text = random_words(random, 60000);
  ASSERT_TRUE(write_text(dir / "x", text));
  for (const auto& entry : fs::directory_iterator(dir / "x")) {
    const std::string good = read_file(entry.path()).value();
    for (int i = 0; i < 60; ++i) {
      std::string bad = good;
      const size_t at = random() % good.size();
      bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
      if (i % 3 == 0) bad.resize(at);
      std::ofstream(entry.path(), std::ios::binary) << bad;
      const auto file = TextFile::open(dir / "x", text.size());
      if (!file) continue;
      EXPECT_EQ(file->pages().verify().has_value(), false);
      std::string read(1000, '\0');
      const size_t begin = random() % (text.size() - read.size());
      if (file->read(begin, read)) {
        EXPECT_EQ(read, text.substr(begin, read.size()));
      }
    }
    std::ofstream(entry.path(), std::ios::binary) << good;
  }
  EXPECT_FALSE(TextFile::open(dir / "x", text.size() + 1));
  EXPECT_TRUE(TextFile::open(dir / "x", text.size()));
}

}  // namespace
}  // namespace yurai
