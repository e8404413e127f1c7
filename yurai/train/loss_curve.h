#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/result.h"

/// How a run went, as lines of JSON and as a picture.
namespace yurai {

inline constexpr std::string_view kMetricsName = "metrics.jsonl";

/// A line of metrics.jsonl.
struct StepMetrics {
  uint64_t step = 0;
  uint32_t epoch = 0;
  uint64_t tokens = 0;  ///< predicted so far, this step's included
  double loss_nats = 0;
  double learning_rate = 0;
  double gradient_norm = 0;
  double router_loss = -1;       ///< below 0: no experts
  int64_t dropped_choices = -1;  ///< of tokens for experts that were full; below 0: no limit
  double validation_nats = -1;   ///< below 0: not measured at this step
  double validation_error = 0;   ///< half a 95 % interval, over sequences
};

Json to_json(const StepMetrics& metrics);
Result<StepMetrics> parse_step_metrics(std::string_view line);
/// All whole lines; what follows the last line end is being written, and left out.
Result<std::vector<StepMetrics>> parse_metrics(std::string_view lines);

/// The hash chain over whole lines, going on from that of the lines before them ("" at first):
/// SHA-256 of the hash before (hex) and the line with its end, hex.
std::string chain_metrics(std::string before, std::string_view lines);

/// The mean of the losses up to each step, where every step counts 0.95 of the one after it.
std::vector<double> running_mean(const std::vector<StepMetrics>& steps);
/// At most `limit` of the steps, ascending: the last, those with a validation loss and, as far as
/// there is room, the others; of what is too many an even choice.
std::vector<size_t> thinned(const std::vector<StepMetrics>& steps, size_t limit);

/// Loss over tokens as SVG: each step, their running mean, and the validation loss with its
/// interval.
std::string draw_loss_curve(const std::vector<StepMetrics>& steps, std::string_view title);

}  // namespace yurai
