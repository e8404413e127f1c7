#include "yurai/curate/label_csv.h"

#include <fmt/format.h>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
constexpr size_t kMaxRowBytes = 16 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

/// Makes sure that buffer_[at_] is there; false at the end of the file.
Result<bool> CsvReader::fill() {
  if (at_ < buffer_.size()) return true;
  offset_ += buffer_.size();
  buffer_.resize(kChunkBytes);
  at_ = 0;
  auto got = file_->read(buffer_);
  buffer_.resize(got ? *got : 0);
  YURAI_ASSIGN(const size_t num_bytes, std::move(got));
  return num_bytes > 0;
}

Result<void> CsvReader::skip_line(CsvRow& row, std::string problem) {
  row.fields.clear();
  row.problem = std::move(problem);
  while (true) {
    YURAI_ASSIGN(const bool more, fill());
    if (!more || buffer_[at_++] == '\n') return {};
  }
}

/// From the first byte of a row to behind its line break.
Result<void> CsvReader::read_row(CsvRow& row) {
  enum class State { kBegin, kPlain, kQuoted, kQuoteInQuoted };
  State state = State::kBegin;
  std::string field;
  size_t num_bytes = 0;
  while (true) {
    YURAI_ASSIGN(const bool more, fill());
    if (!more) {
      if (state == State::kQuoted) {
        row.fields.clear();
        row.problem = "a quoted field does not end";
        return {};
      }
      break;
    }
    const char c = buffer_[at_];
    if (++num_bytes > kMaxRowBytes) {
      return skip_line(row, fmt::format("a row of more than {} bytes", kMaxRowBytes));
    }
    if (state == State::kQuoted) {
      ++at_;
      if (c == '"') {
        state = State::kQuoteInQuoted;
      } else {
        field += c;
      }
      continue;
    }
    if (state == State::kQuoteInQuoted && c == '"') {
      ++at_;
      field += c;
      state = State::kQuoted;
      continue;
    }
    if (c == '"') {
      if (state != State::kBegin) return skip_line(row, "a quote inside a field without quotes");
      state = State::kQuoted;
    } else if (c == ',') {
      row.fields.push_back(std::move(field));
      field.clear();
      state = State::kBegin;
    } else if (c == '\n') {
      ++at_;
      break;
    } else if (c != '\r') {
      if (state == State::kQuoteInQuoted) {
        return skip_line(row, "something follows the end of a quoted field");
      }
      field += c;
      state = State::kPlain;
    }
    ++at_;
  }
  row.fields.push_back(std::move(field));
  for (const std::string& text : row.fields) {
    if (const auto invalid = find_invalid_utf8(text)) {
      row.problem =
          fmt::format("not UTF-8 at byte {} of field {}", *invalid, &text - row.fields.data() + 1);
      row.fields.clear();
      return {};
    }
  }
  return {};
}

Result<bool> CsvReader::next(CsvRow& row) {
  while (true) {
    YURAI_ASSIGN(const bool more, fill());
    if (!more) return false;
    if (offset_ + at_ == 0 && buffer_.starts_with(kByteOrderMark)) {
      at_ = kByteOrderMark.size();
      continue;
    }
    row = CsvRow{};
    row.byte = offset_ + at_;
    YURAI_TRY(read_row(row));
    const bool blank = row.problem.empty() && row.fields.size() == 1 &&
                       row.fields[0].find_first_not_of(" \t") == std::string::npos;
    if (blank) continue;
    row.number = ++num_rows_;
    return true;
  }
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace yurai
