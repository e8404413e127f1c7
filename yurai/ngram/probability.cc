#include "yurai/ngram/probability.h"

#include <algorithm>
#include <utility>

namespace yurai {
namespace {

std::optional<double> ratio(uint64_t numerator, uint64_t denominator) {
  if (denominator == 0) return {};
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

}  // namespace

Result<ConditionalProbabilities> conditional_probabilities(
    const CorpusIndex& index, std::string_view context, const std::vector<std::string>& strings) {
  IndexSession session(index);
  ConditionalProbabilities all;
  all.context = context;
  all.points = index.points();
  YURAI_ASSIGN(all.denominator, session.count(context));
  YURAI_ASSIGN(const uint64_t everywhere, session.count(""));
  for (const std::string& text : strings) {
    StringProbability one;
    one.text = text;
    one.denominator = all.denominator;
    YURAI_ASSIGN(const uint64_t unconditional, session.count(text));
    YURAI_ASSIGN(one.numerator, session.count(all.context + text));
    one.probability = ratio(one.numerator, one.denominator);
    one.interval = wilson_interval(one.numerator, one.denominator);
    one.baseline = ratio(unconditional, everywhere);
    all.strings.push_back(std::move(one));
  }
  return all;
}

Json to_json(const ConditionalProbabilities& probabilities) {
  Json strings = Json::array();
  for (const StringProbability& one : probabilities.strings) {
    strings.push_back(Json{{"text", one.text},
                           {"numerator", one.numerator},
                           {"denominator", one.denominator},
                           {"probability", or_null(one.probability)},
                           {"interval", {one.interval.low, one.interval.high}},
                           {"baseline", or_null(one.baseline)}});
  }
  return Json{{"context", probabilities.context},
              {"denominator", probabilities.denominator},
              {"strings", std::move(strings)},
              {"points", name(probabilities.points)}};
}

}  // namespace yurai
