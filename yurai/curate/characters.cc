#include "yurai/curate/characters.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "yurai/base/utf8.h"

namespace yurai {

bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1c && c <= 0x1f); }

bool is_kana(char32_t c) {
  if (c < 0x3041) return false;
  if (c <= 0x3096 || c == 0x30fc) return true;
  if (c >= 0x30a1 && c <= 0x30fa) return true;
  if (c >= 0x3400 && c <= 0xd7ff) return false;  // Han and Hangul: the common case
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA;
}

bool is_blank_text(std::string_view text) {
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    if (!is_python_space(decode_char(text, at))) return false;
  }
  return true;
}

}  // namespace yurai
