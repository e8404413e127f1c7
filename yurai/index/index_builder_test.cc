#include "yurai/index/index_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/index/leaf.h"
#include "yurai/index/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::random_text;
using testing::TemporaryDirectory;
using testing::write_index_of;

std::string joined(const std::vector<std::string>& texts) {
  std::string all = "\xff";
  for (const std::string& text : texts) all += text + "\xff";
  return all;
}

bool is_word(char c) {
  return c == '_' || (static_cast<unsigned char>(c) < 128 && std::isalnum(c));
}

/// The entries by definition: points by their bytes up to the end of the document, then position.
std::vector<uint64_t> naive_entries(const std::string& text, PointMode points) {
  std::vector<uint64_t> order;
  for (uint64_t p = 1; p < text.size(); ++p) {
    if (text[p] == '\xff' || !begins_char(text[p])) continue;
    if (points == PointMode::kWord && is_word(text[p - 1]) && is_word(text[p])) continue;
    order.push_back(p);
  }
  const auto document_rest = [&](uint64_t p) {
    return std::string_view(text).substr(p, text.find('\xff', p) + 1 - p);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](uint64_t a, uint64_t b) { return document_rest(a) < document_rest(b); });
  std::vector<uint64_t> entries;
  std::string_view previous;
  for (const uint64_t p : order) {
    const std::string_view rest = document_rest(p);
    size_t lcp = 0;
    while (lcp < previous.size() && previous[lcp] == rest[lcp] && rest[lcp] != '\xff') ++lcp;
    const bool capped = lcp >= kMaxLcp;
    entries.push_back(pack({p, capped ? kMaxLcp : static_cast<uint32_t>(lcp),
                            capped ? uint8_t{0} : static_cast<uint8_t>(rest[lcp])}));
    previous = rest;
  }
  return entries;
}

/// All entries of leaves.bin, whose ranks must follow each other.
std::vector<uint64_t> stored_entries(const fs::path& path) {
  const std::string bytes = read_file(path).value();
  std::vector<uint64_t> entries;
  for (size_t at = 0; at < bytes.size(); at += kPageBytes) {
    const Leaf leaf = Leaf::parse(std::string_view(bytes).substr(at, kPagePayload)).value();
    EXPECT_EQ(leaf.first_rank(), entries.size());
    for (size_t i = 0; i < leaf.size(); ++i) entries.push_back(pack(leaf.entry(i)));
  }
  return entries;
}

void expect_leaves(const std::vector<std::string>& texts) {
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    const TemporaryDirectory dir;
    const auto index = write_index_of(dir.path(), texts, {.points = points});
    ASSERT_TRUE(index) << index.error().message;
    ASSERT_EQ(stored_entries(dir / "index" / "leaves.bin"), naive_entries(joined(texts), points))
        << ::testing::PrintToString(texts);
  }
}

TEST(IndexBuilder, SortsBytesUpToTheEndOfTheDocumentThenPositions) {
  expect_leaves({});
  expect_leaves({""});
  expect_leaves({"", "", ""});
  expect_leaves({"a"});
  expect_leaves({"猫"});
  expect_leaves({"abab", "ab", "", "abab", "b"});
  expect_leaves({"吾輩は猫である", "吾輩は犬である", "輩は猫である"});
  expect_leaves({"the cat_1 the cat", "cat the", "猫a b猫"});
}

TEST(IndexBuilder, SortsRandomDocuments) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 30; ++round) {
    const auto& alphabet = round % 3 == 0   ? testing::kTwoLetters
                           : round % 3 == 1 ? testing::kWords
                                            : testing::kJapanese;
    std::vector<std::string> texts(random() % 8);
    for (std::string& text : texts) {
      text = random_text(random, alphabet, random() % 60);
      if (random() % 3 == 0) text = texts[random() % texts.size()];
    }
    expect_leaves(texts);
  }
}

TEST(IndexBuilder, CapsTheLcpOfLongCopies) {
  std::mt19937_64 random(testing::test_seed());
  const std::string text = random_text(random, testing::kTwoLetters, 66000);
  expect_leaves({text, "b" + text});
}

std::map<std::string, std::string> files_of(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    files[entry.path().filename()] = read_file(entry.path()).value();
  }
  return files;
}

TEST(IndexBuilder, WritesTheSameBytesOnAnyNumberOfThreads) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> texts;
  for (int i = 0; i < 30; ++i) texts.push_back(random_text(random, testing::kJapanese, 5000));
  texts.push_back(texts[3]);
  for (const PointMode points : {PointMode::kChar, PointMode::kWord}) {
    const TemporaryDirectory dir;
    ASSERT_TRUE(write_index_of(dir.path(), texts, {.points = points}));
    const auto expected = files_of(dir / "index");
    for (const int num_threads : {2, 3, 7}) {
      const auto target = dir / ("index" + std::to_string(num_threads));
      ASSERT_TRUE(testing::write_index(target, dir / "corpus",
                                       {.points = points, .num_threads = num_threads}));
      EXPECT_EQ(files_of(target), expected);
    }
  }
}

TEST(IndexBuilder, SaysHowMuchMemoryItNeeds) {
  const TemporaryDirectory dir;
  const auto index =
      write_index_of(dir.path(), {std::string(1 << 20, 'a')}, {.memory_bytes = 1 << 20});
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(index.error().message,
              HasSubstr("needs 77 MiB of memory at least, 1 MiB are allowed"));
  EXPECT_THAT(index.error().message, HasSubstr("--memory 77M"));
  EXPECT_FALSE(fs::exists(dir / "index"));
}

TEST(IndexBuilder, NamesADocumentThatDoesNotFitInMemory) {
  const TemporaryDirectory dir;
  const auto index =
      write_index_of(dir.path(), {"a", std::string(8 << 20, 'a')}, {.memory_bytes = 100 << 20});
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(index.error().message, HasSubstr("document 1 of "));
  EXPECT_THAT(index.error().message, HasSubstr("has 8388608 bytes"));
  EXPECT_THAT(index.error().message, HasSubstr("MiB more memory"));
}

/// Documents, copies of them, copies with changes, and empty ones.
std::vector<std::string> random_documents(std::mt19937_64& random,
                                          const std::vector<std::string>& alphabet) {
  std::vector<std::string> texts(2 + random() % 30);
  for (std::string& text : texts) {
    text = random_text(random, alphabet, random() % 300);
    const std::string& other = texts[random() % texts.size()];
    if (random() % 3 == 0) text = other;
    if (random() % 4 == 0) text = random_text(random, alphabet, 1 + random() % 5) + other;
    if (random() % 4 == 0) text += other;
  }
  return texts;
}

TEST(IndexBuilder, WritesTheSameBytesFromAnyShards) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 6; ++round) {
    const auto& alphabet = round % 3 == 0   ? testing::kTwoLetters
                           : round % 3 == 1 ? testing::kWords
                                            : testing::kJapanese;
    const std::vector<std::string> texts = random_documents(random, alphabet);
    const PointMode points = round % 2 == 0 ? PointMode::kChar : PointMode::kWord;
    const TemporaryDirectory dir;
    ASSERT_TRUE(write_index_of(dir.path(), texts, {.points = points}));
    const auto expected = files_of(dir / "index");
    ASSERT_EQ(stored_entries(dir / "index" / "leaves.bin"), naive_entries(joined(texts), points));
    for (const uint64_t max_shard_bytes : {1, 200, 1500}) {
      const int num_threads = static_cast<int>(1 + random() % 3);
      const size_t at_once = 2 + random() % 20;
      std::filesystem::remove_all(dir / "parts");
      const auto parts = testing::write_index(dir / "parts", dir / "corpus",
                                              {.points = points,
                                               .num_threads = num_threads,
                                               .max_shard_bytes = max_shard_bytes,
                                               .max_runs_at_once = at_once});
      ASSERT_TRUE(parts) << parts.error().message;
      ASSERT_EQ(files_of(dir / "parts"), expected)
          << max_shard_bytes << " bytes, " << num_threads << " threads, " << at_once << " at once";
    }
  }
}

/// So large that slices of the order are merged on their own.
TEST(IndexBuilder, MergesSlicesToTheSameBytes) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> texts;
  for (int i = 0; i < 12; ++i) texts.push_back(random_text(random, testing::kJapanese, 40000));
  for (int i = 0; i < 6; ++i) texts.push_back(texts[static_cast<size_t>(i)]);
  texts.push_back(std::string(70000, 'a'));
  texts.push_back("b" + std::string(70000, 'a'));
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_index_of(dir.path(), texts));
  const auto expected = files_of(dir / "index");
  for (const int num_threads : {1, 3}) {
    std::filesystem::remove_all(dir / "parts");
    ASSERT_TRUE(testing::write_index(dir / "parts", dir / "corpus",
                                     {.num_threads = num_threads, .max_shard_bytes = 300000}));
    ASSERT_EQ(files_of(dir / "parts"), expected);
  }
}

TEST(IndexBuilder, RefusesNoThreads) {
  const TemporaryDirectory dir;
  const auto index = write_index_of(dir.path(), {"a"}, {.num_threads = 0});
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::kInvalidArgument);
}

TEST(IndexBuilder, LeavesNothingThatOpensWhenWritingFails) {
  const TemporaryDirectory dir;
  std::mt19937_64 random(testing::test_seed());
  ASSERT_TRUE(testing::write_corpus(
      dir / "corpus", {{.id = "a", .text = random_text(random, testing::kJapanese, 3000)},
                       {.id = "b", .text = random_text(random, testing::kJapanese, 3000)}}));
  const auto build = [&](Disk& disk) -> Result<void> {
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir / "index", {.disk = &disk}));
    YURAI_TRY(build_index(dir / "corpus", {.max_shard_bytes = 10}, stage, no_progress));
    return stage.commit();
  };
  for (uint64_t fail_at = 0;; ++fail_at) {
    testing::FailingDisk disk(fail_at);
    if (build(disk)) break;
    ASSERT_LT(fail_at, 1000u);
    if (fs::exists(dir / "index")) {  // only the sync after the rename may leave it, and then whole
      const auto index = CorpusIndex::open(dir / "index");
      ASSERT_TRUE(index) << fail_at << ": " << index.error().message;
      EXPECT_TRUE(verify_files(index->dir(), index->manifest()));
      fs::remove_all(dir / "index");
    }
    ASSERT_FALSE(fs::exists(dir / "index.partial")) << fail_at;
  }
  EXPECT_TRUE(CorpusIndex::open(dir / "index"));
}

TEST(IndexBuilder, ShowsEveryStep) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(testing::write_corpus(dir / "corpus", {{.id = "a", .text = "abc"}}));
  auto stage = StagingDirectory::create(dir / "index", {});
  ASSERT_TRUE(stage);
  std::map<std::string, uint64_t, std::less<>> steps;
  const Progress progress = [&](std::string_view step, uint64_t done, uint64_t total) {
    EXPECT_LE(done, total);
    steps[std::string(step)] = total;
  };
  ASSERT_TRUE(build_index(dir / "corpus", {}, *stage, progress));
  EXPECT_EQ(steps, (std::map<std::string, uint64_t, std::less<>>{
                       {"read", 5}, {"sort", 5}, {"write", 3 * 8}}));
}

}  // namespace
}  // namespace yurai
