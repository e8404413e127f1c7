#pragma once

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "yurai/base/result.h"

/// Compressed bytes for tests.
namespace yurai::testing {

/// One gzip member.
inline std::string gzip(std::string_view text) {
  z_stream stream{};
  YURAI_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  YURAI_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// One zstd frame with a checksum, without the size of its content; `window_log` 0: the default.
inline std::string zstd(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer produced{out.data(), out.size(), 0};
  // The text is given before the end, so that the frame is written as a stream is.
  ZSTD_compressStream2(context, &produced, &in, ZSTD_e_continue);
  YURAI_CHECK(ZSTD_compressStream2(context, &produced, &in, ZSTD_e_end) == 0);
  out.resize(produced.pos);
  ZSTD_freeCCtx(context);
  return out;
}

}  // namespace yurai::testing
