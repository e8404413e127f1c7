#include "yurai/corpus/sample_packages.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <string>

#include "yurai/base/file.h"
#include "yurai/base/testing.h"
#include "yurai/corpus/sample.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

TEST(SamplePackages, NamesEachPackageOnceAndItsCopyrightBeforeItsUse) {
  std::set<std::string_view> names;
  for (const SamplePackage& package : sample_packages()) {
    EXPECT_TRUE(names.insert(package.name).second) << package.name;
    EXPECT_TRUE(names.contains(package.copyright_package)) << package.name;
    EXPECT_TRUE(package.folder.starts_with("usr/share/")) << package.name;
    EXPECT_FALSE(package.folder.ends_with("/")) << package.name;
  }
}

TEST(SamplePackages, AreChosenByLanguage) {
  const auto japanese = sample_package_names({"ja"});
  ASSERT_TRUE(japanese);
  EXPECT_THAT(*japanese, ::testing::Contains("manpages-ja"));
  EXPECT_THAT(*japanese, ::testing::Not(::testing::Contains("git-doc")));
  EXPECT_FALSE(sample_package_names({"ja", "tlh"}));
}

TEST(SamplePackages, ListsRegularFilesInByteOrder) {
  const testing::TemporaryDirectory root;
  fs::create_directories(root / "usr/share/doc/b");
  for (const char* name : {"z.html", "a.html", "b/c.html", "B.html"}) {
    ASSERT_TRUE(write_file(root.path() / "usr/share/doc" / name, "x"));
  }
  const auto files = list_files(root.path(), "usr/share/doc");
  ASSERT_TRUE(files);
  EXPECT_THAT(*files, ::testing::ElementsAre("usr/share/doc/B.html", "usr/share/doc/a.html",
                                             "usr/share/doc/b/c.html", "usr/share/doc/z.html"));
}

TEST(SamplePackages, FollowsNoSymbolicLink) {
  const testing::TemporaryDirectory root;
  const testing::TemporaryDirectory outside;
  ASSERT_TRUE(write_file(outside / "secret.html", "x"));
  fs::create_directories(root / "usr/share/doc");
  fs::create_symlink(outside / "secret.html", root / "usr/share/doc/link.html");
  fs::create_directory_symlink(outside.path(), root / "usr/share/doc/folder");
  fs::create_directory_symlink(outside.path(), root / "usr/share/other");
  const auto files = list_files(root.path(), "usr/share/doc");
  ASSERT_TRUE(files);
  EXPECT_TRUE(files->empty());
  EXPECT_FALSE(list_files(root.path(), "usr/share/other"));
}

TEST(SamplePackages, LeavesOutNamesThatAreNotUtf8) {
  const testing::TemporaryDirectory root;
  fs::create_directories(root / "doc");
  ASSERT_TRUE(write_file(root / "doc/\xff.html", "x"));
  const auto files = list_files(root.path(), "doc");
  ASSERT_TRUE(files);
  EXPECT_TRUE(files->empty());
}

}  // namespace
}  // namespace yurai
