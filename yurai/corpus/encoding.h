#pragma once

#include <string>
#include <string_view>

#include "yurai/base/result.h"

namespace yurai {

/// kInvalidArgument for bytes that are not UTF-8 or hold a NUL byte: names the byte, and the
/// encoding that they look like.
Result<void> check_utf8_text(std::string_view bytes);

/// The same for a whole text file without its byte order mark; also for one in ISO-2022-JP, whose
/// bytes are those of ASCII.
Result<void> check_text_file(std::string_view bytes);

/// "; it looks like Shift_JIS: convert …" for the end of a message; empty without a guess.
std::string encoding_hint(std::string_view bytes);

/// What bytes that are not the text we take look like, or an empty string: "UTF-16LE", "UTF-16BE",
/// "UTF-32LE", "UTF-32BE", "Shift_JIS", "EUC-JP", "ISO-2022-JP". JSON and text files
/// in them are refused by that name; only web pages are converted by it. Names are those of iconv.
///
///     guess_encoding("\x82\xa0") == "Shift_JIS"   // あ
std::string_view guess_encoding(std::string_view bytes);

/// UTF-16 or UTF-32 by byte order mark, or by where the zero bytes of its ASCII characters are;
/// looks at the first few bytes.
std::string_view guess_wide_encoding(std::string_view bytes);

}  // namespace yurai
