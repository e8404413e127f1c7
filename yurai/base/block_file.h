#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"

/// Large read-only files in 4 KiB blocks, each with a checksum that is proven whenever the block is
/// read from the file: NAME holds the bytes, NAME.sums a little-endian u32 a block (the low half of
/// its XXH3; the last block is padded with zeros for it, in memory only).
///
///     BlockReader reader(file);                           // one query's view; not thread-safe
///     YURAI_ASSIGN(std::string_view block, reader.block(7));
///     reader.num_reads();                                 // 1
namespace yurai {

inline constexpr size_t kBlockBytes = 4096;

/// An immutable opened block file. Thread-safe.
class BlockFile {
 public:
  /// `kDirect` reads past the operating system's cache. Fails when the sizes of the file, of its
  /// `.sums` and `size_bytes` (from the manifest) don't agree.
  static Result<BlockFile> open(const std::filesystem::path& path, uint64_t size_bytes,
                                ReadableFile::Mode mode = ReadableFile::Mode::kCached);

  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t num_blocks() const { return (size_bytes_ + kBlockBytes - 1) / kBlockBytes; }
  const std::filesystem::path& path() const { return file_.path(); }

  /// Reads block `number` < num_blocks() into `out`, zero-filled past the end of the file, and
  /// proves its checksum (kCorrupt). `out` must be 4096-aligned in kDirect mode.
  Result<void> read_block(uint64_t number, char* out) const;

  /// Proves every block. For `yurai info --verify`.
  Result<void> verify() const;

 private:
  BlockFile(ReadableFile file, uint64_t size_bytes, std::vector<uint32_t> sums)
      : file_(std::move(file)), size_bytes_(size_bytes), sums_(std::move(sums)) {}

  ReadableFile file_;
  uint64_t size_bytes_ = 0;
  std::vector<uint32_t> sums_;
};

/// One query's view of a block file: every block is read once and then kept until the reader goes.
/// Counts the reads. Not thread-safe.
class BlockReader {
 public:
  explicit BlockReader(const BlockFile& file) : file_(&file) {}

  /// The 4096 bytes of block `number`; valid as long as the reader.
  Result<std::string_view> block(uint64_t number);

  /// Copies `size` bytes from `offset`; the range must lie inside the file.
  Result<std::string> bytes(uint64_t offset, uint64_t size);

  const BlockFile& file() const { return *file_; }
  uint64_t num_reads() const { return blocks_.size(); }

 private:
  struct alignas(kBlockBytes) Block {
    std::array<char, kBlockBytes> bytes;
  };
  const BlockFile* file_;
  std::unordered_map<uint64_t, std::unique_ptr<Block>> blocks_;
};

/// Writes NAME and NAME.sums into a staging folder.
class BlockFileWriter {
 public:
  static Result<BlockFileWriter> create(StagingDirectory& stage, std::string_view name);

  Result<void> append(std::string_view bytes);
  Result<void> close();
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  BlockFileWriter(StagingDirectory& stage, std::string_view name,
                  std::unique_ptr<WritableFile> file)
      : stage_(&stage), name_(name), file_(std::move(file)) {}
  void finish_block();

  StagingDirectory* stage_;
  std::string name_;
  std::unique_ptr<WritableFile> file_;
  std::string block_;
  std::string sums_;
  uint64_t size_bytes_ = 0;
};

}  // namespace yurai
