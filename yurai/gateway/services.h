#pragma once

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

/// What handlers answer from. Opened once; const use is thread-safe.
struct Services {
  std::unique_ptr<CorpusIndex> index;  // at a fixed address: tracer and model point to it
  Tracer tracer;
  std::optional<DocumentSearch> search;  ///< when the index has it
  std::unique_ptr<LanguageModel> ngram;
  std::shared_ptr<const LanguageModel> transformer;  ///< null: none
  bool transformer_is_of_run = false;
  std::optional<TrainedRun> run;  ///< with --run
  Json run_facts;                 ///< of that run, as it was at the start
  std::optional<Upstream> upstream;
  PageFiles page;
  Json corpus_statistics;
  std::optional<DecisionView> decisions;  ///< with --filtered
  bool decisions_of_corpus = false;       ///< the corpus was built from what they kept
  mutable Metrics metrics;  // thread-safe; counting a request changes nothing that it answers
};

}  // namespace yurai
