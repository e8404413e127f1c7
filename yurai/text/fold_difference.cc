#include "yurai/text/fold_difference.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "yurai/base/utf8.h"
#include "yurai/text/kanji_forms.h"

namespace yurai {
namespace {

constexpr uint32_t kAllKinds = (1u << kFoldKindNames.size()) - 1;
constexpr size_t kMaxKnown = 4096;
/// Of longer groups (a letter under hundreds of accents) only single kinds are tried.
constexpr size_t kMaxSearchedBytes = 256;
/// A shorter stretch that is the same on both sides is walked piece by piece.
constexpr size_t kMinSameBytes = 32;

const icu::Normalizer2& normalizer(bool compatibility) {
  static const auto get = [](auto instance) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = instance(status);
    YURAI_CHECK(U_SUCCESS(status) != 0);  // its tables are linked into the library
    return found;
  };
  static const icu::Normalizer2* const nfc =
      get([](UErrorCode& status) { return icu::Normalizer2::getNFCInstance(status); });
  static const icu::Normalizer2* const nfkc =
      get([](UErrorCode& status) { return icu::Normalizer2::getNFKCInstance(status); });
  return compatibility ? *nfkc : *nfc;
}

icu::UnicodeString compose(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString composed = normalizer(false).normalize(text, status);
  YURAI_CHECK(U_SUCCESS(status) != 0);
  return composed;
}

bool has_other_width(UChar32 c) {
  const int32_t type = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
  return type == U_DT_WIDE || type == U_DT_NARROW;
}

bool is_zero_width(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

bool is_space(UChar32 c) {
  const auto code_point = static_cast<char32_t>(c);
  return is_space_or_punctuation(code_point) && !is_folded_punctuation(code_point);
}

/// `text` with each character replaced by what `map` appends for it.
template <class Map>
icu::UnicodeString mapped(const icu::UnicodeString& text, const Map& map) {
  icu::UnicodeString out;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) map(text.char32At(i), out);
  return out;
}

template <class Drop>
icu::UnicodeString without(const icu::UnicodeString& text, const Drop& drop) {
  return mapped(text, [&](UChar32 c, icu::UnicodeString& out) {
    if (!drop(c)) out.append(c);
  });
}

/// Replaces the characters that come in another width, or all others, by what they stand for.
icu::UnicodeString decomposed(const icu::UnicodeString& text, bool of_width) {
  icu::UnicodeString part;
  return compose(mapped(text, [&](UChar32 c, icu::UnicodeString& out) {
    if (has_other_width(c) == of_width && normalizer(true).getDecomposition(c, part) != 0) {
      out.append(part);
    } else {
      out.append(c);
    }
  }));
}

/// `text` without what these kinds stand for.
icu::UnicodeString without_kinds(icu::UnicodeString text, FoldKinds kinds) {
  if (kinds.has(FoldKind::kZeroWidth)) text = without(text, is_zero_width);
  if (kinds.has(FoldKind::kWidth)) text = decomposed(text, true);
  if (kinds.has(FoldKind::kNfkc)) text = decomposed(text, false);
  if (kinds.has(FoldKind::kCase)) {
    text.foldCase();
    text = kinds.has(FoldKind::kNfkc) ? decomposed(text, false) : compose(text);
  }
  if (kinds.has(FoldKind::kOldKanji)) {
    text = mapped(text, [](UChar32 c, icu::UnicodeString& out) {
      out.append(static_cast<UChar32>(new_kanji_form(static_cast<char32_t>(c))));
    });
  }
  if (kinds.has(FoldKind::kWhitespace)) text = without(text, is_space);
  if (kinds.has(FoldKind::kPunctuation)) {
    text = without(text, [](UChar32 c) { return is_folded_punctuation(static_cast<char32_t>(c)); });
  }
  return text;
}

icu::UnicodeString to_unicode(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
}

/// All sets of kinds, the small ones first.
const std::vector<FoldKinds>& sets_by_size() {
  static const std::vector<FoldKinds> sets = [] {
    std::vector<FoldKinds> all;
    for (uint32_t bits = 1; bits <= kAllKinds; ++bits) all.push_back(FoldKinds::from_bits(bits));
    std::stable_sort(all.begin(), all.end(), [](FoldKinds a, FoldKinds b) {
      return std::popcount(a.bits()) < std::popcount(b.bits());
    });
    return all;
  }();
  return sets;
}

/// The characters of a gap, kind by kind.
struct Gap {
  std::string spaces, punctuation, zero_width;
};

Gap split(std::string_view text) {
  Gap gap;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    const auto c = static_cast<UChar32>(decode_char(text, at));
    std::string& kind = is_zero_width(c) ? gap.zero_width
                        : is_space(c)    ? gap.spaces
                                         : gap.punctuation;
    kind.append(text, at, char_bytes(text, at));
  }
  return gap;
}

}  // namespace

std::vector<std::string_view> FoldKinds::names() const {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < kFoldKindNames.size(); ++i) {
    if ((bits_ >> i & 1) != 0) names.push_back(kFoldKindNames[i]);
  }
  return names;
}

/// Neighbouring pieces and what they fold to together.
struct FoldComparison::Group {
  size_t begin = 0;
  std::string folded;
};

/// Adds the next piece that leaves something; whether there is one.
bool FoldComparison::extend(std::string_view text, size_t& at, Group& group) {
  while (at < text.size()) {
    const FoldedPiece piece = folder_.piece(text, at);
    at = piece.byte_end;
    if (piece.dropped) continue;
    if (group.folded.empty()) group.begin = piece.byte_begin;
    group.folded += piece.folded;
    return true;
  }
  return false;
}

/// How many bytes of both, up to the begin of a piece, are the same.
size_t FoldComparison::same_pieces(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  if (size < kMinSameBytes || a.substr(0, kMinSameBytes) != b.substr(0, kMinSameBytes)) return 0;
  const auto [end, ignored] =
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(size), b.begin());
  auto same = static_cast<size_t>(end - a.begin());
  if (same == a.size() && same == b.size()) return same;
  // The last whole character that is the same begins a piece on both sides, or one before it does.
  same = char_floor(a, same);
  while (same > 0) {
    same = char_floor(a, same - 1);
    if (folder_.begins_piece(decode_char(a, same))) return same;
  }
  return 0;
}

Result<FoldKinds> FoldComparison::compare(std::string_view a, std::string_view b, size_t skip) {
  const auto other_text = [] {
    return fail(ErrorCode::kInvalidArgument, "the texts do not fold to the same");
  };
  FoldKinds kinds;
  size_t at_a = 0, at_b = 0;
  // Before the first piece, a gap is no part of the texts. What is the same was one.
  for (bool inside = false;; inside = true) {
    if (skip == 0 || inside) {
      const size_t same = same_pieces(a.substr(at_a), b.substr(at_b));
      at_a += same;
      at_b += same;
      inside = inside || same > 0;
    }
    const size_t gap_a = at_a, gap_b = at_b;
    Group group_a, group_b;
    if (!extend(a, at_a, group_a)) break;
    if (!extend(b, at_b, group_b)) return other_text();
    if (inside) {
      kinds |=
          of_gaps(a.substr(gap_a, group_a.begin - gap_a), b.substr(gap_b, group_b.begin - gap_b));
    }
    if (!inside && skip > 0) {
      if (group_b.folded.size() <= skip) return other_text();
      group_b.folded.erase(0, skip);
    }
    while (group_a.folded.size() != group_b.folded.size()) {
      const bool shorter = group_a.folded.size() < group_b.folded.size();
      if (shorter ? extend(a, at_a, group_a) : extend(b, at_b, group_b)) continue;
      if (!shorter) return other_text();
      break;  // `a` ends inside of the last piece of `b`
    }
    if (!group_b.folded.starts_with(group_a.folded)) return other_text();
    kinds |= of_pieces(a.substr(group_a.begin, at_a - group_a.begin),
                       b.substr(group_b.begin, at_b - group_b.begin));
  }
  return kinds;
}

FoldKinds FoldComparison::of_pieces(std::string_view a, std::string_view b) {
  if (a == b) return {};
  if (known_.size() >= kMaxKnown) known_.clear();
  const auto [entry, added] = known_.try_emplace(std::string(a) + '\xff' + std::string(b));
  if (!added) return entry->second;
  // Where a part of a piece is like the other text no kind explains it: it is one of a form that
  // stands for several characters.
  entry->second = FoldKinds(FoldKind::kNfkc);
  const icu::UnicodeString text_a = to_unicode(a), text_b = to_unicode(b);
  for (const FoldKinds kinds : sets_by_size()) {
    if (a.size() + b.size() > kMaxSearchedBytes && std::popcount(kinds.bits()) > 1) break;
    if (without_kinds(text_a, kinds) != without_kinds(text_b, kinds)) continue;
    entry->second = kinds;
    break;
  }
  return entry->second;
}

FoldKinds FoldComparison::of_gaps(std::string_view a, std::string_view b) {
  FoldKinds kinds;
  if (a == b) return kinds;
  const Gap gap_a = split(a), gap_b = split(b);
  kinds |= of_pieces(gap_a.spaces, gap_b.spaces);
  kinds |= of_pieces(gap_a.punctuation, gap_b.punctuation);
  kinds |= of_pieces(gap_a.zero_width, gap_b.zero_width);
  if (kinds != FoldKinds()) return kinds;
  // The same signs in another order.
  if (!gap_a.spaces.empty()) kinds |= FoldKinds(FoldKind::kWhitespace);
  if (!gap_a.punctuation.empty()) kinds |= FoldKinds(FoldKind::kPunctuation);
  if (!gap_a.zero_width.empty()) kinds |= FoldKinds(FoldKind::kZeroWidth);
  return kinds;
}

}  // namespace yurai
