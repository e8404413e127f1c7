#include "yurai/curate/shingles.h"

#include <fmt/format.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <array>

#include "yurai/base/hash.h"
#include "yurai/base/utf8.h"

namespace yurai {
namespace {

/// Odd numbers without structure: the golden ratio's bits through splitmix64's mixer.
constexpr uint64_t mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ x >> 31;
}
constexpr std::array<uint64_t, kMaxShingleSize> kFactors = [] {
  std::array<uint64_t, kMaxShingleSize> factors{};
  for (size_t i = 0; i < factors.size(); ++i) {
    factors[i] = mix((i + 1) * 0x9E3779B97F4A7C15u) | 1;
  }
  return factors;
}();

template <uint32_t kSize>
void hash_full_shingles(const uint64_t* tokens, std::span<uint64_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint64_t sum = kSize;
    for (uint32_t k = 0; k < kSize; ++k) sum += tokens[i + k] * kFactors[k];
    out[i] = mix(sum);
  }
}

void hash_full_shingles(const uint64_t* tokens, uint32_t size, std::span<uint64_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint64_t sum = size;
    for (uint32_t k = 0; k < size; ++k) sum += tokens[i + k] * kFactors[k];
    out[i] = mix(sum);
  }
}

/// Whether each character of the script is a unit of its own: these are written without spaces.
bool stands_alone(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(c, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL:
      return true;
    default:
      return false;
  }
}

bool is_word_char(UChar32 c) { return u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }

void tokenize_words(std::string_view text, std::vector<uint64_t>& tokens) {
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) tokens.push_back(xxh3(word));
    word.clear();
  };
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    const auto c = static_cast<UChar32>(decode_char(text, at));
    if (!is_word_char(c)) {
      end_word();
    } else if (c >= 0x80 && stands_alone(c)) {
      end_word();
      append_char(static_cast<char32_t>(c), word);
      end_word();
    } else {
      append_char(static_cast<char32_t>(u_tolower(c)), word);
    }
  }
  end_word();
}

}  // namespace

Result<std::string> normalize_nfkc(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  std::string normalized;
  if (U_SUCCESS(status)) {
    icu::StringByteSink<std::string> sink(&normalized, static_cast<int32_t>(text.size()));
    nfkc->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink,
                        nullptr, status);
  }
  if (U_SUCCESS(status)) return normalized;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("a text of {} bytes cannot be normalised: {}", text.size(), u_errorName(status)));
}

void tokenize(std::string_view text, ShingleUnit unit, std::vector<uint64_t>& tokens) {
  tokens.clear();
  if (unit == ShingleUnit::kWord) return tokenize_words(text, tokens);
  tokens.reserve(text.size() / 2);
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    tokens.push_back(decode_char(text, at));
  }
}

void hash_shingles(std::span<const uint64_t> tokens, uint32_t shingle_size, size_t first,
                   std::span<uint64_t> out) {
  YURAI_CHECK(shingle_size > 0 && shingle_size <= kMaxShingleSize);
  YURAI_CHECK(first + out.size() <= num_shingles(tokens.size(), shingle_size));
  const auto size = static_cast<uint32_t>(std::min<size_t>(shingle_size, tokens.size()));
  if (size == 5) return hash_full_shingles<5>(tokens.data() + first, out);
  hash_full_shingles(tokens.data() + first, size, out);
}

std::vector<uint64_t> shingle_set(std::span<const uint64_t> tokens, uint32_t shingle_size) {
  std::vector<uint64_t> set(num_shingles(tokens.size(), shingle_size));
  hash_shingles(tokens, shingle_size, 0, set);
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
  return set;
}

uint64_t intersection_size(std::span<const uint64_t> a, std::span<const uint64_t> b) {
  uint64_t shared = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const uint64_t left = a[i];
    const uint64_t right = b[j];
    shared += left == right;
    i += left <= right;
    j += right <= left;
  }
  return shared;
}

double jaccard_index(uint64_t intersection, uint64_t size_a, uint64_t size_b) {
  const uint64_t size = size_a + size_b - intersection;
  return size == 0 ? 1 : static_cast<double>(intersection) / static_cast<double>(size);
}

}  // namespace yurai
