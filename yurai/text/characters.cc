#include "yurai/text/characters.h"

#include <unicode/uchar.h>

#include "yurai/base/ascii.h"

namespace yurai {

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0d);
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_WHITE_SPACE) != 0;
}

bool is_word_char(char32_t c) {
  if (c < 0x80) return is_word_byte(static_cast<char>(c));
  const auto code = static_cast<UChar32>(c);
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(code, UCHAR_ALPHABETIC) || (U_GET_GC_MASK(code) & kCategories) != 0 ||
         u_hasBinaryProperty(code, UCHAR_JOIN_CONTROL);
}

}  // namespace yurai
