#include "yurai/corpus/warc_reader.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr size_t kMaxHeaderBytes = 64 << 10;
constexpr std::string_view kVersion = "WARC/";

/// "Name: value" lines below the version; a line that begins with space goes on with the value.
bool parse_fields(std::string_view header, std::vector<std::pair<std::string, std::string>>& out) {
  out.clear();
  size_t at = std::min(header.find('\n'), header.size());
  while (at < header.size()) {
    ++at;
    const size_t end = std::min(header.find('\n', at), header.size());
    const std::string_view line = header.substr(at, end - at);
    at = end;
    if (trim(line).empty()) continue;
    if (line[0] == ' ' || line[0] == '\t') {
      if (out.empty()) return false;
      out.back().second += ' ';
      out.back().second += trim(line);
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos || colon == 0) return false;
    out.emplace_back(to_lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
  }
  return true;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string base32(std::string_view bytes) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(byte);
    for (num_bits += 8; num_bits >= 5; num_bits -= 5) out += kDigits[(bits >> (num_bits - 5)) & 31];
    bits &= (1U << num_bits) - 1;
  }
  if (num_bits > 0) out += kDigits[(bits << (5 - num_bits)) & 31];
  return out;
}

/// Whether `digest` ("sha1:BASE32" or hex) is another than that of the block; an algorithm or form
/// that we don't know proves nothing.
bool contradicts(std::string_view digest, std::string_view block) {
  const size_t colon = digest.find(':');
  if (colon == digest.npos) return false;
  const std::string algorithm = to_lower(digest.substr(0, colon));
  std::string given = to_lower(digest.substr(colon + 1));
  while (given.ends_with('=')) given.pop_back();
  const bool sha1 = algorithm == "sha1";
  if (!sha1 && algorithm != "sha256" && algorithm != "sha-256") return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  const EVP_MD* function = sha1 ? EVP_sha1() : EVP_sha256();
  if (EVP_Digest(block.data(), block.size(), bytes.data(), &size, function, nullptr) != 1) {
    return false;
  }
  const std::string_view raw(reinterpret_cast<const char*>(bytes.data()), size);
  if (given.size() == 2 * raw.size()) {
    std::string hex;
    for (const char byte : raw) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return given != hex;
  }
  const std::string expected = base32(raw);
  return given.size() == expected.size() && given != expected;
}

}  // namespace

std::string_view WarcRecord::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

tl::unexpected<Error> WarcReader::broken(std::string_view what) const {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}', byte {} (decompressed): {}",
                                               for_terminal(path_.string()), offset(), what));
}

/// Puts more bytes behind those that wait; false at the end of the file.
Result<bool> WarcReader::read_more() {
  if (begin_ >= kChunkBytes || begin_ == buffer_.size()) {
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.empty() && buffer_.capacity() > 8 * kChunkBytes) buffer_.shrink_to_fit();
  }
  const size_t before = buffer_.size();
  buffer_.resize(before + kChunkBytes);
  auto got = file_->read(std::span<char>(buffer_).subspan(before));
  buffer_.resize(before + (got ? *got : 0));
  YURAI_ASSIGN(const size_t num_bytes, std::move(got));
  end_offset_ += num_bytes;
  return num_bytes > 0;
}

/// Until so many bytes wait, or the file ends.
Result<void> WarcReader::wait_for(uint64_t num_bytes) {
  while (waiting().size() < num_bytes) {
    YURAI_ASSIGN(const bool more, read_more());
    if (!more) break;
  }
  return {};
}

Result<void> WarcReader::skip(uint64_t num_bytes) {
  while (num_bytes > 0) {
    YURAI_TRY(wait_for(1));
    const size_t step = static_cast<size_t>(std::min<uint64_t>(num_bytes, waiting().size()));
    if (step == 0) return broken("the file is cut off here, inside a record");
    begin_ += step;
    num_bytes -= step;
  }
  return {};
}

/// To the first byte of the next record; false at the end of the file.
Result<bool> WarcReader::skip_line_breaks() {
  while (true) {
    const size_t found = waiting().find_first_not_of("\r\n");
    if (found != std::string_view::npos) {
      begin_ += found;
      return true;
    }
    begin_ = buffer_.size();
    YURAI_ASSIGN(const bool more, read_more());
    if (!more) return false;
  }
}

/// The blank line below the fields; false when there is none within kMaxHeaderBytes.
Result<bool> WarcReader::find_header_end(size_t& header_bytes, size_t& break_bytes) {
  while (true) {
    const std::string_view bytes = waiting().substr(0, kMaxHeaderBytes);
    const size_t crlf = bytes.find("\r\n\r\n");
    const size_t lf = bytes.substr(0, crlf).find("\n\n");
    if (crlf != bytes.npos || lf != bytes.npos) {
      header_bytes = std::min(crlf, lf);
      break_bytes = lf < crlf ? 2 : 4;
      return true;
    }
    if (bytes.size() == kMaxHeaderBytes) return false;
    YURAI_ASSIGN(const bool more, read_more());
    if (!more) return broken("the file is cut off here, inside the header of a record");
  }
}

/// Whether a record may end `block_end` bytes from here: a line break or the end of the file.
Result<bool> WarcReader::ends_here(uint64_t block_end) {
  YURAI_TRY(wait_for(block_end + kVersion.size()));
  if (waiting().size() <= block_end) return true;
  const std::string_view rest = waiting().substr(static_cast<size_t>(block_end));
  return rest[0] == '\r' || rest[0] == '\n' || rest.starts_with(kVersion);
}

/// Goes to the next line that begins a record.
Result<void> WarcReader::skip_to_record(std::string problem, WarcRecord& record) {
  constexpr std::string_view kLine = "\nWARC/";
  const uint64_t from = offset();
  while (true) {
    const size_t found = waiting().find(kLine);
    if (found != std::string_view::npos) {
      begin_ += found + 1;
      break;
    }
    begin_ += waiting().size() - std::min(waiting().size(), kLine.size() - 1);
    YURAI_ASSIGN(const bool more, read_more());
    if (!more) {
      begin_ = buffer_.size();
      break;
    }
  }
  record.problem =
      fmt::format("{}; {} bytes were skipped to the next record", problem, offset() - from);
  return {};
}

Result<bool> WarcReader::next(WarcRecord& record) {
  begin_ += consumed_;
  consumed_ = 0;
  record = WarcRecord{};
  YURAI_ASSIGN(const bool more, skip_line_breaks());
  if (!more) {
    if (num_records_ == 0) return broken("the file is empty, so it is no WARC file");
    return false;
  }
  YURAI_TRY(wait_for(kVersion.size()));
  record.byte = offset();
  record.number = num_records_ + 1;
  if (waiting().size() < kVersion.size() && kVersion.starts_with(waiting())) {
    return broken("the file is cut off here, inside the header of a record");
  }
  if (!waiting().starts_with(kVersion)) {
    if (num_records_ == 0) return broken("no WARC file: it does not begin with WARC/");
    ++num_records_;
    YURAI_TRY(skip_to_record("no WARC record begins here", record));
    return true;
  }
  ++num_records_;
  size_t header_bytes = 0;
  size_t break_bytes = 0;
  YURAI_ASSIGN(const bool ends, find_header_end(header_bytes, break_bytes));
  if (!ends) {
    begin_ += kVersion.size();
    YURAI_TRY(skip_to_record(
        fmt::format("the header of a record has more than {} bytes", kMaxHeaderBytes), record));
    return true;
  }
  const bool well_formed = parse_fields(waiting().substr(0, header_bytes), record.fields);
  const auto length = parse_length(record.field("content-length"));
  begin_ += header_bytes + break_bytes;
  if (!well_formed || !length) {
    --begin_;  // a record may begin right below
    YURAI_TRY(skip_to_record(well_formed ? "a record without a Content-Length that is a number"
                                         : "a line of a record's header is no 'Name: value'",
                             record));
    return true;
  }
  if (*length > max_record_bytes_) {
    YURAI_TRY(skip(*length));
    record.problem = fmt::format("a record of more than {} bytes", max_record_bytes_);
    return true;
  }
  YURAI_ASSIGN(const bool ends_well, ends_here(*length));
  if (waiting().size() < *length) {
    begin_ = buffer_.size();
    return broken("the file is cut off here, inside a record");
  }
  if (!ends_well) {
    --begin_;
    YURAI_TRY(skip_to_record(fmt::format("a record does not end after the {} bytes of its "
                                         "Content-Length",
                                         *length),
                             record));
    return true;
  }
  record.block = waiting().substr(0, static_cast<size_t>(*length));
  consumed_ = record.block.size();
  if (contradicts(record.field("warc-block-digest"), record.block)) {
    record.problem = "damaged: the block has another digest than WARC-Block-Digest says";
  }
  return true;
}

}  // namespace yurai
