#include "yurai/corpus/corpus_export.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "yurai/base/json.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/input_file.h"
#include "yurai/corpus/parquet.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = 256 << 10;
constexpr int kZstdLevel = 3;

/// A file that is compressed while it is written.
class CompressedFile {
 public:
  CompressedFile(NewFile file, Compression compression)
      : file_(std::move(file)), compression_(compression), piece_(kChunkBytes, '\0') {}
  CompressedFile(const CompressedFile&) = delete;
  CompressedFile& operator=(const CompressedFile&) = delete;
  ~CompressedFile() {
    if (zlib_open_) deflateEnd(&zlib_);
    ZSTD_freeCCtx(zstd_);
  }

  Result<void> start() {
    if (compression_ == Compression::kGzip) {
      constexpr int kGzip = 16 + MAX_WBITS;
      zlib_open_ = deflateInit2(&zlib_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8,
                                Z_DEFAULT_STRATEGY) == Z_OK;
      if (!zlib_open_) return fail(ErrorCode::kResourceExhausted, "no memory for zlib");
    }
    if (compression_ == Compression::kZstd) {
      zstd_ = ZSTD_createCCtx();
      if (zstd_ == nullptr) return fail(ErrorCode::kResourceExhausted, "no memory for zstd");
      ZSTD_CCtx_setParameter(zstd_, ZSTD_c_compressionLevel, kZstdLevel);
      ZSTD_CCtx_setParameter(zstd_, ZSTD_c_checksumFlag, 1);
    }
    return {};
  }

  Result<void> append(std::string_view bytes) { return write(bytes, false); }

  Result<void> commit() {
    YURAI_TRY(write({}, true));
    return file_.commit();
  }

 private:
  Result<void> write(std::string_view bytes, bool last) {
    if (compression_ == Compression::kNone) return file_.append(bytes);
    return compression_ == Compression::kGzip ? deflate_all(bytes, last) : zstd_all(bytes, last);
  }

  Result<void> deflate_all(std::string_view bytes, bool last) {
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    zlib_.avail_in = static_cast<uInt>(bytes.size());
    do {
      zlib_.next_out = reinterpret_cast<Bytef*>(piece_.data());
      zlib_.avail_out = static_cast<uInt>(piece_.size());
      (void)deflate(&zlib_, last ? Z_FINISH : Z_NO_FLUSH);
      YURAI_TRY(file_.append({piece_.data(), piece_.size() - zlib_.avail_out}));
    } while (zlib_.avail_out == 0);
    return {};
  }

  Result<void> zstd_all(std::string_view bytes, bool last) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out{piece_.data(), piece_.size(), 0};
      const size_t left =
          ZSTD_compressStream2(zstd_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0U) {
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("zstd: {}", ZSTD_getErrorName(left)));
      }
      YURAI_TRY(file_.append({piece_.data(), out.pos}));
      if (last ? left == 0 : in.pos == in.size) return {};
    }
  }

  NewFile file_;
  Compression compression_;
  std::string piece_;
  z_stream zlib_{};
  bool zlib_open_ = false;
  ZSTD_CCtx* zstd_ = nullptr;
};

Result<void> write_json_lines(const Corpus& corpus, CompressedFile& file,
                              const Progress& progress) {
  YURAI_TRY(file.start());
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    Json row = Json::object();
    for (size_t i = 0; i < kDocumentFields.size(); ++i) {
      const std::string& value = document.*kDocumentMembers[i];
      const bool always = kDocumentMembers[i] == &Document::text;
      if (always || !value.empty()) row[std::string(kDocumentFields[i])] = value;
    }
    YURAI_TRY(file.append(dump_json(row) + "\n"));
    progress("write", corpus.text_range(number).end, corpus.text().size_bytes());
  }
  return file.commit();
}

Result<void> sync_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(io_error("open", path, errno));
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) return fail(io_error("sync", path, error));
  return {};
}

struct Suffix {
  bool parquet = false;
  Compression compression = Compression::kNone;
};

Result<Suffix> suffix_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.ends_with(".parquet")) return Suffix{.parquet = true};
  if (name.ends_with(".jsonl")) return Suffix{};
  if (name.ends_with(".jsonl.gz")) return Suffix{.compression = Compression::kGzip};
  if (name.ends_with(".jsonl.zst")) return Suffix{.compression = Compression::kZstd};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}': a corpus is exported to .jsonl, .jsonl.gz, .jsonl.zst or .parquet",
                          for_terminal(file.string())));
}

}  // namespace

Result<void> check_export_name(const fs::path& file) {
  YURAI_TRY(suffix_of(file));
  return {};
}

Result<void> export_corpus(const Corpus& corpus, const fs::path& file,
                           const CorpusExportOptions& options, const Progress& progress) {
  YURAI_ASSIGN(const Suffix suffix, suffix_of(file));
  Disk& disk = options.disk != nullptr ? *options.disk : posix_disk();
  YURAI_ASSIGN(NewFile out, NewFile::create(file, {.force = options.force, .disk = &disk}));
  if (!suffix.parquet) {
    CompressedFile compressed(std::move(out), suffix.compression);
    return write_json_lines(corpus, compressed, progress);
  }
  fs::path partial = file;  // where `out` is until it is committed
  partial += ".partial";
  YURAI_TRY(write_parquet(corpus, partial, progress));
  YURAI_TRY(sync_file(partial));
  return out.commit();
}

}  // namespace yurai
