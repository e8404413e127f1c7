#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/number_codec.h"
#include "yurai/base/result.h"

/// The bytes of the search files: numbers of variable length, postings, skip rows, document lengths
/// in a byte, scores in fixed point. docs/formats/search.md.
namespace yurai {

inline constexpr std::string_view kSearchTermsName = "search_terms.bin";
inline constexpr std::string_view kSearchPostingsName = "search_postings.bin";
inline constexpr std::string_view kSearchDocumentsName = "search_documents.bin";
inline constexpr std::string_view kSearchMagic = "yuraisea";
inline constexpr uint64_t kSearchVersion = 1;
inline constexpr size_t kSearchHeaderBytes = 64;

inline constexpr size_t kPostingsInBlock = 128;
/// Lists of at most so many are in the dictionary itself.
inline constexpr size_t kInlinePostings = 8;
inline constexpr double kK1 = 1.2;
inline constexpr double kB = 0.9;
/// Rare terms weigh more than in plain BM25: chosen on the questions of JaQuAD
/// (docs/formats/search.md).
inline constexpr double kIdfPower = 1.5;

struct Posting {
  uint32_t document = 0;
  uint32_t frequency = 0;
};

/// Postings after document `before` (-1: from the first on): step - 1 and whether the frequency is
/// 1 in one number, then frequencies above 1 less 2.
inline void append_postings(const Posting* begin, const Posting* end, int64_t before,
                            std::string& out) {
  for (; begin != end; ++begin) {
    const auto step = static_cast<uint64_t>(begin->document - before - 1);
    append_varint(step << 1 | (begin->frequency == 1 ? 1 : 0), out);
    if (begin->frequency != 1) append_varint(begin->frequency - 2, out);
    before = begin->document;
  }
}

/// Reads `count` of them; false where the bytes don't hold them or a document is not below
/// `num_documents`.
inline bool read_postings(std::string_view bytes, size_t count, int64_t before,
                          uint64_t num_documents, std::vector<Posting>& out) {
  out.clear();
  NumberReader reader(bytes);
  auto document = static_cast<uint64_t>(before + 1);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t step = reader.varint();
    document += step >> 1;
    const uint64_t frequency = (step & 1) != 0 ? 1 : reader.varint() + 2;
    if (!reader.ok() || document >= num_documents || frequency > UINT32_MAX) return false;
    out.push_back({static_cast<uint32_t>(document), static_cast<uint32_t>(frequency)});
    ++document;
  }
  return reader.at_end();
}

/// One row a block of a list of more than kPostingsInBlock.
struct SkipRow {
  uint32_t last_document = 0;
  uint16_t num_bytes = 0;
  uint16_t bound = 0;  ///< no posting of the block has a larger saturation, in 65,535ths
};
inline constexpr size_t kSkipRowBytes = 8;

/// A length (number of terms) as a byte: exact below 16, then 16 steps an octave.
constexpr uint8_t length_byte(uint64_t length) {
  if (length < 16) return static_cast<uint8_t>(length);
  int shift = 0;
  while (length >> shift >= 32) ++shift;
  const uint64_t code = 16 * static_cast<uint64_t>(shift) + (length >> shift);
  return static_cast<uint8_t>(code < 255 ? code : 255);
}
constexpr uint64_t length_of_byte(uint8_t byte) {
  if (byte < 32) return byte;
  const int shift = byte / 16 - 1;
  return uint64_t{byte % 16u + 16u} << shift;
}

/// What a frequency saturates against in documents of each length byte.
inline std::vector<float> length_norms(double mean_length) {
  std::vector<float> norms(256);
  for (size_t i = 0; i < norms.size(); ++i) {
    const auto length = static_cast<double>(length_of_byte(static_cast<uint8_t>(i)));
    norms[i] = static_cast<float>(kK1 * (1 - kB + kB * length / std::max(1.0, mean_length)));
  }
  return norms;
}
inline float saturation(uint32_t frequency, float norm) {
  const auto tf = static_cast<float>(frequency);
  return tf / (tf + norm);
}
inline uint16_t saturation_bound(float value) {
  return static_cast<uint16_t>(std::min(65535.0, std::ceil(double{value} * 65535.0)));  // exact
}

/// Scores are whole numbers, so that the order in which terms are added changes nothing.
inline constexpr double kScoreUnit = 1 << 16;
inline uint64_t score_part(double weight, double saturated) {
  return static_cast<uint64_t>(weight * saturated + 0.5);
}
/// Never below the part of a posting with this bound.
inline uint64_t score_bound(double weight, uint16_t bound) {
  return score_part(weight, bound / 65535.0) + 1;
}
/// Of a term that `df` of `n` documents hold and the query has `times` times.
inline double term_weight(uint64_t df, uint64_t n, uint64_t times) {
  const auto d = static_cast<double>(df);
  const double idf = std::log1p((static_cast<double>(n) - d + 0.5) / (d + 0.5));
  return std::pow(idf, kIdfPower) * kScoreUnit * static_cast<double>(times);
}

}  // namespace yurai
