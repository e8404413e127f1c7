#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

/// A text as the set of its overlapping n-grams ("shingles"), each a 64-bit hash: what near
/// duplicates are measured by.
///
///     YURAI_ASSIGN(const std::string text, normalize_nfkc("ｱｲｳｴｵ…"));
///     std::vector<uint64_t> tokens;
///     tokenize(text, ShingleUnit::kChar, tokens);
///     const auto set = shingle_set(tokens, 5);
namespace yurai {

enum class ShingleUnit {
  kChar,  ///< code points
  kWord,  ///< runs of letters, marks and digits in lower case; a Han, kana or Hangul character
          ///< alone
};

/// Longest shingle, in units.
inline constexpr uint32_t kMaxShingleSize = 16;

/// Unicode normalisation form NFKC. `text` is UTF-8.
Result<std::string> normalize_nfkc(std::string_view text);

/// The units of a text that is UTF-8, as numbers: code points, or hashes of words.
void tokenize(std::string_view text, ShingleUnit unit, std::vector<uint64_t>& tokens);

/// How many shingles that many units make: of a text shorter than a shingle one, all of it; of no
/// text none.
constexpr size_t num_shingles(size_t num_tokens, uint32_t shingle_size) {
  return num_tokens < shingle_size ? (num_tokens > 0) : num_tokens - shingle_size + 1;
}

/// Hashes of the shingles [first, first + out.size()) of the units. A hash is the same wherever the
/// shingle stands; two shingles share one with probability 2^-64.
void hash_shingles(std::span<const uint64_t> tokens, uint32_t shingle_size, size_t first,
                   std::span<uint64_t> out);

/// The set of the shingles' hashes, ascending.
std::vector<uint64_t> shingle_set(std::span<const uint64_t> tokens, uint32_t shingle_size);

/// |a ∩ b| of two ascending sets, and their Jaccard index |a ∩ b| / |a ∪ b|; 1 for two empty ones.
uint64_t intersection_size(std::span<const uint64_t> a, std::span<const uint64_t> b);
double jaccard_index(uint64_t intersection, uint64_t size_a, uint64_t size_b);

}  // namespace yurai
