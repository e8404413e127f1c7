#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "yurai/base/result.h"

namespace yurai {

/// What the end of a growing text has to do with its stop strings.
///
///     scan_stops("ab<", {"<end>"}) -> {.stop_begin = {}, .safe_bytes = 2}
///     scan_stops("ab<end>", {"<end>"}) -> {.stop_begin = 2, .safe_bytes = 2}
struct StopScan {
  std::optional<size_t> stop_begin;  ///< of the longest stop string that the text ends with
  size_t safe_bytes = 0;             ///< no stop string that may still come begins before this
};

/// O(total size of the stop strings squared); ask after every character.
StopScan scan_stops(std::string_view text, std::span<const std::string> stops);

/// kInvalidArgument for an empty stop string, one of more than 256 bytes or that is not UTF-8, and
/// for more than 16 of them.
Result<void> check_stops(std::span<const std::string> stops);

}  // namespace yurai
