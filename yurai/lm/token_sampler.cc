#include "yurai/lm/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace yurai {
namespace {

struct Candidate {
  uint32_t token = 0;
  double weight = 0;  ///< exp(logit - largest), not normalised
};

/// How many of the candidates, in order, stay.
size_t num_kept(const std::vector<Candidate>& candidates, const TokenFilter& filter) {
  size_t kept = candidates.size();
  if (filter.top_k > 0) kept = std::min<size_t>(kept, filter.top_k);
  const auto sum = [&](size_t count) {
    double total = 0;
    for (size_t i = 0; i < count; ++i) total += candidates[i].weight;
    return total;
  };
  if (filter.top_p < 1) {
    const double wanted = filter.top_p * sum(kept);
    double total = 0;
    size_t count = 0;
    while (count < kept && (count == 0 || total < wanted)) total += candidates[count++].weight;
    kept = count;
  }
  while (kept > 1 && candidates[kept - 1].weight < filter.min_p * candidates[0].weight) --kept;
  return kept;
}

}  // namespace

Result<void> check_sampling(double temperature, const TokenFilter& filter) {
  const auto bad = [](const char* what) { return fail(ErrorCode::kInvalidArgument, what); };
  if (!(temperature >= 0) || !std::isfinite(temperature)) {
    return bad("the temperature must be a number >= 0");
  }
  if (!(filter.top_p > 0 && filter.top_p <= 1)) return bad("top_p must be above 0, at most 1");
  if (!(filter.min_p >= 0 && filter.min_p <= 1)) return bad("min_p must be from 0 to 1");
  if (!(filter.repetition_penalty >= 0.1 && filter.repetition_penalty <= 10)) {
    return bad("repetition_penalty must be from 0.1 to 10");
  }
  return {};
}

DrawnToken draw_token(std::span<const float> logits, std::span<const int32_t> seen,
                      double temperature, const TokenFilter& filter, SplitMix64& random) {
  YURAI_CHECK(!logits.empty());
  std::vector<float> adjusted(logits.begin(), logits.end());
  if (filter.repetition_penalty != 1) {
    const auto penalty = static_cast<float>(filter.repetition_penalty);
    for (const int32_t token : seen) {
      const auto at = static_cast<size_t>(token);
      adjusted[at] = logits[at] > 0 ? logits[at] / penalty : logits[at] * penalty;
    }
  }
  const auto first_largest = [](std::span<const float> values) {
    return static_cast<size_t>(std::ranges::max_element(values) - values.begin());
  };
  const size_t best = first_largest(adjusted);
  size_t drawn = best;
  if (temperature > 0) {
    std::vector<Candidate> candidates(adjusted.size());
    for (size_t i = 0; i < adjusted.size(); ++i) {
      const double below = static_cast<double>(adjusted[i]) - static_cast<double>(adjusted[best]);
      candidates[i] = {static_cast<uint32_t>(i), std::exp(below / temperature)};
    }
    size_t kept = candidates.size();
    if (filter.top_k > 0 || filter.top_p < 1 || filter.min_p > 0) {
      std::ranges::stable_sort(candidates, std::greater(), &Candidate::weight);
      kept = num_kept(candidates, filter);
    }
    double total = 0;
    for (size_t i = 0; i < kept; ++i) total += candidates[i].weight;
    double left = static_cast<double>(random.next() >> 11) * 0x1p-53 * total;
    size_t i = 0;
    while (i + 1 < kept && left >= candidates[i].weight) left -= candidates[i++].weight;
    drawn = candidates[i].token;
  }
  const auto largest = static_cast<double>(logits[first_largest(logits)]);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return {static_cast<uint32_t>(drawn),
          std::exp(static_cast<double>(logits[drawn]) - largest) / sum};
}

}  // namespace yurai
