#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "yurai/curate/decision_view.h"
#include "yurai/gateway/metrics.h"
#include "yurai/gateway/page_files.h"
#include "yurai/gateway/upstream.h"
#include "yurai/index/corpus_index.h"
#include "yurai/lm/language_model.h"
#include "yurai/search/document_search.h"
#include "yurai/testbed/trained_run.h"
#include "yurai/trace/tracer.h"

namespace yurai {

struct GatewayOptions;

/// A training run that is shown, or another trainer's ledger.
struct ServedRun {
  std::shared_ptr<const TrainedRun> run;  ///< of the first, of which traces speak; else null
  Json facts;                             ///< one of the list of GET /v1/runs
  std::filesystem::path checkpoint;       ///< its newest when it was opened; empty: none yet
};

/// What handlers answer from; const use is thread-safe. A request keeps what it began with: when
/// index or run change on disk, later ones get other services, which share what is the same.
struct Services {
  std::shared_ptr<const CorpusIndex> index;  // tracer and model point to it
  std::shared_ptr<const Tracer> tracer;
  std::shared_ptr<const DocumentSearch> search;  ///< when the index has it; else null
  std::shared_ptr<const LanguageModel> ngram;
  std::shared_ptr<const LanguageModel> transformer;  ///< null: none
  std::optional<uint64_t> transformer_steps;         ///< of the first run, which kept it after them
  std::vector<ServedRun> runs;                       ///< in the order of the options
  std::shared_ptr<const TrainedRun> traced_run;      ///< the first of them, where it fits the index
  std::shared_ptr<const Upstream> upstream;
  std::shared_ptr<const PageFiles> page;
  Json corpus_statistics;
  std::shared_ptr<const DecisionView> decisions;  ///< with --filtered
  bool decisions_of_corpus = false;               ///< the corpus was built from what they kept
  std::shared_ptr<Metrics> metrics;               ///< of all services that a gateway had
  std::string index_manifest;  ///< the bytes of the file when the index was opened
};

/// Opens all that the options name. With `before`, only the index and what comes out of it; the
/// rest is as it was, but traces do not speak of a run that does not fit the index any more: what
/// was taken down must not stay for its sake.
Result<Services> open_services(const GatewayOptions& options, std::shared_ptr<Metrics> metrics,
                               const Services* before);

struct ReopenedRuns {
  std::optional<Services> services;  ///< none: no run has changed
  Result<void> failure{};            ///< of the first run that cannot be opened: it stays as it was
};
/// The same services with those runs opened anew that have another newest checkpoint than before.
ReopenedRuns reopen_runs(const GatewayOptions& options, const Services& before);

}  // namespace yurai
