#include "yurai/curate/decision_view.h"

#include <cmath>

#include "yurai/base/progress.h"
#include "yurai/curate/dropped_examples.h"
#include "yurai/curate/filter.h"
#include "yurai/curate/funnel.h"

namespace yurai {
namespace {

constexpr size_t kMaxExamples = 100;  // a step
constexpr size_t kMaxBars = 64;       // a histogram

/// What the histogram of a step does not tell.
struct StepFacts {
  bool whole = true;             ///< every value is a whole number
  DocumentCount undetermined{};  ///< it did not run, or counting stopped
};

void add(const DecisionRow& row, std::vector<StepFacts>& facts) {
  for (size_t i = 0; i < facts.size(); ++i) {
    const auto& found = row.values[i];
    if (!found || found->at_least) facts[i].undetermined += {1, row.bytes};
    if (found && found->value) facts[i].whole &= std::trunc(*found->value) == *found->value;
  }
}

Json description_json(const LedgerStep& step) {
  const auto info = find_filter(step.filter);  // a ledger of another version may know others
  if (!info) return nullptr;
  return {{"en", (*info)->english}, {"ja", (*info)->japanese}};
}

Json bars_json(const std::vector<HistogramBin>& bars) {
  Json list = Json::array();
  for (const HistogramBin& bar : bars) {
    list.push_back({{"from", bar.from},
                    {"to", bar.to},
                    {"documents", bar.documents},
                    {"bytes", bar.bytes},
                    {"dropped", bar.dropped}});
  }
  return list;
}

/// The summary's steps with what went in and came out, and their histograms as bars.
Json steps_json(Json steps, const std::vector<LedgerStep>& chain, const Funnel& funnel,
                const std::vector<StepFacts>& facts, size_t max_bars) {
  DocumentCount left{funnel.documents(), funnel.bytes()};
  for (size_t i = 0; i < chain.size(); ++i) {
    const StepFunnel& counts = funnel.steps()[i];
    Json& step = steps[i];
    step["description"] = description_json(chain[i]);
    step["edits"] = chain[i].edits;
    step["in"] = to_json(left);
    left.documents -= counts.dropped;
    left.bytes -= counts.dropped_bytes;
    step["out"] = to_json(left);
    step["undetermined"] = to_json(facts[i].undetermined);
    step["whole"] = facts[i].whole;
    step.erase("histogram");
    step["histogram"] = bars_json(histogram_bars(counts.bins, max_bars, facts[i].whole));
  }
  return steps;
}

/// Groups name what is not stated "", the API null.
Json named_or_null(Json groups) {
  for (Json& group : groups["groups"]) group["name"] = or_null(group["name"].get<std::string>());
  return groups;
}

Result<std::string> chain_name(const Manifest& manifest) {
  return json_string(manifest.configuration, "chain");
}

}  // namespace

Result<DecisionView> DecisionView::open(const std::filesystem::path& dir) {
  YURAI_ASSIGN(DecisionLedger ledger, DecisionLedger::open(dir));
  const std::vector<LedgerStep>& steps = ledger.steps();
  Funnel funnel(steps);
  WhatIfIndex index(steps);
  DroppedExamples examples(steps.size(), kMaxExamples);
  std::vector<StepFacts> facts(steps.size());
  YURAI_TRY(ledger.for_each([&](const DecisionRow& row) {
    funnel.add(row);
    index.add(row);
    examples.add(row);
    add(row, facts);
    return true;
  }));
  const Manifest& manifest = ledger.manifest();
  YURAI_ASSIGN(const std::string name, chain_name(manifest));
  YURAI_ASSIGN(const uint64_t rejected, json_uint(manifest.facts, "rejected"));
  YURAI_ASSIGN(const uint64_t left_out, json_uint(manifest.facts, "left_out"));
  Json summary = funnel.to_json();

  DecisionView view(std::move(ledger), std::move(index));
  view.overview_ = {{"chain", name},
                    {"documents", funnel.documents()},
                    {"bytes", funnel.bytes()},
                    {"kept", funnel.kept()},
                    {"kept_bytes", funnel.kept_bytes()},
                    {"kept_bytes_after", funnel.kept_bytes_after()},
                    {"rejected", rejected},
                    {"left_out", left_out},
                    {"steps", steps_json(std::move(summary["steps"]), view.ledger_.steps(), funnel,
                                         facts, kMaxBars)},
                    {"licenses", named_or_null(std::move(summary["licenses"]))}};
  for (size_t i = 0; i < view.ledger_.steps().size(); ++i) {
    view.examples_.emplace_back(examples.of(i).begin(), examples.of(i).end());
    view.num_dropped_.push_back(funnel.steps()[i].dropped);
  }
  return view;
}

Result<WhatIf> DecisionView::what_if(const WhatIfQuestion& question,
                                     const std::stop_token& stop) const {
  YURAI_ASSIGN(const size_t step, ledger_.find_step(question.step));
  YURAI_ASSIGN(const auto answer, index_.what_if(step, question));
  if (answer) return *answer;
  return yurai::what_if(ledger_, question, no_progress, stop);
}

Json DecisionView::example_json(const DecisionRow& row) const {
  const size_t step = *row.dropped_by;
  const std::optional<DecisionValue>& found = row.values[step];
  Json excerpts = Json::array();
  for (const Excerpt& excerpt : row.excerpts) excerpts.push_back(to_json(excerpt));
  Json evidence = Json::array();
  for (const ByteSpan& span : found ? found->evidence : std::vector<ByteSpan>()) {
    evidence.push_back({{"byte_begin", span.begin}, {"byte_end", span.end}});
  }
  const Bounds& bounds = ledger_.steps()[step].bounds;
  return {{"id", row.id},
          {"sha256", row.sha256},
          {"filter", ledger_.steps()[step].name},
          {"value", found ? or_null(found->value) : Json(nullptr)},
          {"at_least", found && found->at_least},
          {"lower_bound", or_null(bounds.min)},
          {"upper_bound", or_null(bounds.max)},
          {"bytes", row.bytes},
          {"source", or_null(row.source)},
          {"license", or_null(row.license)},
          {"lang", or_null(row.lang)},
          {"host", or_null(row.host)},
          {"excerpts", std::move(excerpts)},
          {"evidence", std::move(evidence)}};
}

}  // namespace yurai
