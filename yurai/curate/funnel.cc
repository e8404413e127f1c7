#include "yurai/curate/funnel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace yurai {
namespace {

constexpr size_t kMaxListedGroups = 1'000;
constexpr int64_t kStepsPerOctave = 16;
constexpr int kLowestExponent = -1100;
constexpr int64_t kMaxBarWidth = 1 << 20;

void count(const DecisionRow& row, KeptGroup& group) {
  ++group.documents;
  group.bytes += row.bytes;
  if (!row.kept()) return;
  ++group.kept;
  group.kept_bytes += row.bytes;
}

Json group_json(const KeptGroup& group) {
  return {{"name", group.name},
          {"documents", group.documents},
          {"bytes", group.bytes},
          {"kept", group.kept},
          {"kept_bytes", group.kept_bytes}};
}

/// Bars of `width` bins; they count from a power of two, those below zero away from it.
HistogramBin empty_bar(int64_t number, int64_t width) {
  const auto edge = [&](int64_t bars) {
    return std::min(histogram_bin_from(bars * width + 1), std::numeric_limits<double>::max());
  };
  HistogramBin bar;
  bar.from = number < 0 ? -edge(-number) : edge(number);
  bar.to = number < 0 ? -edge(-number - 1) : edge(number + 1);
  return bar;
}

std::vector<HistogramBin> bars_of_width(const std::map<int64_t, HistogramBin>& bins, int64_t width,
                                        bool whole) {
  std::vector<HistogramBin> bars;
  std::optional<int64_t> last;  // the number of the last bar; none: there is none, or it is zero's
  for (const auto& [bin, counts] : bins) {
    if (bin == 0) {
      bars.push_back({.to = whole ? 1.0 : 0.0});
      last.reset();
    } else {
      const int64_t number = bin > 0 ? (bin - 1) / width : -((-bin - 1) / width) - 1;
      const bool same_side = last && (*last < 0) == (number < 0);
      for (int64_t next = same_side ? *last + 1 : number; next <= number; ++next) {
        HistogramBin bar = empty_bar(next, width);
        if (whole && next >= 0) {
          bar.from = std::ceil(bar.from);
          bar.to = std::ceil(bar.to);
          if (bar.from == bar.to) continue;
        }
        bars.push_back(bar);
      }
      last = number;
    }
    bars.back().documents += counts.documents;
    bars.back().bytes += counts.bytes;
    bars.back().dropped += counts.dropped;
  }
  return bars;
}

}  // namespace

int64_t histogram_bin(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);  // in [0.5, 1)
  const auto step = static_cast<int64_t>((mantissa - 0.5) * 2 * kStepsPerOctave);
  const int64_t bin = (exponent - kLowestExponent) * kStepsPerOctave + step + 1;
  return value > 0 ? bin : -bin;
}

double histogram_bin_from(int64_t bin) {
  if (bin == 0) return 0;
  const auto edge = [](int64_t index) {
    const int64_t octave = index / kStepsPerOctave;
    const auto step = static_cast<double>(index % kStepsPerOctave);
    return std::ldexp(0.5 + step / (2 * kStepsPerOctave),
                      static_cast<int>(octave) + kLowestExponent);
  };
  return bin > 0 ? edge(bin - 1) : -edge(-bin);  // the far edge of a negative bin comes first
}

std::vector<HistogramBin> histogram_bars(const std::map<int64_t, HistogramBin>& bins,
                                         size_t max_bars, bool whole) {
  for (int64_t width = 1;; width *= 2) {
    std::vector<HistogramBin> bars = bars_of_width(bins, width, whole);
    if (bars.size() <= std::max<size_t>(max_bars, 3) || width > kMaxBarWidth) return bars;
  }
}

Funnel::Funnel(std::vector<LedgerStep> steps, size_t max_names)
    : steps_(std::move(steps)), max_names_(max_names) {
  for (const LedgerStep& step : steps_) {
    funnels_.push_back({.step = step.name});
    funnels_.back().by_kind.resize(step.kinds.size());
  }
}

void Funnel::add(const DecisionRow& row) {
  count(row, total_);
  if (row.kept()) kept_bytes_after_ += row.bytes_after();
  count_group(row, row.license, licenses_);
  count_group(row, row.source, sources_);
  count_group(row, row.lang, languages_);
  count_group(row, row.host, hosts_);
  for (size_t i = 0; i < funnels_.size(); ++i) {
    if (!row.values[i]) continue;
    const DecisionValue& found = *row.values[i];
    StepFunnel& step = funnels_[i];
    const bool dropped = row.dropped_by == i;
    ++step.ran;
    step.bytes += row.bytes;
    step.dropped += dropped;
    step.dropped_bytes += dropped ? row.bytes : 0;
    step.edited += found.bytes_after.has_value();
    for (size_t kind = 0; kind < found.by_kind.size(); ++kind) {
      step.by_kind[kind].documents += found.by_kind[kind] > 0;
      step.by_kind[kind].count += found.by_kind[kind];
    }
    if (!found.value) {
      ++step.unmeasured;
      continue;
    }
    const double value = *found.value;
    step.sum += value;
    step.above_zero += value > 0;
    step.min = std::min(step.min.value_or(value), value);
    step.max = std::max(step.max.value_or(value), value);
    HistogramBin& bin = step.bins[histogram_bin(value)];
    ++bin.documents;
    bin.bytes += row.bytes;
    bin.dropped += dropped;
  }
}

void Funnel::count_group(const DecisionRow& row, const std::string& name, Groups& groups) const {
  auto group = groups.named.find(name);
  if (group == groups.named.end()) {
    if (groups.named.size() >= max_names_) return count(row, groups.other);
    group = groups.named.emplace(name, KeptGroup{.name = name}).first;
  }
  count(row, group->second);
}

/// By bytes descending, then by name; what is beyond kMaxListedGroups as one last group, with
/// what has no group of its own.
Json Funnel::groups_json(const Groups& groups) {
  std::vector<const KeptGroup*> sorted;
  for (const auto& [name, group] : groups.named) sorted.push_back(&group);
  std::sort(sorted.begin(), sorted.end(), [](const KeptGroup* a, const KeptGroup* b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a->name < b->name;
  });
  Json list = Json::array();
  KeptGroup rest = groups.other;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i < kMaxListedGroups) {
      list.push_back(group_json(*sorted[i]));
      continue;
    }
    rest.documents += sorted[i]->documents;
    rest.bytes += sorted[i]->bytes;
    rest.kept += sorted[i]->kept;
    rest.kept_bytes += sorted[i]->kept_bytes;
  }
  Json other = group_json(rest);
  other.erase("name");
  return {{"names", sorted.size()}, {"groups", std::move(list)}, {"other", std::move(other)}};
}

Json Funnel::to_json() const {
  Json steps = Json::array();
  for (size_t i = 0; i < funnels_.size(); ++i) {
    const StepFunnel& step = funnels_[i];
    Json histogram = Json::array();
    for (const auto& [bin, counts] : step.bins) {
      histogram.push_back({{"from", histogram_bin_from(bin)},
                           {"to", bin == 0 ? 0 : histogram_bin_from(bin + 1)},
                           {"documents", counts.documents},
                           {"bytes", counts.bytes},
                           {"dropped", counts.dropped}});
    }
    steps.push_back({{"step", step.step},
                     {"filter", steps_[i].filter},
                     {"unit", steps_[i].unit},
                     {"lower_bound", or_null(steps_[i].bounds.min)},
                     {"upper_bound", or_null(steps_[i].bounds.max)},
                     {"ran", step.ran},
                     {"bytes", step.bytes},
                     {"dropped", step.dropped},
                     {"dropped_bytes", step.dropped_bytes},
                     {"edited", step.edited},
                     {"unmeasured", step.unmeasured},
                     {"above_zero", step.above_zero},
                     {"sum", step.sum},
                     {"min", or_null(step.min)},
                     {"max", or_null(step.max)},
                     {"histogram", std::move(histogram)}});
    for (size_t kind = 0; kind < step.by_kind.size(); ++kind) {
      steps.back()["by_kind"].push_back({{"kind", steps_[i].kinds[kind]},
                                         {"documents", step.by_kind[kind].documents},
                                         {"count", step.by_kind[kind].count}});
    }
  }
  return {{"documents", total_.documents},
          {"bytes", total_.bytes},
          {"kept", total_.kept},
          {"kept_bytes", total_.kept_bytes},
          {"kept_bytes_after", kept_bytes_after_},
          {"rejected", rejected_},
          {"left_out", left_out_},
          {"steps", std::move(steps)},
          {"licenses", groups_json(licenses_)},
          {"sources", groups_json(sources_)},
          {"languages", groups_json(languages_)},
          {"hosts", groups_json(hosts_)}};
}

}  // namespace yurai
