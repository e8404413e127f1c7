#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/base/subprocess.h"
#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// The program with a PATH of our own: what stands in for apt-get and dpkg-deb.
class SampleCli : public ::testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> arguments) {
    std::vector<std::string> command = {"env",
                                        "LC_ALL=C",
                                        "YURAI_LANG=en",
                                        "PATH=" + (folder_ / "bin").string() + ":/usr/bin:/bin",
                                        std::getenv("YURAI_BIN"),
                                        "corpus",
                                        "sample"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Result<ProcessResult> result = run_process(command);
    EXPECT_TRUE(result);
    return result ? *result : ProcessResult{};
  }

  void program(std::string_view name, std::string_view script) {
    fs::create_directories(folder_ / "bin");
    const fs::path path = folder_.path() / "bin" / name;
    ASSERT_TRUE(write_file(path, "#!/bin/bash\n" + std::string(script)));
    fs::permissions(path, fs::perms::owner_all);
  }

  /// apt-get and dpkg-deb that serve packages with one page each, written by `page`.
  void packages(const std::string& page) {
    program("apt-get",
            "for name in \"$@\"; do case $name in -*|download) ;; *)\n"
            "  if [[ \" $* \" == *--print-uris* ]]; then echo \"'x' ${name}_1_all.deb 4 MD5\"\n"
            "  else echo -n abcd >${name}_1_all.deb; fi ;; esac; done\n");
    program("dpkg-deb",
            "if [ $1 = --field ]; then echo 1; exit; fi\n"
            "name=$(basename $2); name=${name%%_*}\n"
            "mkdir -p $3/usr/share/doc/$name\n"
            "printf 'Format: x\\n\\nFiles: *\\nCopyright: 2020 Ann\\nLicense: GPL-2+\\n' "
            ">$3/usr/share/doc/$name/copyright\n"
            "for folder in man/ja libreoffice/help/ja doc/lilypond/html/Documentation "
            "debian-reference developers-reference/ja doc/maint-guide-ja/html doc/aptitude/html/ja "
            "doc/debian/FAQ/ja doc/live-manual/html/live-manual; do mkdir -p $3/usr/share/$folder; "
            "done\n" +
                page);
  }

  fs::path out() const { return folder_ / "corpus"; }
  std::vector<std::string> japanese() const {
    return {out().string(), "--lang", "ja", "--cache", (folder_ / "cache").string()};
  }

  testing::TemporaryDirectory folder_;
};

constexpr const char* kPage =
    "[ $name = debian-reference-ja ] && { echo '<title>起動</title><div "
    "class=navheader>次へ</div>'; "
    "for i in 1 2 3 4 5 6; do echo \"<p>第 $i 段のロケットは、次の段のロケットに制御を\n"
    "引き継ぎます。</p>\"; done; } >$3/usr/share/debian-reference/ch03.html; exit 0\n";

TEST_F(SampleCli, WritesTheSameCorpusFromTheSamePackages) {
  packages(kPage);
  std::vector<std::string> arguments = japanese();
  arguments.push_back("--json");
  const ProcessResult first = run(arguments);
  ASSERT_EQ(first.exit_status, 0) << first.err;
  const Result<Json> json = parse_json(first.out, "output");
  ASSERT_TRUE(json) << first.out;
  EXPECT_EQ((*json)["documents"], 1);
  arguments.push_back("--force");
  EXPECT_EQ(run(arguments).out, first.out);
}

TEST_F(SampleCli, ShowsATableForAPerson) {
  packages(kPage);
  const ProcessResult result = run(japanese());
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("debian-reference-ja"));
  EXPECT_THAT(result.out, HasSubstr("GPL-2.0-or-later"));
}

TEST_F(SampleCli, RefusesAFolderThatExists) {
  fs::create_directories(out());
  const ProcessResult result = run(japanese());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("exists"));
}

TEST_F(SampleCli, SaysWhatToDoWhenAptKnowsNoSuchPackage) {
  program("apt-get", "echo 'E: Unable to locate package manpages-ja' >&2; exit 100\n");
  const ProcessResult result = run(japanese());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("Unable to locate package manpages-ja"));
  EXPECT_THAT(result.err, HasSubstr("apt-get update"));
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(SampleCli, LeavesNothingBehindWhenADownloadFails) {
  packages(kPage);
  program(
      "apt-get",
      "[[ \" $* \" == *--print-uris* ]] || { echo 'E: no route' >&2; exit 100; }\n"
      "for name in \"$@\"; do case $name in -*|download) ;; *) echo \"'x' ${name}_1_all.deb 4\" "
      ";; esac; done\n");
  const ProcessResult result = run(japanese());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("no route"));
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(SampleCli, RefusesALanguageThatNoPackageIsIn) {
  const ProcessResult result = run({out().string(), "--lang", "ja,xx", "--cache", "c"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("known: en, ja"));
}

TEST_F(SampleCli, WantsAFolder) { EXPECT_EQ(run({}).exit_status, 2); }

}  // namespace
}  // namespace yurai
