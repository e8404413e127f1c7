#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "yurai/curate/filter.h"

namespace yurai {

/// A filter that is a function of the text alone; no number: there is nothing to measure.
template <std::optional<double> (*kMeasure)(std::string_view)>
class TextFilter final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<TextFilter>(); }
  Measurement measure(const Subject& subject, bool) const override {
    return {.value = kMeasure(subject.text)};
  }
};

/// part / whole; none of nothing.
inline std::optional<double> share_of(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace yurai
