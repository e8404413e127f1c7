#pragma once

#include <string>
#include <string_view>

#include "yurai/base/result.h"

/// Bytes of the web as UTF-8.
///
///     decode_web_text("\x82\xa0", "shift_jis", true)->text == "あ"
namespace yurai {

struct DecodedText {
  std::string text;      ///< UTF-8; bytes that mean nothing are U+FFFD, at most one in a hundred
  std::string encoding;  ///< what it was read as, such as "Shift_JIS"
};

/// Reads `bytes` in the first of these encodings that fits them: that of a byte order mark; UTF-8,
/// if they are valid (ISO-2022-JP, if they hold its escapes); `declared`, from the HTTP header;
/// with `html` what a <meta> says; what Japanese looks like; what ICU detects. Labels mean what the
/// browsers take them for (iso-8859-1 is windows-1252). kInvalidArgument when none fits.
Result<DecodedText> decode_web_text(std::string_view bytes, std::string_view declared, bool html);

/// The encoding that a <meta> in the first 4 KiB names; empty when there is none.
std::string declared_by_meta(std::string_view html);

}  // namespace yurai
