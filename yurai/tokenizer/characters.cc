#include "yurai/tokenizer/characters.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

using Rewritten = AlignedText::Rewritten;

UChar32 code_point(char32_t c) { return static_cast<UChar32>(c); }

const icu::Normalizer2& instance(UnicodeForm form) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* found = nullptr;
  switch (form) {
    case UnicodeForm::kNfc:
      found = icu::Normalizer2::getNFCInstance(error);
      break;
    case UnicodeForm::kNfd:
      found = icu::Normalizer2::getNFDInstance(error);
      break;
    case UnicodeForm::kNfkc:
      found = icu::Normalizer2::getNFKCInstance(error);
      break;
    case UnicodeForm::kNfkd:
      found = icu::Normalizer2::getNFKDInstance(error);
      break;
  }
  YURAI_CHECK(U_SUCCESS(error) && found != nullptr);  // compiled into ICU
  return *found;
}

bool is_normalized(const icu::Normalizer2& form, std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  return form.isNormalizedUTF8({text.data(), static_cast<int32_t>(text.size())}, error) != 0 &&
         U_SUCCESS(error);
}

struct Classed {
  uint8_t combining_class = 0;
  Rewritten character{};
};

/// Decomposed and in canonical order; all but the first part of a character are new.
std::vector<Classed> decompose(const icu::Normalizer2& decomposer, std::string_view text) {
  std::vector<Classed> out;
  icu::UnicodeString parts;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    const UChar32 c = code_point(decode_char(text, at));
    if (decomposer.getDecomposition(c, parts) == 0) parts.setTo(c);
    for (int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
      const UChar32 part = parts.char32At(i);
      out.push_back({u_getCombiningClass(part), {static_cast<char32_t>(part), i == 0 ? 0 : 1}});
    }
  }
  for (auto begin = out.begin(); begin != out.end();) {
    const auto is_starter = [](const Classed& one) { return one.combining_class == 0; };
    begin = std::find_if_not(begin, out.end(), is_starter);
    const auto end = std::find_if(begin, out.end(), is_starter);
    std::stable_sort(begin, end, [](const Classed& a, const Classed& b) {
      return a.combining_class < b.combining_class;
    });
    begin = end;
  }
  return out;
}

/// Canonical composition (Unicode Standard Annex 15); a character that goes into another one is
/// counted as removed behind it.
std::vector<Rewritten> compose(const icu::Normalizer2& composer,
                               const std::vector<Classed>& parts) {
  std::vector<Rewritten> out;
  size_t starter = SIZE_MAX;  // in `out`
  uint8_t last_class = 0;     // of what stands between it and here; 0: nothing
  for (const Classed& part : parts) {
    const bool blocked = last_class != 0 && last_class >= part.combining_class;
    if (starter != SIZE_MAX && !blocked) {
      const UChar32 composed =
          composer.composePair(code_point(out[starter].c), code_point(part.character.c));
      if (composed >= 0) {
        out[starter].c = static_cast<char32_t>(composed);
        out[starter].change += part.character.change - 1;
        continue;
      }
    }
    if (part.combining_class == 0) starter = out.size();
    last_class = part.combining_class;
    out.push_back(part.character);
  }
  return out;
}

/// The end of the part that begins at `at` and normalises by itself.
size_t segment_end(const icu::Normalizer2& form, std::string_view text, size_t at) {
  at += char_bytes(text, at);
  while (at < text.size() && form.hasBoundaryBefore(code_point(decode_char(text, at))) == 0) {
    at += char_bytes(text, at);
  }
  return at;
}

}  // namespace

void normalize(UnicodeForm form, AlignedText& text) {
  const icu::Normalizer2& normalizer = instance(form);
  const std::string_view all = text.text();
  if (is_normalized(normalizer, all)) return;
  const bool composed = form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc;
  const icu::Normalizer2& decomposer =
      instance(form == UnicodeForm::kNfc || form == UnicodeForm::kNfd ? UnicodeForm::kNfd
                                                                      : UnicodeForm::kNfkd);
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    end = segment_end(normalizer, all, begin);
    const std::string_view segment = all.substr(begin, end - begin);
    if (is_normalized(normalizer, segment)) continue;
    const std::vector<Classed> parts = decompose(decomposer, segment);
    std::vector<Rewritten> characters;
    if (composed) {
      characters = compose(normalizer, parts);
    } else {
      for (const Classed& part : parts) characters.push_back(part.character);
    }
    text.rewrite(static_cast<uint32_t>(begin), static_cast<uint32_t>(end), characters);
  }
  text.finish_rewrite();
}

void lower_case(AlignedText& text) {
  const std::string_view all = text.text();
  for (size_t at = 0; at < all.size();) {
    const size_t end = at + char_bytes(all, at);
    const char32_t c = decode_char(all, at);
    const auto lower = static_cast<char32_t>(u_tolower(code_point(c)));
    // Of all characters, only İ becomes two.
    const std::vector<Rewritten> characters =
        c == U'\u0130' ? std::vector<Rewritten>{{U'i', 0}, {U'\u0307', 1}}
                       : std::vector<Rewritten>{{lower, 0}};
    if (lower != c) {
      text.rewrite(static_cast<uint32_t>(at), static_cast<uint32_t>(end), characters);
    }
    at = end;
  }
  text.finish_rewrite();
}

}  // namespace yurai
