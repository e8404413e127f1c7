#include "yurai/corpus/http_response.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr size_t kMaxShownBytes = 100;

/// What the header of a response says; unknown fields and lines are passed over.
struct Header {
  std::string content_type;
  std::string content_encoding;
  std::string transfer_encoding;
};

Header parse_header(std::string_view lines) {
  Header header;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string name = to_lower(trim(line.substr(0, colon)));
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "content-type" && header.content_type.empty()) header.content_type = value;
    if (name == "content-encoding") header.content_encoding = to_lower(value);
    if (name == "transfer-encoding") header.transfer_encoding = to_lower(value);
  }
  return header;
}

/// The body without its chunks; nothing where it is not chunked as it should be.
std::optional<std::string> take_chunks_apart(std::string_view body) {
  std::string out;
  while (true) {
    const size_t end = body.find('\n');
    if (end == body.npos) return std::nullopt;
    const std::string_view line = trim(body.substr(0, std::min(body.find(';'), end)));
    size_t size = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (line.empty() || error != std::errc() || stop != line.data() + line.size()) {
      return std::nullopt;
    }
    body.remove_prefix(end + 1);
    if (size == 0) return out;
    if (size > body.size()) return std::nullopt;
    out += body.substr(0, size);
    body.remove_prefix(size);
    const size_t line_break = body.starts_with("\r\n") ? 2 : body.starts_with("\n") ? 1 : 0;
    if (line_break == 0) return std::nullopt;
    body.remove_prefix(line_break);
  }
}

struct Inflater {
  explicit Inflater(int window_bits) { open = inflateInit2(&stream, window_bits) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (open) inflateEnd(&stream);
  }
  z_stream stream{};
  bool open = false;
};

Result<std::string> inflate_body(std::string_view body, int window_bits, uint64_t max_bytes) {
  Inflater inflater(window_bits);
  if (!inflater.open) return fail(ErrorCode::kResourceExhausted, "no memory for zlib");
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::string piece(64 << 10, '\0');
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, 0, piece.size() - stream.avail_out);
    if (out.size() > max_bytes) {
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("a page of more than {} bytes", max_bytes));
    }
    if (status != Z_OK && status != Z_STREAM_END) {
      return fail(ErrorCode::kInvalidArgument, "the compressed page is damaged or cut off");
    }
  }
  return out;
}

Result<std::string> decompress_body(std::string_view body, std::string_view encoding,
                                    uint64_t max_bytes) {
  const bool gzip = body.starts_with("\x1f\x8b");
  const bool zlib =
      body.size() > 1 && (static_cast<unsigned char>(body[0]) & 0x0F) == 8 &&
      (static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1])) % 31 == 0;
  if (encoding.empty() || encoding == "identity" || body.empty()) return std::string(body);
  if (encoding == "gzip" || encoding == "x-gzip") {
    return gzip ? inflate_body(body, 16 + MAX_WBITS, max_bytes) : std::string(body);
  }
  if (encoding == "deflate") {
    if (zlib) return inflate_body(body, MAX_WBITS, max_bytes);
    auto raw = inflate_body(body, -MAX_WBITS, max_bytes);
    if (raw || raw.error().code == ErrorCode::kResourceExhausted) return raw;
    return std::string(body);
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("content encoding '{}' is not read (gzip and deflate are)",
                          for_terminal(encoding.substr(0, kMaxShownBytes))));
}

}  // namespace

void parse_content_type(std::string_view value, std::string& media_type, std::string& charset) {
  media_type = to_lower(trim(value.substr(0, value.find(';'))));
  charset.clear();
  const std::string parameters = to_lower(value);
  size_t at = parameters.find("charset");
  if (at == parameters.npos) return;
  at = parameters.find('=', at);
  if (at == parameters.npos) return;
  const std::string_view rest = std::string_view(parameters).substr(at + 1);
  charset = trim(rest.substr(0, rest.find(';')), " \t\r\"'");
}

Result<WebResponse> parse_http_response(std::string_view message, uint64_t max_body_bytes) {
  if (!message.starts_with("HTTP/")) {
    return fail(ErrorCode::kInvalidArgument, "no HTTP response: it does not begin with HTTP/");
  }
  const size_t crlf = message.find("\r\n\r\n");
  const size_t lf = message.substr(0, crlf).find("\n\n");
  const size_t header_end = std::min(crlf, lf);
  if (header_end == message.npos) {
    return fail(ErrorCode::kInvalidArgument, "no HTTP response: its header does not end");
  }
  std::string_view body = message.substr(header_end + (lf < crlf ? 2 : 4));
  const std::string_view head = message.substr(0, header_end);
  const std::string_view status_line = head.substr(0, head.find('\n'));
  const std::string_view status =
      trim(status_line.substr(std::min(status_line.find(' '), status_line.size())));
  WebResponse response;
  const auto [stop, error] = std::from_chars(
      status.data(), status.data() + std::min<size_t>(status.size(), 3), response.status);
  if (error != std::errc() || response.status < 100) {
    return fail(ErrorCode::kInvalidArgument, "no HTTP response: no status in its first line");
  }
  const Header header = parse_header(head.substr(std::min(head.find('\n'), head.size())));
  parse_content_type(header.content_type, response.media_type, response.charset);
  std::optional<std::string> joined;
  if (header.transfer_encoding.find("chunked") != std::string::npos) {
    joined = take_chunks_apart(body);
    if (joined) body = *joined;
  }
  if (body.size() > max_body_bytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("a page of more than {} bytes", max_body_bytes));
  }
  YURAI_ASSIGN(response.body, decompress_body(body, header.content_encoding, max_body_bytes));
  return response;
}

}  // namespace yurai
