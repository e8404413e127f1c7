#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// Files and artefact folders that are whole or absent.
///
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("corpus", {.force = false}));
///     YURAI_ASSIGN(auto file, stage.create_file("text.bin"));
///     YURAI_TRY(file->append(bytes));
///     YURAI_TRY(file->close());
///     YURAI_TRY(stage.commit());   // "corpus" appears, complete and synced, or not at all
namespace yurai {

/// A file being written front to back. Errors stick: after one, every call fails.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
  /// Hands to the operating system what was appended: others see it, and it outlives the process.
  virtual Result<void> flush() = 0;
  /// The same, and it is on the disk when this returns; more may follow.
  virtual Result<void> sync() = 0;
  /// Flushes and fsyncs, then closes; nothing else may follow. Destruction without it abandons the
  /// file.
  virtual Result<void> close() = 0;
};

/// What changes a disk; a folder renamed to one that is not empty changes places with it. A seam.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<WritableFile>> create(const std::filesystem::path& path) = 0;
  /// Opens the file that is there, cut to its first `bytes` bytes (it must have them), to go on.
  virtual Result<std::unique_ptr<WritableFile>> reopen(const std::filesystem::path& path,
                                                       uint64_t bytes) = 0;
  virtual Result<void> rename(const std::filesystem::path& from,
                              const std::filesystem::path& to) = 0;
  virtual Result<void> sync_directory(const std::filesystem::path& path) = 0;
};

/// The real disk. Stateless and thread-safe.
Disk& posix_disk();

/// A file opened for reading at offsets. Thread-safe.
class ReadableFile {
 public:
  enum class Mode { kCached, kDirect };  ///< kDirect (O_DIRECT) wants 4096-aligned reads

  static Result<ReadableFile> open(const std::filesystem::path& path, Mode mode = Mode::kCached);
  ReadableFile(ReadableFile&& other) noexcept;
  ReadableFile& operator=(ReadableFile&& other) noexcept;
  ~ReadableFile();

  uint64_t size_bytes() const { return size_bytes_; }
  const std::filesystem::path& path() const { return path_; }

  /// Fills as much of `out` as the file has from `offset` and returns that many bytes.
  Result<size_t> read(uint64_t offset, std::span<char> out) const;
  /// Fills all of `out`, or fails with kCorrupt that names the file and the byte.
  Result<void> read_exactly(uint64_t offset, std::span<char> out) const;

  struct Request {
    uint64_t offset = 0;
    std::span<char> out;
    size_t done = 0;  ///< bytes that the file has there
  };
  /// Like `read` for each, all of them at once (io_uring) where the kernel lets us.
  Result<void> read_batch(std::span<Request> requests) const;

 private:
  friend class ReadQueue;
  ReadableFile(std::filesystem::path path, int fd, uint64_t size_bytes);

  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t size_bytes_ = 0;
};

/// Reads a whole file of at most `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t max_bytes = 1ull << 30);

/// Replaces `path` by `bytes`: temporary file, fsync, rename, fsync of the folder.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes,
                        Disk& disk = posix_disk());

/// Gives the disk space of whole blocks in bytes [begin, end) of a file back: they read as zeros
/// then. Does nothing where the file system cannot.
void free_file_range(const std::filesystem::path& path, uint64_t begin, uint64_t end);

/// A file that is whole or absent: written as `<path>.partial`, which becomes `path` at the end.
/// Where `path` is a device or a pipe, what is written goes there as it comes. Not committed, it is
/// removed on destruction. Not thread-safe.
///
///     YURAI_ASSIGN(NewFile file, NewFile::create("decisions.jsonl", {.force = false}));
///     YURAI_TRY(file.append(line));
///     YURAI_TRY(file.commit());
class NewFile {
 public:
  struct Options {
    bool force = false;    ///< replace a regular file
    Disk* disk = nullptr;  ///< nullptr: posix_disk()
  };

  /// kAlreadyExists when there is something at `path` that must not be replaced.
  static Result<NewFile> create(const std::filesystem::path& path, Options options);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  Result<void> append(std::string_view bytes) { return file_->append(bytes); }
  /// Flushes, renames, and flushes the folder. Nothing else may follow.
  Result<void> commit();

 private:
  NewFile() = default;

  std::filesystem::path target_;
  std::filesystem::path path_;  ///< where the bytes are now; empty: nothing is to be removed
  Options options_;
  std::unique_ptr<WritableFile> file_;
};

/// What `NewFile::create` says of a path before any work: kAlreadyExists, or nothing.
Result<void> check_new_file(const std::filesystem::path& path, bool force);

/// Of an artefact's folder: what it is and what it holds.
inline constexpr std::string_view kManifestName = "manifest.json";

/// Lies in a staging folder as long as it is one, so that no other folder is taken for one. Holds
/// the resume point, if there is one.
inline constexpr std::string_view kStagingMark = ".yurai-partial";

/// An artefact folder under construction, in `<target>.partial` beside the target. One writer at a
/// time (a lock that dies with the process); what an earlier, killed writer left is removed, a
/// folder of somebody else refused. Not committed, it is removed on destruction, unless it has a
/// resume point.
class StagingDirectory {
 public:
  struct Options {
    /// Replace the target, if it is an artefact folder that holds nothing but what its
    /// manifest.json lists. What replaces it must have the same format.
    bool force = false;
    /// Leave the files of an earlier writer that had a resume point. Without this and without
    /// `force` such a folder is refused.
    bool resume = false;
    Disk* disk = nullptr;  ///< nullptr: posix_disk()
  };

  static Result<StagingDirectory> create(const std::filesystem::path& target, Options options);
  StagingDirectory(StagingDirectory&& other) noexcept;
  StagingDirectory& operator=(StagingDirectory&&) = delete;
  ~StagingDirectory();

  const std::filesystem::path& path() const { return path_; }      ///< where files are now
  const std::filesystem::path& target() const { return target_; }  ///< where they will be

  Disk& disk() const { return *disk_; }

  Result<std::unique_ptr<WritableFile>> create_file(std::string_view name);
  Result<void> add_file(std::string_view name, std::string_view bytes);

  /// What a later writer needs to go on from the files that are here, all of them closed. Replaces
  /// the last one in one step; from now on the folder outlives a failure.
  Result<void> save_resume_point(std::string_view bytes);
  /// The last one; of an earlier writer with `resume`. Empty: there is none.
  const std::string& resume_point() const { return resume_point_; }

  /// Syncs the folder and moves it to the target, atomically.
  Result<void> commit();

 private:
  StagingDirectory() = default;

  std::filesystem::path target_;
  std::filesystem::path path_;
  Disk* disk_ = nullptr;
  bool force_ = false;
  bool committed_ = false;
  int lock_fd_ = -1;
  std::string resume_point_;
};

/// "open 'x/y': No such file or directory" with the code that fits `error_number`.
Error io_error(std::string_view action, const std::filesystem::path& path, int error_number);

}  // namespace yurai
