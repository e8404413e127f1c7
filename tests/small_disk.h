#pragma once

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "yurai/base/file.h"

/// For tests of full disks.
namespace yurai {

/// A real file system that is small; unmounted with the object.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = set_size("size=1m", 0);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void grow() { ASSERT_TRUE(set_size("size=64m", MS_REMOUNT)) << std::strerror(errno); }

 private:
  bool set_size(const char* size, unsigned long flags) {
    return ::mount("tmpfs", path_.c_str(), "tmpfs", flags, size) == 0;
  }
  std::filesystem::path path_;
  bool mounted_ = false;
};

/// The files of a folder and its folders, by name.
using Files = std::map<std::string, std::string>;

inline Files files_of(const std::filesystem::path& dir) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(dir).generic_string()] = read_file(entry.path()).value();
  }
  return files;
}

}  // namespace yurai
