#include "yurai/gateway/services.h"

#include <algorithm>

#include "yurai/base/file.h"
#include "yurai/corpus/stats.h"
#include "yurai/gateway/gateway.h"
#include "yurai/ngram/ngram_model.h"
#include "yurai/record/manifest.h"
#include "yurai/testbed/run_facts.h"

namespace yurai {
namespace {

/// Whether a corpus of the index carries the run of these decisions in its lineage.
bool are_behind(const DecisionLedger& ledger, const CorpusIndex& index) {
  const std::string checksum = manifest_checksum(ledger.manifest());
  const auto names_it = [&](const Json& step) {
    return step.is_object() && step.value("checksum", Json()) == checksum;
  };
  const auto corpora = index.segment_corpora();
  return std::any_of(corpora.begin(), corpora.end(), [&](const auto& corpus) {
    const Json& lineage = corpus->manifest().lineage;
    return std::any_of(lineage.begin(), lineage.end(), names_it);
  });
}

}  // namespace

Result<Services> open_services(const GatewayOptions& options, std::shared_ptr<Metrics> metrics,
                               bool at_start) {
  // Read first: should the index change meanwhile, the next look finds it changed.
  auto index_manifest = read_file(options.index_dir / kManifestName);
  YURAI_ASSIGN(
      CorpusIndex opened,
      CorpusIndex::open(options.index_dir, {.cache_bytes = options.cache_bytes, .folded = true}));
  auto index = std::make_unique<CorpusIndex>(std::move(opened));
  YURAI_ASSIGN(Tracer tracer, Tracer::open(*index));
  YURAI_ASSIGN(auto search, DocumentSearch::open(index->search_dir(), index->search_manifest(),
                                                 index->taken_down()));
  YURAI_ASSIGN(const CorpusStats stats, corpus_stats(index->corpus()));
  YURAI_ASSIGN(PageFiles page, PageFiles::open(options.web_dir));
  std::optional<DecisionView> decisions;
  if (!options.filtered_dir.empty()) {
    YURAI_ASSIGN(decisions, DecisionView::open(options.filtered_dir));
  }
  const bool decisions_of_corpus = decisions && are_behind(decisions->ledger(), *index);
  std::optional<Upstream> upstream;
  if (!options.upstream_url.empty()) {
    YURAI_ASSIGN(upstream, Upstream::open(options.upstream_url, options.upstream_api_key));
  }
  auto ngram = std::make_unique<NgramModel>(*index);
  if (options.model && options.model->id() == ngram->id()) {
    return fail(ErrorCode::kInvalidArgument,
                "a model may not be called 'ngram' here: rename its folder");
  }
  std::optional<TrainedRun> run;
  Json run_facts;
  if (!options.run_dir.empty()) {
    YURAI_ASSIGN(run, TrainedRun::open(options.run_dir));
    const Result<void> fits = run->check_corpus(index->corpus().identity());
    if (!fits && at_start) return fail(fits.error());
    if (fits) {
      YURAI_ASSIGN(run_facts, facts_json(*run));
    } else {
      run.reset();
    }
  }
  metrics->set_fact("yurai_index_documents", "Documents of the corpus",
                    static_cast<double>(stats.documents));
  metrics->set_fact("yurai_index_text_bytes", "Bytes of text of the corpus",
                    static_cast<double>(stats.bytes));
  metrics->set_fact("yurai_index_points", "Places where an occurrence may begin",
                    static_cast<double>(index->num_points()));
  return Services{.index = std::move(index),
                  .tracer = std::move(tracer),
                  .search = std::move(search),
                  .ngram = std::move(ngram),
                  .transformer = options.model,
                  .transformer_is_of_run = options.model_is_of_run && run,
                  .run = std::move(run),
                  .run_facts = std::move(run_facts),
                  .upstream = std::move(upstream),
                  .page = std::move(page),
                  .corpus_statistics = to_json(stats),
                  .decisions = std::move(decisions),
                  .decisions_of_corpus = decisions_of_corpus,
                  .metrics = std::move(metrics),
                  .index_manifest = std::move(index_manifest).value_or("")};
}

}  // namespace yurai
