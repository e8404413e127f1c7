#include "yurai/corpus/encoding.h"

#include <fmt/format.h>

#include <array>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kSampleBytes = 64 << 10;

bool in(unsigned char byte, int low, int high) { return byte >= low && byte <= high; }

/// A text that is well-formed in an encoding throughout, and its kana: Japanese prose without any
/// does not exist, other languages' texts that happen to be well-formed have none.
struct Reading {
  bool well_formed = true;
  size_t kana = 0;
};

Reading read_shift_jis(std::string_view bytes) {
  Reading reading;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80 || in(lead, 0xA1, 0xDF)) continue;
    if (++i == bytes.size()) break;  // the sample may end inside a character
    const auto trail = static_cast<unsigned char>(bytes[i]);
    if (!(in(lead, 0x81, 0x9F) || in(lead, 0xE0, 0xFC)) ||
        !(in(trail, 0x40, 0x7E) || in(trail, 0x80, 0xFC))) {
      return {false, 0};
    }
    reading.kana += (lead == 0x82 && trail >= 0x9F && trail <= 0xF1) ||
                    (lead == 0x83 && trail >= 0x40 && trail <= 0x96);
  }
  return reading;
}

Reading read_euc_jp(std::string_view bytes) {
  Reading reading;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) continue;
    const size_t trails = lead == 0x8F ? 2 : 1;
    const bool lead_fits = lead == 0x8E || lead == 0x8F || in(lead, 0xA1, 0xFE);
    for (size_t t = 1; t <= trails && i + t < bytes.size(); ++t) {
      if (!in(static_cast<unsigned char>(bytes[i + t]), 0xA1, 0xFE)) return {false, 0};
    }
    if (!lead_fits) return {false, 0};
    reading.kana += lead == 0xA4 || lead == 0xA5;
    i += trails;
  }
  return reading;
}

}  // namespace

Result<void> check_utf8_text(std::string_view bytes) {
  if (const auto invalid = find_invalid_utf8(bytes)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("not UTF-8 at byte {}{}", *invalid, encoding_hint(bytes)));
  }
  if (const size_t nul = bytes.find('\0'); nul != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a raw NUL byte at byte {}{}", nul, encoding_hint(bytes)));
  }
  return {};
}

Result<void> check_text_file(std::string_view bytes) {
  if (!guess_wide_encoding(bytes).empty()) {
    return fail(ErrorCode::kInvalidArgument, "not UTF-8 at byte 0" + encoding_hint(bytes));
  }
  YURAI_TRY(check_utf8_text(bytes));
  // Of all encodings, only this one's bytes are valid UTF-8 other than by chance.
  if (guess_encoding(bytes) != "ISO-2022-JP") return {};
  return fail(ErrorCode::kInvalidArgument, "not UTF-8" + encoding_hint(bytes));
}

std::string encoding_hint(std::string_view bytes) {
  const std::string_view encoding = guess_encoding(bytes);
  if (encoding.empty()) return {};
  return fmt::format("; it looks like {}: convert the file with 'iconv -f {} -t UTF-8'", encoding,
                     encoding);
}

std::string_view guess_wide_encoding(std::string_view bytes) {
  if (bytes.starts_with(std::string_view("\xff\xfe\0\0", 4))) return "UTF-32LE";
  if (bytes.starts_with(std::string_view("\0\0\xfe\xff", 4))) return "UTF-32BE";
  if (bytes.starts_with("\xff\xfe")) return "UTF-16LE";
  if (bytes.starts_with("\xfe\xff")) return "UTF-16BE";
  if (bytes.size() < 4) return "";
  std::array<bool, 4> zero{};
  for (size_t i = 0; i < 4; ++i) zero[i] = bytes[i] == '\0';
  if (zero == std::array{false, true, true, true}) return "UTF-32LE";
  if (zero == std::array{true, true, true, false}) return "UTF-32BE";
  if (zero == std::array{false, true, false, true}) return "UTF-16LE";
  if (zero == std::array{true, false, true, false}) return "UTF-16BE";
  return "";
}

std::string_view guess_encoding(std::string_view bytes) {
  if (const std::string_view wide = guess_wide_encoding(bytes); !wide.empty()) return wide;
  bytes = bytes.substr(0, kSampleBytes);
  if (bytes.find("\x1b$B") != std::string_view::npos ||
      bytes.find("\x1b$@") != std::string_view::npos) {
    return "ISO-2022-JP";
  }
  const Reading shift_jis = read_shift_jis(bytes);
  const Reading euc_jp = read_euc_jp(bytes);
  const bool maybe_shift_jis = shift_jis.well_formed && shift_jis.kana > 0;
  const bool maybe_euc_jp = euc_jp.well_formed && euc_jp.kana > 0;
  if (maybe_shift_jis && (!maybe_euc_jp || shift_jis.kana > euc_jp.kana)) return "Shift_JIS";
  return maybe_euc_jp ? "EUC-JP" : "";
}

}  // namespace yurai
