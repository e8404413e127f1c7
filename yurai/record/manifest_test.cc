#include "yurai/record/manifest.h"

#include <gtest/gtest.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

using testing::TemporaryDirectory;

void make(const std::filesystem::path& target) {
  auto stage = StagingDirectory::create(target, {});
  ASSERT_TRUE(stage);
  ASSERT_TRUE(stage->add_file("b.bin", "bytes"));
  Manifest manifest;
  manifest.format = "yurai-test";
  manifest.format_version = 3;
  manifest.inputs.push_back({"in.jsonl", 5, "00"});
  manifest.facts["documents"] = 7;
  ASSERT_TRUE(write_manifest(manifest, *stage));
  ASSERT_TRUE(stage->commit());
}

TEST(Manifest, ReadsBackWhatWasWritten) {
  const TemporaryDirectory dir;
  make(dir / "x");
  const auto manifest = read_manifest(dir / "x", "yurai-test", 3);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->facts["documents"], 7);
  EXPECT_EQ(manifest->inputs[0].name, "in.jsonl");
  EXPECT_EQ(read_manifest_file(dir / "x", *manifest, "b.bin").value(), "bytes");
  EXPECT_TRUE(verify_files(dir / "x", *manifest));
}

TEST(Manifest, RefusesOtherFormatsVersionsAndFolders) {
  const TemporaryDirectory dir;
  make(dir / "x");
  EXPECT_EQ(read_manifest(dir / "x", "yurai-other", 3).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(read_manifest(dir / "x", "yurai-test", 2).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(read_manifest(dir.path()).error().code, ErrorCode::kNotFound);
}

TEST(Manifest, FindsChangesOfItselfAndOfItsFiles) {
  const TemporaryDirectory dir;
  make(dir / "x");
  const auto path = dir / "x" / "manifest.json";
  const std::string good = read_file(path).value();
  for (size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    ASSERT_TRUE(write_file(path, bad));
    const auto read = read_manifest(dir / "x");
    // White space between the members may change; nothing else may.
    if (read) {
      EXPECT_TRUE(std::isspace(good[i]) && std::isspace(bad[i]));
    }
  }
  ASSERT_TRUE(write_file(path, good));
  ASSERT_TRUE(write_file(dir / "x" / "b.bin", "bytez"));
  const auto manifest = read_manifest(dir / "x");
  ASSERT_TRUE(manifest);
  EXPECT_FALSE(verify_files(dir / "x", *manifest));
  EXPECT_FALSE(read_manifest_file(dir / "x", *manifest, "b.bin"));
  ASSERT_TRUE(write_file(dir / "x" / "b.bin", "bytes and more"));
  EXPECT_FALSE(read_manifest(dir / "x"));
}

TEST(Manifest, IsWrittenAgainWhenFilesWereAdded) {
  const testing::TemporaryDirectory dir;
  auto stage = StagingDirectory::create(dir / "x", {});
  ASSERT_TRUE(stage);
  ASSERT_TRUE(stage->add_file("a.bin", "a"));
  ASSERT_TRUE(write_manifest(Manifest(), *stage));
  ASSERT_TRUE(stage->add_file("b.bin", "b"));
  ASSERT_TRUE(write_manifest(read_manifest(stage->path()).value(), *stage));
  ASSERT_TRUE(stage->commit());
  const auto manifest = read_manifest(dir / "x");
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_EQ(manifest->files.size(), 2u);
  EXPECT_EQ(manifest->files[1].name, "b.bin");
}

}  // namespace
}  // namespace yurai
