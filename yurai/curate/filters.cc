#include <fmt/format.h>
#include <fmt/ranges.h>

#include "yurai/base/terminal.h"
#include "yurai/curate/filter.h"

namespace yurai {

// The table of filters: each line is a file filters/NAME.cc that defines NAME_filters().
// clang-format off
#define YURAI_FILTER_FILES(X) \
  X(basic) \
  X(words) \
  X(japanese) \
  X(compression) \
  X(origin) \
  X(wikipedia) \
  X(gopher) \
  X(web) \
  X(language) \
  X(perplexity) \
  X(pii) \
  X(toxicity)
// clang-format on

#define YURAI_DECLARE(name) std::span<const FilterInfo> name##_filters();
YURAI_FILTER_FILES(YURAI_DECLARE)
#undef YURAI_DECLARE

std::vector<const FilterInfo*> all_filters() {
  std::vector<const FilterInfo*> all;
  const auto add = [&all](std::span<const FilterInfo> some) {
    for (const FilterInfo& info : some) all.push_back(&info);
  };
#define YURAI_ADD(name) add(name##_filters());
  YURAI_FILTER_FILES(YURAI_ADD)
#undef YURAI_ADD
  return all;
}

Result<const FilterInfo*> find_filter(std::string_view name) {
  std::vector<std::string_view> known;
  for (const FilterInfo* info : all_filters()) {
    if (info->name == name) return info;
    known.push_back(info->name);
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("there is no filter '{}'; there are {}",
                                                       for_terminal(name), fmt::join(known, ", ")));
}

Json to_json(const FilterInfo& info, bool japanese) {
  Json options = Json::array();
  for (const OptionInfo& option : info.options) {
    options.push_back({{"name", option.name},
                       {"default", option.fallback.empty() ? Json(nullptr) : Json(option.fallback)},
                       {"description", japanese ? option.japanese : option.english}});
  }
  return {{"name", info.name},
          {"unit", info.unit},
          {"min", or_null(info.bounds.min)},
          {"max", or_null(info.bounds.max)},
          {"edits", info.edits},
          {"options", std::move(options)},
          {"source", info.source},
          {"description", japanese ? info.japanese : info.english}};
}

}  // namespace yurai
