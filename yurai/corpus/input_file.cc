#include "yurai/corpus/input_file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
constexpr size_t kMagicBytes = 4;

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

/// A zstd frame, or a skippable one.
bool is_zstd(std::string_view bytes) {
  if (bytes.size() < kMagicBytes) return false;
  return bytes.starts_with("\x28\xb5\x2f\xfd") ||
         ((static_cast<unsigned char>(bytes[0]) & 0xF0) == 0x50 &&
          bytes.substr(1).starts_with("\x2a\x4d\x18"));
}

/// A file, or the standard input, which is read front to back.
class Source {
 public:
  static Result<Source> open(const std::filesystem::path& path) {
    Source source;
    source.path_ = path;
    if (path != kStandardInput) {
      YURAI_ASSIGN(ReadableFile file, ReadableFile::open(path));
      source.file_ = std::move(file);
    }
    return source;
  }

  const std::filesystem::path& path() const { return path_; }

  /// `offset` is where the last read ended.
  Result<size_t> read(uint64_t offset, std::span<char> out) const {
    if (file_) return file_->read(offset, out);
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = ::read(STDIN_FILENO, out.data() + done, out.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(io_error("read", "standard input", errno));
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

 private:
  std::filesystem::path path_;
  std::optional<ReadableFile> file_;
};

}  // namespace

struct InputFile::State {
  State(Source opened, Compression kind, DecompressionLimits allowed)
      : file(std::move(opened)), compression(kind), limits(allowed) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (zlib_open) inflateEnd(&zlib);
    ZSTD_freeDCtx(zstd);
  }

  Result<void> start();
  Result<void> refill();
  Result<size_t> read(std::span<char> out);
  Result<size_t> read_plain(std::span<char> out);
  Result<size_t> inflate_some(std::span<char> out);
  Result<size_t> unzstd_some(std::span<char> out);
  Result<bool> begin_part();

  uint64_t consumed() const { return file_offset - (end - begin); }
  std::string_view waiting() const { return {buffer.data() + begin, end - begin}; }
  tl::unexpected<Error> broken(std::string_view what, ErrorCode code = ErrorCode::kCorrupt) const {
    return fail(code, fmt::format("'{}', byte {}: {}", for_terminal(file.path().string()),
                                  consumed(), what));
  }

  Source file;
  Compression compression;
  DecompressionLimits limits;
  Sha256 hash;
  std::string buffer;  ///< stored bytes; [begin, end) are not decoded yet
  size_t begin = 0;
  size_t end = 0;
  uint64_t file_offset = 0;  ///< of buffer[end]
  bool part_open = false;    ///< inside a gzip member or a zstd frame
  uint64_t num_parts = 0;
  uint64_t bytes_out = 0;
  z_stream zlib{};
  bool zlib_open = false;
  ZSTD_DCtx* zstd = nullptr;
};

Result<void> InputFile::State::start() {
  if (compression != Compression::kNone) buffer.resize(kChunkBytes);
  if (compression == Compression::kGzip) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    zlib_open = inflateInit2(&zlib, kGzipOnly) == Z_OK;
    if (!zlib_open) return fail(ErrorCode::kResourceExhausted, "no memory for zlib");
  }
  if (compression == Compression::kZstd) {
    zstd = ZSTD_createDCtx();
    if (zstd == nullptr) return fail(ErrorCode::kResourceExhausted, "no memory for zstd");
    ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, limits.max_window_log);
  }
  return {};
}

/// Puts more stored bytes behind those that wait.
Result<void> InputFile::State::refill() {
  std::memmove(buffer.data(), buffer.data() + begin, end - begin);
  end -= begin;
  begin = 0;
  YURAI_ASSIGN(const size_t got, file.read(file_offset, std::span<char>(buffer).subspan(end)));
  hash.update({buffer.data() + end, got});
  end += got;
  file_offset += got;
  return {};
}

/// At the border of members or frames: whether another one begins.
Result<bool> InputFile::State::begin_part() {
  if (end - begin < kMagicBytes) YURAI_TRY(refill());
  const bool gzip = compression == Compression::kGzip;
  if (begin == end) {
    if (num_parts > 0) return false;
    return broken(fmt::format("the file is empty, so it is no {} file", gzip ? "gzip" : "zstd"));
  }
  if (gzip ? !is_gzip(waiting()) : !is_zstd(waiting())) {
    if (num_parts > 0) {
      return broken(fmt::format("no {} begins here, and the file goes on",
                                gzip ? "gzip member" : "zstd frame"));
    }
    return broken(fmt::format("no {} file: it does not begin with {}", gzip ? "gzip" : "zstd",
                              gzip ? "1f 8b" : "28 b5 2f fd"));
  }
  ++num_parts;
  part_open = true;
  return true;
}

Result<size_t> InputFile::State::inflate_some(std::span<char> out) {
  zlib.next_in = reinterpret_cast<Bytef*>(buffer.data() + begin);
  zlib.avail_in = static_cast<uInt>(end - begin);
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&zlib, Z_NO_FLUSH);
  begin = end - zlib.avail_in;
  if (status == Z_STREAM_END) {
    part_open = false;
    inflateReset(&zlib);
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    return broken(fmt::format("damaged gzip data ({})",
                              zlib.msg != nullptr ? zlib.msg : "no dictionary is known"));
  }
  return out.size() - zlib.avail_out;
}

Result<size_t> InputFile::State::unzstd_some(std::span<char> out) {
  ZSTD_inBuffer in{buffer.data() + begin, end - begin, 0};
  ZSTD_outBuffer produced{out.data(), out.size(), 0};
  const size_t status = ZSTD_decompressStream(zstd, &produced, &in);
  begin += in.pos;
  if (ZSTD_isError(status)) {
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
      return broken(fmt::format("the zstd frame wants a window of more than {} MiB; compress it "
                                "again without --ultra or --long",
                                (1ull << limits.max_window_log) >> 20),
                    ErrorCode::kResourceExhausted);
    }
    return broken(fmt::format("damaged zstd data ({})", ZSTD_getErrorName(status)));
  }
  if (status == 0) part_open = false;
  return produced.pos;
}

Result<size_t> InputFile::State::read_plain(std::span<char> out) {
  YURAI_ASSIGN(const size_t got, file.read(file_offset, out));
  hash.update({out.data(), got});
  file_offset += got;
  return got;
}

Result<size_t> InputFile::State::read(std::span<char> out) {
  if (compression == Compression::kNone) return read_plain(out);
  size_t done = 0;
  while (done < out.size()) {
    if (!part_open) {
      YURAI_ASSIGN(const bool another, begin_part());
      if (!another) break;
    }
    const size_t begin_before = begin;
    // Small pieces, so that the limits are seen to be passed soon after they are.
    const auto piece = out.subspan(done, std::min(out.size() - done, kChunkBytes));
    YURAI_ASSIGN(const size_t got,
                 compression == Compression::kGzip ? inflate_some(piece) : unzstd_some(piece));
    done += got;
    bytes_out += got;
    if (bytes_out > limits.max_bytes) {
      return broken(fmt::format("more than {} bytes come out; split the file", limits.max_bytes),
                    ErrorCode::kResourceExhausted);
    }
    if (bytes_out > limits.ratio_from_bytes && bytes_out > limits.max_ratio * consumed()) {
      return broken(fmt::format("it expands more than {} times ({} bytes so far)", limits.max_ratio,
                                bytes_out),
                    ErrorCode::kResourceExhausted);
    }
    if (got == 0 && part_open && begin == end) {
      YURAI_TRY(refill());
      if (begin == end) return broken("the file is cut off here");
    } else if (got == 0 && part_open && begin == begin_before) {
      return broken("damaged data: the decoder does not go on");
    }
  }
  return done;
}

InputFile::InputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
InputFile::InputFile(InputFile&&) noexcept = default;
InputFile& InputFile::operator=(InputFile&&) noexcept = default;
InputFile::~InputFile() = default;

Result<InputFile> InputFile::open(const std::filesystem::path& path, Compression compression,
                                  DecompressionLimits limits) {
  YURAI_ASSIGN(Source file, Source::open(path));
  auto state = std::make_unique<State>(std::move(file), compression, limits);
  YURAI_TRY(state->start());
  return InputFile(std::move(state));
}

Result<size_t> InputFile::read(std::span<char> out) { return state_->read(out); }
uint64_t InputFile::stored_bytes_read() const { return state_->file_offset; }
std::string InputFile::stored_sha256() { return state_->hash.hex(); }

}  // namespace yurai
