#include "yurai/index/fences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

constexpr uint64_t kPointsPerLeaf = 500;

Fence fence(std::string_view separator, uint32_t first_lcp, uint32_t leaf_lcp = 0) {
  Fence made;
  made.size = separator.size();
  std::copy(separator.begin(), separator.end(), made.bytes.begin());
  made.first_position = 7;
  made.first_lcp = first_lcp;
  made.leaf_lcp = leaf_lcp;
  made.leaf_branch = 'q';
  return made;
}

/// Fences in a folder of their own.
class FencesTest : public ::testing::Test {
 protected:
  void write(const std::vector<Fence>& fences) {
    std::filesystem::remove_all(dir_ / "x");
    auto stage = StagingDirectory::create(dir_ / "x", {});
    ASSERT_TRUE(stage);
    auto writer = FencesWriter::create(*stage);
    ASSERT_TRUE(writer);
    for (size_t i = 0; i < fences.size(); ++i) {
      ASSERT_TRUE(writer->add(fences[i], i * kPointsPerLeaf));
    }
    ASSERT_TRUE(writer->finish(fences.size() * kPointsPerLeaf));
    ASSERT_TRUE(stage->commit());
    directory_ = read_file(dir_ / "x" / kDirectoryName).value();
  }
  Result<Fences> open() { return Fences::open(dir_ / "x", directory_); }

  testing::TemporaryDirectory dir_;
  std::string directory_;
};

/// The leaves "", "b", "bc", a cut separator and "d".
std::vector<Fence> sample() {
  return {fence("", 0), fence("b", 0), fence("bc", 1),
          fence(std::string(kMaxFenceBytes, 'c'), 300, 200), fence("d", 0)};
}

TEST_F(FencesTest, KeepWhatWasWritten) {
  write(sample());
  const Fences fences = open().value();
  ASSERT_EQ(fences.size(), 5u);
  EXPECT_EQ(fences.num_points(), 5 * kPointsPerLeaf);
  const std::vector<Fence> all = fences.fences(0, 5).value();
  EXPECT_EQ(all[0].separator(), "");
  EXPECT_EQ(all[2].separator(), "bc");
  EXPECT_EQ(all[2].first_lcp, 1u);
  EXPECT_EQ(all[4].separator(), "d");
  EXPECT_EQ(all[3].first_position, 7u);
  EXPECT_EQ(all[3].first_lcp, 300u);
  EXPECT_EQ(all[3].leaf_lcp, 200u);
  EXPECT_EQ(all[3].leaf_branch, 'q');
  EXPECT_EQ(fences.fence(4)->separator(), "d");
}

TEST_F(FencesTest, FindTheLeavesOfAText) {
  write(sample());
  const Fences fences = open().value();
  const auto expect = [&](std::string_view text, uint64_t begin, uint64_t end, bool is_tie,
                          bool is_exact, size_t shared) {
    const Fences::Range range = fences.find(text).value();
    EXPECT_EQ(range.begin, begin) << text;
    EXPECT_EQ(range.end, end) << text;
    EXPECT_EQ(range.is_tie, is_tie) << text;
    EXPECT_EQ(range.is_exact, is_exact) << text;
    EXPECT_EQ(range.shared, shared) << text;
  };
  expect("a", 1, 1, false, false, 0);
  expect("b", 2, 3, false, true, 1);
  expect("bc", 3, 3, false, true, 0);
  expect("bd", 3, 3, false, false, 0);
  expect("c", 3, 4, false, false, 1);
  expect(std::string(64, 'c'), 3, 4, false, false, 64);
  expect(std::string(65, 'c'), 3, 4, true, false, 64);
  expect("e", 5, 5, false, false, 0);
}

TEST_F(FencesTest, FindAsALookAtEachDoes) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 6; ++round) {
    std::vector<std::string> separators(1 + random() % 3000);
    for (std::string& separator : separators) {
      separator.assign(random() % 5 == 0 ? random() % 60 : random() % 4, 'a');
      for (size_t n = 1 + random() % 4; n > 0; --n) {
        separator.push_back(static_cast<char>('a' + random() % 5));
      }
    }
    separators.push_back("");
    std::sort(separators.begin(), separators.end());
    separators.erase(std::unique(separators.begin(), separators.end()), separators.end());
    std::vector<Fence> written;
    for (const std::string& separator : separators) {
      const bool full = separator.size() == kMaxFenceBytes;
      const size_t copies = full ? 1 + random() % 4 : 1;
      for (size_t i = 0; i < copies; ++i) {
        written.push_back(fence(separator, separator.empty() ? 0
                                           : i == 0          ? uint32_t(separator.size()) - 1
                                                             : 70));
      }
    }
    write(written);
    const Fences fences = open().value();
    for (int i = 0; i < 2000; ++i) {
      std::string text = separators[random() % separators.size()];
      if (random() % 2 == 0) text.resize(text.size() / 2);
      if (random() % 2 == 0) text.push_back(static_cast<char>('a' + random() % 5));
      if (text.empty()) continue;
      uint64_t begin = 0;
      uint64_t end = 0;
      for (const Fence& one : written) {
        const std::string_view s = one.separator();
        const bool inside = one.is_cut() ? text.starts_with(s) || s.starts_with(text)
                                         : s.size() > text.size() && s.starts_with(text);
        begin += !inside && s <= text;
        end += inside || s <= text;
      }
      const Fences::Range range = fences.find(text).value();
      ASSERT_EQ(range.begin, begin) << text;
      ASSERT_EQ(range.end, end) << text;
      ASSERT_EQ(range.is_exact,
                !written[begin - 1].is_cut() && written[begin - 1].separator() == text);
    }
    for (uint64_t rank = 0; rank < fences.num_points(); rank += 1 + random() % 999) {
      EXPECT_EQ(fences.leaf_near(rank).value(), rank / kPointsPerLeaf);
    }
    const std::vector<Fence> all = fences.fences(0, fences.size()).value();
    for (size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(all[i].separator(), written[i].separator());
      ASSERT_EQ(all[i].is_cut(), written[i].is_cut());
    }
    EXPECT_GE(fences.memory_bytes(), fences.size());
  }
}

TEST_F(FencesTest, RefuseOtherBytes) {
  write(sample());
  const std::string good = directory_;
  for (size_t size = 0; size < good.size(); ++size) {
    directory_ = good.substr(0, size);
    EXPECT_FALSE(open()) << size;
  }
  directory_ = good;
  ++directory_[8];
  EXPECT_NE(open().error().message.find("version 3, this program reads 2"), std::string::npos);
  directory_ = good;
  ++directory_[16];  // another number of leaves than the page has
  EXPECT_FALSE(open()->find("b"));
}

}  // namespace
}  // namespace yurai
