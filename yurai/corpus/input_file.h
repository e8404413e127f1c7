#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "yurai/base/result.h"

/// An input as a stream of bytes, decompressed, in bounded memory.
///
///     YURAI_ASSIGN(InputFile file, InputFile::open("a.jsonl.zst", Compression::kZstd));
///     YURAI_ASSIGN(const size_t got, file.read(buffer));   // 0 at the end
namespace yurai {

enum class Compression { kNone, kGzip, kZstd };

/// The path under which the standard input is opened.
inline constexpr std::string_view kStandardInput = "/dev/stdin";

/// What a compressed file may do to us before it counts as broken.
struct DecompressionLimits {
  uint64_t max_bytes = 64ull << 30;     ///< decompressed
  uint64_t max_ratio = 10'000;          ///< decompressed to compressed bytes …
  uint64_t ratio_from_bytes = 1 << 20;  ///< … once more than this came out
  int max_window_log = 27;              ///< zstd: memory for the window, 2^27 = 128 MiB
};

/// Reads front to back: .gz with any number of members, .zst with any number of frames. A
/// compressed file that is empty, cut short, damaged or beyond the limits is kCorrupt or
/// kResourceExhausted, naming the file and the byte of it. Not thread-safe.
class InputFile {
 public:
  static Result<InputFile> open(const std::filesystem::path& path, Compression compression,
                                DecompressionLimits limits = {});
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  /// Fills `out` as far as the input goes; 0 at its end.
  Result<size_t> read(std::span<char> out);

  uint64_t stored_bytes_read() const;  ///< of the file as it is on the disk
  /// SHA-256 of the file as it is on the disk, hex. Once, after `read` has returned 0.
  std::string stored_sha256();

 private:
  struct State;
  explicit InputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai
