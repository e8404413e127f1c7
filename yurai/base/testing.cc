#include "yurai/base/testing.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace yurai::testing {
namespace {

class FailingFile final : public WritableFile {
 public:
  FailingFile(FailingDisk& disk, std::unique_ptr<WritableFile> file)
      : disk_(&disk), file_(std::move(file)) {}
  Result<void> append(std::string_view bytes) override {
    YURAI_TRY(disk_->step());
    return file_->append(bytes);
  }
  Result<void> close() override {
    YURAI_TRY(disk_->step());
    return file_->close();
  }

 private:
  FailingDisk* disk_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "yurai-test-XXXXXX").string();
  YURAI_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path test_data() {
  const char* given = std::getenv("YURAI_TEST_DATA");
  if (given != nullptr && *given != '\0') return given;
  const char* source = std::getenv("YURAI_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : ".") / "../shared/data";
}

uint64_t test_seed() {
  static const uint64_t seed = [] {
    const char* text = std::getenv("YURAI_TEST_SEED");
    const uint64_t value = text == nullptr ? 20261123 : std::strtoull(text, nullptr, 10);
    fmt::print("YURAI_TEST_SEED={}\n", value);
    return value;
  }();
  return seed;
}

Result<void> FailingDisk::step() {
  if (num_operations_++ < fail_at_) return {};
  if (how_ == How::kKill) ::raise(SIGKILL);
  return fail(io_error("write", "failing disk", ENOSPC));
}

Result<std::unique_ptr<WritableFile>> FailingDisk::create(const std::filesystem::path& path) {
  YURAI_TRY(step());
  YURAI_ASSIGN(auto file, posix_disk().create(path));
  return std::unique_ptr<WritableFile>(std::make_unique<FailingFile>(*this, std::move(file)));
}

Result<void> FailingDisk::rename(const std::filesystem::path& from,
                                 const std::filesystem::path& to) {
  YURAI_TRY(step());
  return posix_disk().rename(from, to);
}

Result<void> FailingDisk::sync_directory(const std::filesystem::path& path) {
  YURAI_TRY(step());
  return posix_disk().sync_directory(path);
}

bool survives(uint64_t die_at, const std::function<Result<void>(Disk&)>& change) {
  const pid_t child = ::fork();
  if (child == 0) {
    FailingDisk disk(die_at, FailingDisk::How::kKill);
    ::_exit(change(disk) ? 0 : 1);
  }
  int status = 0;
  YURAI_CHECK(child > 0 && ::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return false;
  YURAI_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return true;
}

}  // namespace yurai::testing
