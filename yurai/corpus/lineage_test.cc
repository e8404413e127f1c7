#include "yurai/corpus/lineage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "yurai/base/hash.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPart = "part-00000.jsonl";

/// A folder with one part, as a verb of ours would write it.
Manifest write_folder(const fs::path& dir, const std::string& format, const std::string& bytes,
                      const Json& lineage = Json::array()) {
  StagingDirectory stage = StagingDirectory::create(dir, {}).value();
  EXPECT_TRUE(stage.add_file(kPart, bytes));
  Manifest manifest;
  manifest.format = format;
  manifest.format_version = 1;
  manifest.facts = {{"kept", 1}};
  manifest.lineage = lineage;
  EXPECT_TRUE(write_manifest(manifest, stage));
  EXPECT_TRUE(stage.commit());
  return read_manifest(dir).value();
}

InputList input(const fs::path& path, const std::string& bytes) {
  InputList list;
  list.files.push_back({.path = path, .name = path.filename().string(), .bytes = bytes.size()});
  return list;
}

std::vector<ManifestFile> read(const std::string& bytes) {
  return {{kPart, bytes.size(), sha256_hex(bytes)}};
}

TEST(Lineage, HoldsTheFolderAndWhatItCameFromOldestFirst) {
  const testing::TemporaryDirectory dir;
  const Manifest first = write_folder(dir / "first", "yurai-filtered", "{}\n");
  const Json lineage =
      lineage_of(input(dir / "first/part-00000.jsonl", "{}\n"), read("{}\n")).value();
  ASSERT_EQ(lineage.size(), 1u);
  EXPECT_EQ(lineage[0]["checksum"], manifest_checksum(first));
  EXPECT_EQ(lineage[0]["facts"]["kept"], 1);

  const Manifest second = write_folder(dir / "second", "yurai-dedup", "[]\n", lineage);
  const Json longer =
      lineage_of(input(dir / "second/part-00000.jsonl", "[]\n"), read("[]\n")).value();
  ASSERT_EQ(longer.size(), 2u);
  EXPECT_EQ(longer[0], lineage[0]);
  EXPECT_EQ(longer[1]["checksum"], manifest_checksum(second));
  EXPECT_EQ(longer[1]["made_from"], Json::array({lineage[0]["checksum"]}));
}

TEST(Lineage, HoldsAFolderOnceHoweverManyInputsItGave) {
  const testing::TemporaryDirectory dir;
  write_folder(dir / "first", "yurai-filtered", "{}\n");
  InputList inputs = input(dir / "first/part-00000.jsonl", "{}\n");
  inputs.files.push_back(inputs.files[0]);
  std::vector<ManifestFile> files = read("{}\n");
  files.push_back(files[0]);
  EXPECT_EQ(lineage_of(inputs, files)->size(), 1u);
}

TEST(Lineage, RefusesAnInputThatIsNotAsItsManifestSays) {
  const testing::TemporaryDirectory dir;
  write_folder(dir / "first", "yurai-filtered", "{}\n");
  const auto changed = lineage_of(input(dir / "first/part-00000.jsonl", "[]\n"), read("[]\n"));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(changed.error().message.find("part-00000.jsonl"), std::string::npos);
  std::ofstream(dir / "alone.jsonl") << "{}\n";
  EXPECT_TRUE(lineage_of(input(dir / "alone.jsonl", "{}\n"), read("{}\n"))->empty());
}

TEST(Lineage, OfAManifestSurvivesReadingAndKeepsTheChecksum) {
  const testing::TemporaryDirectory dir;
  const Json lineage = {{{"format", "x"}, {"checksum", "c"}}};
  const Manifest written = write_folder(dir / "a", "yurai-dedup", "{}\n", lineage);
  EXPECT_EQ(written.lineage, lineage);
  const Json file = Json::parse(read_file(dir / "a/manifest.json").value());
  EXPECT_EQ(file["checksum"], manifest_checksum(written));
}

}  // namespace
}  // namespace yurai
