#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"

/// Large read-only files in pages of 4 KiB that prove themselves: the last four bytes of a page are
/// the low half of the XXH3 of the others, seeded with the page's number. Nothing of a file but its
/// size is needed at open, however long it is.
namespace yurai {

inline constexpr size_t kPageBytes = 4096;
inline constexpr size_t kPagePayload = kPageBytes - sizeof(uint32_t);

/// A page to read into 4096 bytes of memory, which are 4096-aligned in kDirect mode.
struct PageRequest {
  uint64_t number = 0;
  char* out = nullptr;
};

/// An immutable opened page file. Thread-safe.
class PageFile {
 public:
  /// `kDirect` reads past the operating system's cache. Fails when the file has another size.
  static Result<PageFile> open(const std::filesystem::path& path, uint64_t num_pages,
                               ReadableFile::Mode mode = ReadableFile::Mode::kCached);

  uint64_t num_pages() const { return num_pages_; }
  const std::filesystem::path& path() const { return file_.path(); }
  /// Differs between all files that this process has opened.
  uint64_t id() const { return id_; }

  /// Reads pages < num_pages() and proves each (kCorrupt); several at once where the kernel can.
  Result<void> read(std::span<const PageRequest> requests) const;
  Result<void> read(uint64_t number, char* out) const;

  /// Proves every page. For `yurai info --verify`.
  Result<void> verify() const;

  // To read a page by other means: its place in the file, and the proof of what was read from
  // there.
  const ReadableFile& file() const { return file_; }
  uint64_t offset_of(uint64_t number) const;
  Result<void> prove(const PageRequest& request, size_t got) const;

 private:
  PageFile(ReadableFile file, uint64_t num_pages);

  ReadableFile file_;
  uint64_t num_pages_ = 0;
  uint64_t id_ = 0;
};

/// Memory for one page.
struct alignas(kPageBytes) PageBuffer {
  std::array<char, kPageBytes> bytes;
};

/// Writes a page file into a staging folder.
class PageFileWriter {
 public:
  static Result<PageFileWriter> create(StagingDirectory& stage, std::string_view name);

  /// The next page, of at most kPagePayload bytes; zeros follow.
  Result<void> append(std::string_view payload);
  Result<void> close();
  uint64_t num_pages() const { return num_pages_; }

 private:
  explicit PageFileWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  std::unique_ptr<WritableFile> file_;
  uint64_t num_pages_ = 0;
};

}  // namespace yurai
