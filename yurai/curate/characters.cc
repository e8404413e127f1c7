#include "yurai/curate/characters.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "yurai/base/utf8.h"

namespace yurai {

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0d);
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_WHITE_SPACE) != 0;
}

bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1c && c <= 0x1f); }

bool is_word_char(char32_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  }
  const auto code = static_cast<UChar32>(c);
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(code, UCHAR_ALPHABETIC) || (U_GET_GC_MASK(code) & kCategories) != 0 ||
         u_hasBinaryProperty(code, UCHAR_JOIN_CONTROL);
}

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
