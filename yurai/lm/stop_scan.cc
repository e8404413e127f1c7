#include "yurai/lm/stop_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kMaxStops = 16;
constexpr size_t kMaxStopBytes = 256;

}  // namespace

StopScan scan_stops(std::string_view text, std::span<const std::string> stops) {
  size_t longest_complete = 0;
  size_t longest_begun = 0;
  for (const std::string_view stop : stops) {
    for (size_t size = std::min(stop.size(), text.size()); size > 0; --size) {
      if (!text.ends_with(stop.substr(0, size))) continue;
      longest_begun = std::max(longest_begun, size);
      if (size == stop.size()) longest_complete = std::max(longest_complete, size);
      break;
    }
  }
  StopScan scan;
  scan.safe_bytes = text.size() - longest_begun;
  if (longest_complete > 0) scan.stop_begin = text.size() - longest_complete;
  return scan;
}

Result<void> check_stops(std::span<const std::string> stops) {
  if (stops.size() > kMaxStops) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("more than {} stop strings", kMaxStops));
  }
  for (const std::string& stop : stops) {
    if (stop.empty() || stop.size() > kMaxStopBytes || find_invalid_utf8(stop)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("a stop string is 1 to {} bytes of UTF-8", kMaxStopBytes));
    }
  }
  return {};
}

}  // namespace yurai
