#include "yurai/base/utf8.h"
#include "yurai/curate/characters.h"
#include "yurai/curate/filter.h"

namespace yurai {
namespace {

/// A filter that is a function of the text.
template <double (*kMeasure)(std::string_view)>
class TextFilter final : public Filter {
 public:
  static MadeFilter make(FilterOptions&) { return std::make_unique<TextFilter>(); }
  Measurement measure(const Subject& subject, bool) const override {
    return {.value = kMeasure(subject.text)};
  }
};

double not_empty(std::string_view text) { return is_blank_text(text) ? 0 : 1; }
double length(std::string_view text) { return static_cast<double>(count_chars(text)); }
double bytes(std::string_view text) { return static_cast<double>(text.size()); }

constexpr FilterInfo kFilters[] = {
    {.name = "not_empty",
     .unit = "yes",
     .bounds = {.min = 1},
     .source = "llm-jp-corpus v1",
     .english = "The text is more than white space",
     .japanese = "空白以外の文字がある",
     .make = TextFilter<not_empty>::make},
    {.name = "length",
     .unit = "characters",
     .bounds = {.min = 200, .max = 50'000},
     .source = "HojiChar DocumentLengthFilter",
     .english = "Characters of the text",
     .japanese = "本文の文字数",
     .make = TextFilter<length>::make},
    {.name = "bytes",
     .unit = "bytes",
     .bounds = {.min = 1},
     .source = "Yurai",
     .english = "Bytes of the text in UTF-8",
     .japanese = "本文の UTF-8 バイト数",
     .make = TextFilter<bytes>::make},
};

}  // namespace

std::span<const FilterInfo> basic_filters() { return kFilters; }

}  // namespace yurai
