#include "yurai/curate/whatif.h"

#include <fmt/format.h>

#include <cmath>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

Json to_json(const Bounds& bounds) {
  return {{"min", or_null(bounds.min)}, {"max", or_null(bounds.max)}};
}

}  // namespace

Json to_json(const DocumentCount& count) {
  return {{"documents", count.documents}, {"bytes", count.bytes}};
}

std::optional<bool> keeps(const std::optional<DecisionValue>& found, const Bounds& bounds) {
  if (!found) return std::nullopt;
  if (!found->value) return true;
  if (!found->at_least) return bounds.hold(*found->value);
  if (bounds.max && *found->value > *bounds.max) return false;
  if (bounds.max || (bounds.min && *found->value < *bounds.min)) return std::nullopt;
  return true;
}

Result<Bounds> asked_bounds(const Bounds& now, const WhatIfQuestion& question) {
  Bounds then = now;
  for (const auto& asked : {question.min, question.max, question.threshold}) {
    if (asked && !std::isfinite(*asked)) {
      return fail(ErrorCode::kInvalidArgument, "a threshold must be a number");
    }
  }
  if (question.min) then.min = question.min;
  if (question.max) then.max = question.max;
  if (question.threshold) {
    if (question.min || question.max) {
      return fail(ErrorCode::kInvalidArgument, "'threshold' stands alone, without 'min' and 'max'");
    }
    if (!now.min && !now.max) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("step '{}' has no bound that a threshold could replace; say 'min' or "
                              "'max'",
                              for_terminal(question.step)));
    }
    const double asked = *question.threshold;
    const bool min =
        now.min && (!now.max || std::abs(asked - *now.min) <= std::abs(asked - *now.max));
    (min ? then.min : then.max) = asked;
  }
  if (question.min && question.max && *then.min > *then.max) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("with these bounds step '{}' keeps no document: its minimum {} is above "
                    "its maximum {}; say another 'min' or 'max'",
                    for_terminal(question.step), *then.min, *then.max));
  }
  if (then == now) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("these are the bounds that step '{}' has; say another 'threshold', "
                            "'min' or 'max'",
                            for_terminal(question.step)));
  }
  return then;
}

void count_then(WhatIf& answer, bool kept_now, const std::optional<bool>& kept_then,
                const DocumentCount& documents) {
  if (!kept_then) {
    answer.undetermined += documents;
  } else if (*kept_then) {
    answer.kept_then += documents;
    if (!kept_now) answer.gained += documents;
  } else if (kept_now) {
    answer.lost += documents;
  }
}

std::optional<bool> kept_with(const DecisionRow& row, const std::vector<LedgerStep>& steps,
                              size_t step, const Bounds& bounds) {
  bool known = true;
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto passed = keeps(row.values[i], i == step ? bounds : steps[i].bounds);
    if (!passed) known = false;
    if (passed && !*passed) return false;
  }
  return known ? std::optional<bool>(true) : std::nullopt;
}

Result<WhatIf> what_if(const DecisionLedger& ledger, const WhatIfQuestion& question,
                       const Progress& progress, const std::stop_token& stop) {
  YURAI_ASSIGN(const size_t step, ledger.find_step(question.step));
  WhatIf answer;
  answer.step = question.step;
  answer.now = ledger.steps()[step].bounds;
  YURAI_ASSIGN(answer.then, asked_bounds(answer.now, question));
  YURAI_TRY(ledger.for_each(
      [&](const DecisionRow& row) {
        const DocumentCount one{1, row.bytes};
        answer.all += one;
        if (row.kept()) answer.kept_now += one;
        count_then(answer, row.kept(), kept_with(row, ledger.steps(), step, answer.then), one);
        return !stop.stop_requested();
      },
      progress));
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  return answer;
}

Json to_json(const WhatIf& answer) {
  return {{"step", answer.step},
          {"now", to_json(answer.now)},
          {"then", to_json(answer.then)},
          {"all", to_json(answer.all)},
          {"kept_now", to_json(answer.kept_now)},
          {"kept_then", to_json(answer.kept_then)},
          {"gained", to_json(answer.gained)},
          {"lost", to_json(answer.lost)},
          {"undetermined", to_json(answer.undetermined)}};
}

}  // namespace yurai
