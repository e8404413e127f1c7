#include "yurai/train/loss_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "yurai/base/hash.h"

namespace yurai {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 400;
constexpr double kLeft = 56;
constexpr double kTop = 40;
constexpr double kRight = 16;
constexpr double kBottom = 44;

double number_or(const Json& json, std::string_view key, double missing) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<double>() : missing;
}

/// A step of a scale that people read: 1, 2 or 5 times a power of ten.
double round_step(double range) {
  const double raw = std::max(range, 1e-9) / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double digit = raw / power;
  return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Json to_json(const StepMetrics& metrics) {
  Json json = {{"step", metrics.step},
               {"epoch", metrics.epoch},
               {"tokens", metrics.tokens},
               {"loss_nats", metrics.loss_nats},
               {"learning_rate", metrics.learning_rate},
               {"gradient_norm", metrics.gradient_norm}};
  if (metrics.router_loss >= 0) json["router_loss"] = metrics.router_loss;
  if (metrics.dropped_choices >= 0) json["dropped_choices"] = metrics.dropped_choices;
  if (metrics.validation_nats >= 0) {
    json["validation_nats"] = metrics.validation_nats;
    json["validation_error"] = metrics.validation_error;
  }
  return json;
}

Result<StepMetrics> parse_step_metrics(std::string_view line) {
  YURAI_ASSIGN(const Json json, parse_json(line, "metrics.jsonl"));
  StepMetrics metrics;
  YURAI_ASSIGN(metrics.step, json_uint(json, "step"));
  YURAI_ASSIGN(const uint64_t epoch, json_uint(json, "epoch"));
  metrics.epoch = static_cast<uint32_t>(epoch);
  YURAI_ASSIGN(metrics.tokens, json_uint(json, "tokens"));
  metrics.loss_nats = number_or(json, "loss_nats", 0);
  metrics.learning_rate = number_or(json, "learning_rate", 0);
  metrics.gradient_norm = number_or(json, "gradient_norm", 0);
  metrics.router_loss = number_or(json, "router_loss", -1);
  metrics.dropped_choices = static_cast<int64_t>(number_or(json, "dropped_choices", -1));
  metrics.validation_nats = number_or(json, "validation_nats", -1);
  metrics.validation_error = number_or(json, "validation_error", 0);
  return metrics;
}

Result<std::vector<StepMetrics>> parse_metrics(std::string_view lines) {
  std::vector<StepMetrics> steps;
  size_t at = 0;
  for (size_t end = 0; (end = lines.find('\n', at)) != std::string_view::npos; at = end + 1) {
    YURAI_ASSIGN(const StepMetrics step, parse_step_metrics(lines.substr(at, end - at)));
    steps.push_back(step);
  }
  return steps;
}

std::string chain_metrics(std::string before, std::string_view lines) {
  size_t at = 0;
  for (size_t end = 0; (end = lines.find('\n', at)) != std::string_view::npos; at = end + 1) {
    Sha256 hash;
    hash.update(before);
    hash.update(lines.substr(at, end + 1 - at));
    before = hash.hex();
  }
  return before;
}

std::vector<double> running_mean(const std::vector<StepMetrics>& steps) {
  std::vector<double> means;
  double sum = 0;
  double weight = 0;
  for (const StepMetrics& step : steps) {
    sum = 0.95 * sum + step.loss_nats;
    weight = 0.95 * weight + 1;
    means.push_back(sum / weight);
  }
  return means;
}

std::vector<size_t> thinned(const std::vector<StepMetrics>& steps, size_t limit) {
  std::vector<size_t> first;
  std::vector<size_t> others;
  for (size_t i = 0; i < steps.size(); ++i) {
    const bool wanted = steps[i].validation_nats >= 0 || i + 1 == steps.size();
    (wanted ? first : others).push_back(i);
  }
  // From the end, so that the last step is among them.
  const auto even = [](const std::vector<size_t>& from, size_t count) {
    std::vector<size_t> out;
    for (size_t i = 1; i <= count; ++i) out.push_back(from[i * from.size() / count - 1]);
    return out;
  };
  std::vector<size_t> chosen = even(first, std::min(limit, first.size()));
  std::ranges::copy(even(others, std::min(limit - chosen.size(), others.size())),
                    std::back_inserter(chosen));
  std::ranges::sort(chosen);
  return chosen;
}

std::string draw_loss_curve(const std::vector<StepMetrics>& steps, std::string_view title) {
  double low = INFINITY;
  double high = -INFINITY;
  double last = 1;
  for (const StepMetrics& step : steps) {
    low = std::min(low, step.loss_nats);
    high = std::max(high, step.loss_nats);
    if (step.validation_nats >= 0) {
      low = std::min(low, step.validation_nats - step.validation_error);
      high = std::max(high, step.validation_nats + step.validation_error);
    }
    last = static_cast<double>(step.tokens);
  }
  if (!(low <= high)) low = high = 0;
  const double y_step = round_step(high - low);
  low = std::floor(low / y_step) * y_step;
  high = std::max(low + y_step, std::ceil(high / y_step) * y_step);
  const auto x = [&](double tokens) { return kLeft + (kWidth - kLeft - kRight) * tokens / last; };
  const auto y = [&](double nats) {
    return kTop + (kHeight - kTop - kBottom) * (high - nats) / (high - low);
  };

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"#fff\"/>\n<text x=\"{2}\" y=\"22\" font-size=\"14\">{3}</text>\n",
      kWidth, kHeight, kLeft, escaped(title));
  for (double nats = low; nats <= high + y_step / 2; nats += y_step) {
    svg += fmt::format(
        "<path d=\"M{} {:.1f}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{:.4g}</text>\n",
        kLeft, y(nats), kWidth - kRight, kLeft - 6, y(nats) + 4, nats);
  }
  const double x_step = round_step(last);
  for (double tokens = 0; tokens <= last; tokens += x_step) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.4g}</text>\n",
                       x(tokens), kHeight - 26, tokens);
  }
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">tokens · トークン数</text>\n",
                     (kLeft + kWidth - kRight) / 2, kHeight - 8);

  std::string each;
  std::string mean;
  std::string validation;
  const std::vector<double> means = running_mean(steps);
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepMetrics& step = steps[i];
    const double at = x(static_cast<double>(step.tokens));
    each += fmt::format("{}{:.1f} {:.1f}", each.empty() ? "M" : "L", at, y(step.loss_nats));
    mean += fmt::format("{}{:.1f} {:.1f}", mean.empty() ? "M" : "L", at, y(means[i]));
    if (step.validation_nats < 0) continue;
    validation += fmt::format(
        "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"#d9480f\"/><circle cx=\"{0:.1f}\" "
        "cy=\"{3:.1f}\" r=\"3\" fill=\"#d9480f\"/>\n",
        at, y(step.validation_nats + step.validation_error),
        y(step.validation_nats - step.validation_error), y(step.validation_nats));
  }
  if (!each.empty()) {
    svg += fmt::format(
        "<path d=\"{}\" fill=\"none\" stroke=\"#a5d8ff\"/>\n<path d=\"{}\" fill=\"none\" "
        "stroke=\"#1864ab\" stroke-width=\"2\"/>\n{}",
        each, mean, validation);
  }
  svg += fmt::format(
      "<text x=\"{0}\" y=\"{1}\" text-anchor=\"end\" fill=\"#1864ab\">training loss (nats a token) "
      "· "
      "学習損失</text>\n<text x=\"{0}\" y=\"{2}\" text-anchor=\"end\" fill=\"#d9480f\">validation, "
      "95 % · "
      "検証損失</text>\n</svg>\n",
      kWidth - kRight, kTop + 14, kTop + 30);
  return svg;
}

}  // namespace yurai
