#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"

namespace yurai {

/// A double array of Darts-clone, as SentencePiece's normalisers hold it: units of 32 bits; a node
/// is where its children's labels are counted from. Immutable; const calls are thread-safe.
class DoubleArray {
 public:
  struct Match {
    uint32_t size = 0;
    uint32_t value = 0;
  };

  DoubleArray() = default;
  explicit DoubleArray(std::string_view bytes);

  bool empty() const { return units_.empty(); }

  /// Proves that no text leads out of the array, nor to a value that is no place in `texts` where a
  /// character begins, nor past too many values. Without that `longest` must not be called.
  Result<void> check(std::string_view texts) const;

  /// The longest key that `text` begins with and that ends where a character of it ends. The
  /// library cuts characters, too, if a file says so.
  std::optional<Match> longest(std::string_view text) const;

 private:
  static bool has_value(uint32_t unit) { return (unit >> 8 & 1) != 0; }
  static uint32_t label(uint32_t unit) { return unit & 0x800000FFu; }
  static uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }
  static uint32_t value(uint32_t unit) { return unit & 0x7FFFFFFFu; }

  std::vector<uint32_t> units_;
};

}  // namespace yurai
