#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/text/fold.h"

/// In what two texts differ that are the same when folded.
///
///     FoldComparison comparison(folder);
///     comparison.compare("Ｙｕｒａｉ、", "yurai");    // case, width
namespace yurai {

/// Kinds of difference, in the order in which they are named.
enum class FoldKind { kNfkc, kCase, kWidth, kWhitespace, kPunctuation, kZeroWidth, kOldKanji };
inline constexpr std::array<std::string_view, 7> kFoldKindNames = {
    "nfkc", "case", "width", "whitespace", "punctuation", "zero_width", "old_kanji"};

/// A set of kinds.
class FoldKinds {
 public:
  constexpr FoldKinds() = default;
  constexpr explicit FoldKinds(FoldKind kind) : bits_(1u << static_cast<unsigned>(kind)) {}
  static constexpr FoldKinds from_bits(uint32_t bits) {
    FoldKinds kinds;
    kinds.bits_ = bits;
    return kinds;
  }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool has(FoldKind kind) const { return (bits_ & FoldKinds(kind).bits_) != 0; }
  constexpr FoldKinds& operator|=(FoldKinds other) {
    bits_ |= other.bits_;
    return *this;
  }
  constexpr bool operator==(const FoldKinds&) const = default;
  std::vector<std::string_view> names() const;

 private:
  uint32_t bits_ = 0;
};

/// Compares texts; remembers what pieces differ in. Not thread-safe; the folder must outlive it.
class FoldComparison {
 public:
  explicit FoldComparison(Folder& folder) : folder_(folder) {}

  /// In what `a` and `b` differ, each of which begins and ends with a piece that leaves something:
  /// piece by piece those kinds that, folded away on both sides, make them the same; the fewest,
  /// of equally few the first ones. What stands between two such pieces (white space, punctuation,
  /// what cannot be seen) is compared kind by kind. The folded text of `a` must stand in that of
  /// `b` from byte `skip` on, up to or into its last piece; kInvalidArgument when it does not.
  Result<FoldKinds> compare(std::string_view a, std::string_view b, size_t skip = 0);

 private:
  struct Group;
  bool extend(std::string_view text, size_t& at, Group& group);
  size_t same_pieces(std::string_view a, std::string_view b);
  FoldKinds of_pieces(std::string_view a, std::string_view b);
  FoldKinds of_gaps(std::string_view a, std::string_view b);

  Folder& folder_;
  std::unordered_map<std::string, FoldKinds> known_;
};

}  // namespace yurai
