#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <string>

#include "yurai/base/file.h"

/// What tests share: a folder that goes away, a printed seed, a disk that fails.
namespace yurai::testing {

/// A fresh folder, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The seed of this run: YURAI_TEST_SEED, or a fixed one; printed once.
uint64_t test_seed();

/// The folder of golden data: YURAI_TEST_DATA, or ../shared/data beside the sources. It may be
/// absent.
std::filesystem::path test_data();

/// A disk whose operation number `fail_at` (creates, appends, closes, renames and syncs, from 0)
/// and all later ones fail as a full disk does, or kill the process as kill -9 does. Counts
/// operations when `fail_at` is never reached.
class FailingDisk final : public Disk {
 public:
  enum class How { kFull, kKill };

  explicit FailingDisk(uint64_t fail_at, How how = How::kFull) : fail_at_(fail_at), how_(how) {}
  Result<std::unique_ptr<WritableFile>> create(const std::filesystem::path& path) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> sync_directory(const std::filesystem::path& path) override;
  uint64_t num_operations() const { return num_operations_; }
  Result<void> step();

 private:
  uint64_t fail_at_;
  How how_;
  uint64_t num_operations_ = 0;
};

/// Runs `change` in a process of its own, on a disk that kills it before operation `die_at`;
/// whether it lived to the end, and then it must have succeeded.
bool survives(uint64_t die_at, const std::function<Result<void>(Disk&)>& change);

}  // namespace yurai::testing
