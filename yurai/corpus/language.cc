#include "yurai/corpus/language.h"

#include <cld2/public/compact_lang_det.h>

#include <algorithm>
#include <cstdio>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

/// Share of kana among the characters: Japanese prose has more than a third, pages of commands with
/// a sentence of Japanese still some; other languages have none.
double kana_share(std::string_view text) {
  size_t kana = 0;
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    const char32_t c = decode_char(text, i);
    if (c <= ' ') continue;
    ++characters;
    if (c >= 0x3041 && c <= 0x30FF) ++kana;
  }
  return characters == 0 ? 0 : static_cast<double>(kana) / static_cast<double>(characters);
}

}  // namespace

std::string detect_language(std::string_view text) {
  constexpr size_t kEnough = 100'000;
  text = text.substr(0, char_floor(text, std::min(text.size(), kEnough)));
  bool reliable = false;
  const CLD2::Language language = CLD2::DetectLanguage(text.data(), static_cast<int>(text.size()),
                                                       /*is_plain_text=*/true, &reliable);
  if (reliable && language != CLD2::UNKNOWN_LANGUAGE) return CLD2::LanguageCode(language);
  return kana_share(text) > 0.05 ? "ja" : "";
}

}  // namespace yurai
