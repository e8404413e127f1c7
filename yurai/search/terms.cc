#include "yurai/search/terms.h"

#include <unicode/uchar.h>

namespace yurai {

bool is_word_part(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  const auto category = static_cast<uint32_t>(u_charType(static_cast<UChar32>(c)));
  return (U_MASK(category) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0;
}

}  // namespace yurai
