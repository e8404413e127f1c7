#include "yurai/text/fold.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uversion.h>

#include <algorithm>

#include "yurai/base/result.h"
#include "yurai/text/kanji_forms.h"

namespace yurai {
namespace {

constexpr size_t kKnownPlanes = 0x30000;

const icu::Normalizer2& nfkc_casefold() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = icu::Normalizer2::getNFKCCasefoldInstance(status);
    YURAI_CHECK(U_SUCCESS(status) != 0);  // its tables are linked into the library
    return found;
  }();
  return *instance;
}

/// What a piece folds to.
std::string normalize(std::string_view piece) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString folded = nfkc_casefold().normalize(
      icu::UnicodeString::fromUTF8({piece.data(), static_cast<int32_t>(piece.size())}), status);
  YURAI_CHECK(U_SUCCESS(status) != 0);
  std::string out;
  for (int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    append_char(new_kanji_form(static_cast<char32_t>(folded.char32At(i))), out);
  }
  return out;
}

/// Takes white space and punctuation out of what a piece folds to, unless there is nothing else.
bool drop_space(std::string& folded) {
  std::string kept;
  for (size_t at = 0; at < folded.size(); at += char_bytes(folded, at)) {
    if (!is_space_or_punctuation(decode_char(folded, at))) {
      kept.append(folded, at, char_bytes(folded, at));
    }
  }
  if (kept.empty()) return true;
  folded = std::move(kept);
  return false;
}

}  // namespace

Folder& folder_of_thread() {
  thread_local Folder folder;
  return folder;
}

std::string folding_version() {
  constexpr std::string_view kOwnTables = "1";  // kanji_forms.cc and what is dropped
  UVersionInfo version;
  u_getUnicodeVersion(version);
  return std::string(kOwnTables) + ", Unicode " + std::to_string(version[0]) + "." +
         std::to_string(version[1]);
}

bool is_folded_punctuation(char32_t c) {
  if (c == U'~' || c == U'\u2212' || c == U'\u301C') return true;
  const auto category = static_cast<uint32_t>(u_charType(static_cast<UChar32>(c)));
  return (U_MASK(category) & U_GC_P_MASK) != 0;
}

bool is_space_or_punctuation(char32_t c) {
  const auto category = static_cast<uint32_t>(u_charType(static_cast<UChar32>(c)));
  return (U_MASK(category) & (U_GC_Z_MASK | U_GC_CC_MASK)) != 0 || is_folded_punctuation(c);
}

Folder::Folder() : entries_(kKnownPlanes) {}
Folder::~Folder() = default;

bool Folder::begins_piece_beyond(char32_t c) {
  return nfkc_casefold().hasBoundaryBefore(static_cast<UChar32>(c)) != 0;
}

void Folder::learn(char32_t c) {
  std::string bytes;
  append_char(c, bytes);
  std::string folded = normalize(bytes);
  const bool dropped = drop_space(folded);
  entries_[c] = {static_cast<uint32_t>(pool_.size()), static_cast<uint16_t>(folded.size()), true,
                 dropped, begins_piece_beyond(c)};
  pool_ += folded;
}

FoldedPiece Folder::new_piece(size_t begin, size_t end, std::string_view bytes) {
  constexpr size_t kMaxPieceBytes = 1024;  // a letter under hundreds of accents is cut
  last_piece_ =
      normalize(bytes.substr(0, char_floor(bytes, std::min(bytes.size(), kMaxPieceBytes))));
  const bool dropped = drop_space(last_piece_);
  return {begin, end, last_piece_, dropped};
}

FoldedText Folder::fold(std::string_view text) {
  FoldedText folded;
  folded.text.reserve(text.size());
  for_each_piece(text, [&](const FoldedPiece& piece) {
    if (piece.dropped) return;
    folded.folded_begins.push_back(static_cast<uint32_t>(folded.text.size()));
    folded.original_begins.push_back(static_cast<uint32_t>(piece.byte_begin));
    folded.original_ends.push_back(static_cast<uint32_t>(piece.byte_end));
    folded.text += piece.folded;
  });
  return folded;
}

FoldedText::Range FoldedText::original(uint64_t begin, uint64_t end) const {
  if (begin >= end || folded_begins.empty()) return {};
  const auto piece_at = [&](uint64_t offset) {
    const auto after = std::upper_bound(folded_begins.begin(), folded_begins.end(), offset);
    return static_cast<size_t>(after - folded_begins.begin()) - 1;
  };
  return {original_begins[piece_at(begin)], original_ends[piece_at(end - 1)]};
}

}  // namespace yurai
