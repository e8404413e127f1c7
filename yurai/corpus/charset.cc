#include "yurai/corpus/charset.h"

#include <fmt/format.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "yurai/base/ascii.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/corpus/encoding.h"

namespace yurai {
namespace {

constexpr size_t kMetaBytes = 4096;
constexpr size_t kMaxLabelBytes = 64;
constexpr size_t kDetectBytes = 64 << 10;
constexpr int32_t kMinConfidence = 30;  // of 100

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;
using Detector = std::unique_ptr<UCharsetDetector, decltype(&ucsdet_close)>;

size_t find_ignoring_case(std::string_view text, std::string_view word, size_t from) {
  const auto found =
      std::search(text.begin() + static_cast<ptrdiff_t>(std::min(from, text.size())), text.end(),
                  word.begin(), word.end(), [](char a, char b) { return to_lower(a) == b; });
  return found == text.end() ? text.npos : static_cast<size_t>(found - text.begin());
}

/// What pages mean by a label, where that is not what ICU takes it for (WHATWG Encoding Standard,
/// section 4.2).
std::string meant_by(std::string_view label) {
  constexpr std::array<std::array<std::string_view, 2>, 14> kMeant = {{
      {"ascii", "windows-1252"},
      {"euc-kr", "windows-949"},
      {"gb2312", "gb18030"},
      {"gbk", "gb18030"},
      {"iso-8859-1", "windows-1252"},
      {"iso-8859-9", "windows-1254"},
      {"ks_c_5601-1987", "windows-949"},
      {"latin1", "windows-1252"},
      {"shift-jis", "windows-31j"},
      {"shift_jis", "windows-31j"},
      {"sjis", "windows-31j"},
      {"tis-620", "windows-874"},
      {"us-ascii", "windows-1252"},
      {"x-sjis", "windows-31j"},
  }};
  const std::string name = to_lower(label.substr(0, kMaxLabelBytes));
  for (const auto& [given, meant] : kMeant) {
    if (name == given) return std::string(meant);
  }
  return name;
}

struct Attempt {
  std::string text;
  size_t num_chars = 0;
  size_t num_replaced = 0;

  bool fits() const { return num_replaced * 100 <= num_chars; }
};

/// Nothing for an encoding that ICU does not know.
std::optional<Attempt> decode_as(std::string_view bytes, const std::string& name) {
  if (name.empty()) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  const Converter converter(ucnv_open(name.c_str(), &status), &ucnv_close);
  if (U_FAILURE(status) || bytes.size() > std::numeric_limits<int32_t>::max() / 4) {
    return std::nullopt;
  }
  // No encoding that ICU knows makes more than two units of one byte.
  std::vector<UChar> units(2 * bytes.size() + 16);
  const int32_t num_units =
      ucnv_toUChars(converter.get(), units.data(), static_cast<int32_t>(units.size()), bytes.data(),
                    static_cast<int32_t>(bytes.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  Attempt attempt;
  for (int32_t i = 0; i < num_units; ++i) {
    ++attempt.num_chars;
    attempt.num_replaced += units[static_cast<size_t>(i)] == 0xFFFD;
  }
  attempt.text.resize(3 * static_cast<size_t>(num_units));
  int32_t num_bytes = 0;
  status = U_ZERO_ERROR;
  u_strToUTF8WithSub(attempt.text.data(), static_cast<int32_t>(attempt.text.size()), &num_bytes,
                     units.data(), num_units, 0xFFFD, nullptr, &status);
  if (U_FAILURE(status)) return std::nullopt;
  attempt.text.resize(static_cast<size_t>(num_bytes));
  if (attempt.text.starts_with("\xef\xbb\xbf")) attempt.text.erase(0, 3);
  return attempt;
}

std::string detect(std::string_view bytes) {
  if (const std::string_view japanese = guess_encoding(bytes); !japanese.empty()) {
    return std::string(japanese);
  }
  bytes = bytes.substr(0, kDetectBytes);
  UErrorCode status = U_ZERO_ERROR;
  const Detector detector(ucsdet_open(&status), &ucsdet_close);
  if (U_FAILURE(status)) return "";
  ucsdet_setText(detector.get(), bytes.data(), static_cast<int32_t>(bytes.size()), &status);
  const UCharsetMatch* match = ucsdet_detect(detector.get(), &status);
  if (U_FAILURE(status) || match == nullptr) return "";
  const int32_t confidence = ucsdet_getConfidence(match, &status);
  const char* name = ucsdet_getName(match, &status);
  return U_FAILURE(status) || confidence < kMinConfidence ? "" : name;
}

std::string byte_order_mark(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) return "UTF-8";
  if (bytes.starts_with("\xff\xfe")) return "UTF-16LE";
  if (bytes.starts_with("\xfe\xff")) return "UTF-16BE";
  return "";
}

bool holds_iso_2022_jp(std::string_view bytes) {
  return bytes.find("\x1b$B") != bytes.npos || bytes.find("\x1b$@") != bytes.npos;
}

}  // namespace

std::string declared_by_meta(std::string_view html) {
  html = html.substr(0, kMetaBytes);
  for (size_t at = 0; (at = find_ignoring_case(html, "<meta", at)) != html.npos; at += 5) {
    const size_t end = std::min(html.find('>', at), html.size());
    const std::string_view tag = html.substr(at, end - at);
    size_t name = find_ignoring_case(tag, "charset", 0);
    if (name == tag.npos) continue;
    name = tag.find_first_not_of(" \t\r\n", name + 7);
    if (name == tag.npos || tag[name] != '=') continue;
    name = std::min(tag.find_first_not_of(" \t\r\n\"'", name + 1), tag.size());
    const size_t stop = std::min(tag.find_first_of(" \t\r\n\"';/", name), tag.size());
    if (stop > name) return std::string(tag.substr(name, std::min(stop - name, kMaxLabelBytes)));
  }
  return "";
}

Result<DecodedText> decode_web_text(std::string_view bytes, std::string_view declared, bool html) {
  std::vector<std::string> candidates;
  if (const std::string mark = byte_order_mark(bytes); !mark.empty()) {
    candidates.push_back(mark);
  } else if (!find_invalid_utf8(bytes)) {
    if (!holds_iso_2022_jp(bytes)) return DecodedText{std::string(bytes), "UTF-8"};
    candidates.emplace_back("ISO-2022-JP");
  }
  const std::string meta = html ? declared_by_meta(bytes) : "";
  for (const std::string& label : {meant_by(declared), meant_by(meta)}) {
    // A page that says in ASCII letters that it is UTF-16 is not.
    if (!label.starts_with("utf-16") && !label.starts_with("utf-32")) candidates.push_back(label);
  }
  for (const std::string& name : candidates) {
    auto attempt = decode_as(bytes, name);
    if (attempt && attempt->fits()) return DecodedText{std::move(attempt->text), name};
  }
  const std::string detected = detect(bytes);
  auto attempt = decode_as(bytes, meant_by(detected));
  if (attempt && attempt->fits()) return DecodedText{std::move(attempt->text), detected};
  const std::string label = for_terminal(!declared.empty() ? declared : std::string_view(meta));
  return fail(ErrorCode::kInvalidArgument,
              label.empty() ? "in no known encoding: not UTF-8, and none is declared"
                            : fmt::format("in no known encoding: not UTF-8, and not the '{}' that "
                                          "it declares",
                                          label.substr(0, kMaxLabelBytes)));
}

}  // namespace yurai
