#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/interval.h"
#include "yurai/base/json.h"
#include "yurai/index/corpus_index.h"

/// The count-based language model of the textbook, for given strings:
/// P(string | context) = count(context·string) / count(context), with what the count can bear.
///
///     YURAI_ASSIGN(const auto p, conditional_probabilities(index, "りんごを", {"食べた",
///     "殴った"}));
namespace yurai {

struct StringProbability {
  std::string text;
  uint64_t numerator = 0;             ///< count(context·text)
  uint64_t denominator = 0;           ///< count(context)
  std::optional<double> probability;  ///< none when the context does not occur
  Interval interval;                  ///< 95 %
  std::optional<double> baseline;     ///< count(text) / count(""): without the context
};

struct ConditionalProbabilities {
  std::string context;
  uint64_t denominator = 0;
  std::vector<StringProbability> strings;  ///< in the order asked
  PointMode points = PointMode::kChar;
};

/// Exact. Over `word` points all counts, of the baseline too, are of occurrences that begin at a
/// word border. kInvalidArgument for text that is not UTF-8.
Result<ConditionalProbabilities> conditional_probabilities(const CorpusIndex& index,
                                                           std::string_view context,
                                                           const std::vector<std::string>& strings);

Json to_json(const ConditionalProbabilities& probabilities);

}  // namespace yurai
