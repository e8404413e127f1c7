#include "yurai/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using testing::FailingDisk;
using testing::TemporaryDirectory;

constexpr std::string_view kManifest = R"({"format": "yurai-test", "files": [{"name": "a.bin"}]})";

Result<void> make_artefact(const fs::path& target, StagingDirectory::Options options,
                           std::string_view content = "{}") {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(target, options));
  YURAI_TRY(stage.add_file("a.bin", content));
  YURAI_TRY(stage.add_file("manifest.json", kManifest));
  return stage.commit();
}

TEST(StagingDirectory, AppearsWholeOrNotAtAll) {
  for (uint64_t fail_at = 0;; ++fail_at) {
    const TemporaryDirectory dir;
    FailingDisk disk(fail_at);
    const auto made = make_artefact(dir / "x", {.disk = &disk});
    if (made) {
      EXPECT_GT(fail_at, 5u);
      break;
    }
    // Only the sync after the rename may fail with the folder in place, and then it is whole.
    EXPECT_FALSE(fs::exists(dir / "x.partial"));
    if (fs::exists(dir / "x")) {
      EXPECT_EQ(read_file(dir / "x" / "manifest.json").value(), kManifest);
    }
  }
}

TEST(StagingDirectory, ReplacesOnlyArtefactsAndOnlyByForce) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(make_artefact(dir / "x", {}));
  EXPECT_EQ(make_artefact(dir / "x", {}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(make_artefact(dir / "x", {.force = true}, "{2}"));
  EXPECT_EQ(read_file(dir / "x" / "a.bin").value(), "{2}");
  EXPECT_FALSE(fs::exists(dir / "x.partial"));

  fs::create_directory(dir / "home");
  ASSERT_TRUE(write_file(dir / "home" / "letter.txt", "dear"));
  EXPECT_EQ(make_artefact(dir / "home", {.force = true}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(fs::exists(dir / "home" / "letter.txt"));
  ASSERT_TRUE(write_file(dir / "home" / "manifest.json", R"({"manifest_version": 3})"));
  EXPECT_EQ(make_artefact(dir / "home", {.force = true}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(fs::exists(dir / "home" / "letter.txt"));
}

TEST(StagingDirectory, KeepsTheOldOneWhenReplacingFails) {
  for (uint64_t fail_at = 0;; ++fail_at) {
    const TemporaryDirectory dir;
    ASSERT_TRUE(make_artefact(dir / "x", {}, "{1}"));
    FailingDisk disk(fail_at);
    if (make_artefact(dir / "x", {.force = true, .disk = &disk}, "{2}")) break;
    EXPECT_TRUE(fs::exists(dir / "x" / "manifest.json")) << fail_at;
  }
}

TEST(StagingDirectory, HasOneWriterAndRemovesWhatAKilledOneLeft) {
  const TemporaryDirectory dir;
  {
    auto first = StagingDirectory::create(dir / "x", {});
    ASSERT_TRUE(first);
    EXPECT_FALSE(StagingDirectory::create(dir / "x", {}));
  }
  fs::create_directory(dir / "x.partial");
  ASSERT_TRUE(write_file(dir / "x.partial" / kStagingMark, ""));
  ASSERT_TRUE(write_file(dir / "x.partial" / "stale.bin", "old"));
  ASSERT_TRUE(make_artefact(dir / "x", {}));
  EXPECT_FALSE(fs::exists(dir / "x" / "stale.bin"));
  EXPECT_FALSE(fs::exists(dir / "x" / kStagingMark));
}

TEST(StagingDirectory, OutlivesAFailureOnceItHasAResumePoint) {
  const TemporaryDirectory dir;
  const auto interrupt = [&] {
    StagingDirectory stage = StagingDirectory::create(dir / "x", {}).value();
    EXPECT_TRUE(stage.add_file("part.bin", "done"));
    EXPECT_TRUE(stage.save_resume_point("first"));
    EXPECT_TRUE(stage.save_resume_point("one part"));
  };
  interrupt();
  const auto refused = StagingDirectory::create(dir / "x", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(refused.error().message.find("--resume"), std::string::npos);
  {
    StagingDirectory stage = StagingDirectory::create(dir / "x", {.resume = true}).value();
    EXPECT_EQ(stage.resume_point(), "one part");
    EXPECT_EQ(read_file(stage.path() / "part.bin").value(), "done");
    EXPECT_TRUE(stage.add_file("manifest.json", kManifest));
    EXPECT_TRUE(stage.commit());
  }
  EXPECT_EQ(read_file(dir / "x" / "part.bin").value(), "done");
  EXPECT_FALSE(fs::exists(dir / "x" / kStagingMark));
  EXPECT_FALSE(fs::exists(dir / "x.partial"));

  fs::remove_all(dir / "x");
  interrupt();
  {
    StagingDirectory stage = StagingDirectory::create(dir / "x", {.force = true}).value();
    EXPECT_EQ(stage.resume_point(), "");
    EXPECT_FALSE(fs::exists(stage.path() / "part.bin"));
  }
  EXPECT_FALSE(fs::exists(dir / "x.partial"));
}

TEST(StagingDirectory, LeavesAFolderOfSomebodyElseAlone) {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "x.partial");
  ASSERT_TRUE(write_file(dir / "x.partial" / "letter.txt", "dear"));
  EXPECT_EQ(make_artefact(dir / "x", {}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(fs::exists(dir / "x.partial" / "letter.txt"));
}

TEST(StagingDirectory, ForceTakesNeitherOtherFilesNorOtherKindsOfArtefacts) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(make_artefact(dir / "x", {}));
  ASSERT_TRUE(write_file(dir / "x" / "notes.txt", "mine"));
  const auto with_notes = make_artefact(dir / "x", {.force = true});
  ASSERT_FALSE(with_notes);
  EXPECT_NE(with_notes.error().message.find("'notes.txt'"), std::string::npos);
  EXPECT_TRUE(fs::exists(dir / "x" / "notes.txt"));

  fs::create_directory(dir / "corpus");
  ASSERT_TRUE(write_file(dir / "corpus" / "manifest.json", R"({"format": "yurai-corpus"})"));
  const auto other = make_artefact(dir / "corpus", {.force = true});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("is a yurai-corpus, which a yurai-test does not replace"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(dir / "corpus" / "a.bin"));
  EXPECT_FALSE(fs::exists(dir / "corpus.partial"));
}

TEST(File, RefusesNamesThatAreNoNewFolder) {
  EXPECT_FALSE(StagingDirectory::create("/", {}));
  EXPECT_FALSE(StagingDirectory::create("..", {}));
  EXPECT_FALSE(StagingDirectory::create("", {}));
}

TEST(File, ErrorsNameThePathWithoutControlCharacters) {
  EXPECT_EQ(read_file("no/such\x1b").error().message,
            "open 'no/such\\u001b': No such file or directory");
  EXPECT_FALSE(read_file("."));
}

TEST(File, DoesNotWaitForAPipe) {
  const TemporaryDirectory dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  const auto pipe = read_file(dir / "pipe");
  ASSERT_FALSE(pipe);
  EXPECT_EQ(pipe.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(pipe.error().message.find("pipe' is no regular file"), std::string::npos);
}

TEST(File, WriteFileReplacesAtomically) {
  const TemporaryDirectory dir;
  ASSERT_TRUE(write_file(dir / "f", "one"));
  for (uint64_t fail_at = 0; fail_at < 4; ++fail_at) {
    FailingDisk disk(fail_at);
    EXPECT_FALSE(write_file(dir / "f", "two", disk));
    EXPECT_EQ(read_file(dir / "f").value(), "one");
    EXPECT_FALSE(fs::exists(dir / "f.partial"));
  }
}

}  // namespace
}  // namespace yurai
