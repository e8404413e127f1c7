#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "yurai/record/trace.h"

/// Where an occurrence may begin, in a text of documents between bytes FF. docs/formats/index.md.
#include "yurai/base/ascii.h"

namespace yurai {

/// Whether a byte is one of [0-9A-Za-z_].
inline constexpr std::array<bool, 256> kIsWordByte = [] {
  std::array<bool, 256> is_word{};
  for (size_t c = 0; c < is_word.size(); ++c) {
    is_word[c] = is_word_byte(static_cast<char>(c));
  }
  return is_word;
}();

/// Whether `text[p]`, p > 0, is a point.
inline bool is_point(const char* text, uint64_t p, PointMode points) {
  const auto byte = static_cast<unsigned char>(text[p]);
  if (byte == 0xFF || (byte & 0xC0) == 0x80) return false;
  return points == PointMode::kChar || !kIsWordByte[byte] ||
         !kIsWordByte[static_cast<unsigned char>(text[p - 1])];
}

inline uint64_t count_points(std::string_view text, PointMode points) {
  uint64_t count = 0;
  for (uint64_t p = 1; p < text.size(); ++p) count += is_point(text.data(), p, points) ? 1 : 0;
  return count;
}

}  // namespace yurai
