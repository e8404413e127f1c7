#include "yurai/base/utf8.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace yurai {
namespace {

/// Length of the valid character at the front of `bytes`, 0 if there is none (Unicode 15, table
/// 3-7).
size_t valid_char_bytes(std::string_view bytes) {
  const auto at = [&](size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
  };
  const auto continues = [&](size_t i) { return (at(i) & 0xC0) == 0x80; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return at(1) >= low && at(1) <= high && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return at(1) >= low && at(1) <= high && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return std::nullopt;
  for (size_t offset = 0; offset < text.size();) {
    const size_t size = valid_char_bytes(text.substr(offset, 4));
    if (size == 0) return offset;
    offset += size;
  }
  return std::nullopt;
}

Result<void> check_utf8(std::string_view text, std::string_view what) {
  const auto at = find_invalid_utf8(text);
  if (!at) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: byte {} is not UTF-8", what, *at));
}

size_t count_chars(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_char));
}

size_t char_floor(std::string_view text, size_t offset) {
  if (offset >= text.size()) return text.size();
  while (offset > 0 && !begins_char(text[offset])) --offset;
  return offset;
}

void append_char(char32_t c, std::string& out) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::string_view last_chars(std::string_view text, size_t max_chars) {
  size_t begin = text.size();
  for (; begin > 0 && max_chars > 0; --max_chars) {
    do {
      --begin;
    } while (begin > 0 && !begins_char(text[begin]));
  }
  return text.substr(begin);
}

std::string_view first_chars(std::string_view text, size_t max_chars) {
  size_t end = 0;
  for (; end < text.size() && max_chars > 0; --max_chars) end += char_bytes(text, end);
  return text.substr(0, std::min(end, text.size()));
}

}  // namespace yurai
