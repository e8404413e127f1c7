#include <lz4.h>
#include <zlib.h>

#include <limits>
#include <string>

#include "yurai/curate/filter.h"

namespace yurai {
namespace {

/// A deflate stream that is used again: setting one up costs more than a short text.
class Deflater {
 public:
  Deflater() { ready_ = deflateInit(&stream_, 9) == Z_OK; }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() {
    if (ready_) deflateEnd(&stream_);
  }

  /// Bytes of `text` in zlib's format; 0 without memory. What comes out is not looked at, so it all
  /// goes to the same place.
  uint64_t compressed_bytes(std::string_view text) {
    if (!ready_ || deflateReset(&stream_) != Z_OK) return 0;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    uint64_t total = 0;
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      const size_t piece = std::min<size_t>(text.size(), 1u << 30);
      if (stream_.avail_in == 0) {
        stream_.avail_in = static_cast<uInt>(piece);
        text.remove_prefix(piece);
      }
      stream_.next_out = out_.data();
      stream_.avail_out = static_cast<uInt>(out_.size());
      status = deflate(&stream_, text.empty() ? Z_FINISH : Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) return 0;
      total += out_.size() - stream_.avail_out;
    }
    return total;
  }

 private:
  z_stream stream_{};
  std::vector<Bytef> out_ = std::vector<Bytef>(64 << 10);
  bool ready_ = false;
};

double share(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// Stock zlib, level 9, with its header and checksum: other deflaters give other sizes.
class ZlibRatio final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<ZlibRatio>(); }
  Measurement measure(const Subject& subject, bool) const override {
    if (subject.text.empty()) return {};
    thread_local Deflater deflater;
    const uint64_t bytes = deflater.compressed_bytes(subject.text);
    if (bytes == 0) return {};
    return {.value = share(bytes, subject.text.size())};
  }
};

class Lz4Ratio final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<Lz4Ratio>(); }
  Measurement measure(const Subject& subject, bool) const override {
    const std::string_view text = subject.text;
    if (text.empty() || text.size() > LZ4_MAX_INPUT_SIZE) return {};
    thread_local std::string out;
    const int size = static_cast<int>(text.size());
    const auto bound = static_cast<size_t>(LZ4_compressBound(size));
    if (out.size() < bound) out.resize(bound);
    const int bytes = LZ4_compress_default(text.data(), out.data(), size, LZ4_compressBound(size));
    if (bytes <= 0) return {};
    return {.value = share(static_cast<uint64_t>(bytes), text.size())};
  }
};

constexpr FilterInfo kFilters[] = {
    {.name = "zlib_ratio",
     .unit = "ratio",
     .bounds = {.min = 0.30, .max = 0.70},
     .source = "llm-jp-corpus v1",
     .english = "Bytes after zlib level 9 to bytes of the text: low repeats itself, high is noise",
     .japanese = "zlib（レベル 9）での圧縮率。低いと繰り返し、高いと雑音",
     .make = ZlibRatio::make},
    {.name = "lz4_ratio",
     .unit = "ratio",
     .bounds = {.min = 0.30, .max = 0.95},
     .source = "Yurai; the compression-ratio rule with a faster compressor",
     .english = "Bytes after LZ4 to bytes of the text",
     .japanese = "LZ4 での圧縮率",
     .make = Lz4Ratio::make},
};

}  // namespace

std::span<const FilterInfo> compression_filters() { return kFilters; }

}  // namespace yurai
