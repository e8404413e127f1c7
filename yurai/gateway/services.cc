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

Result<void> open_run_of(const GatewayOptions& options, Services& services) {
  // Asked first: should a checkpoint come meanwhile, the next look finds it.
  YURAI_ASSIGN(services.run_checkpoint, served_checkpoint(options));
  YURAI_ASSIGN(TrainedRun run, TrainedRun::open(options.run_dir));
  YURAI_TRY(run.check_corpus(services.index->corpus().identity()));
  YURAI_ASSIGN(services.run_facts, facts_json(run));
  services.run = std::make_shared<const TrainedRun>(std::move(run));
  return {};
}

/// What does not come out of the index.
Result<void> open_rest(const GatewayOptions& options, Services& services) {
  YURAI_ASSIGN(PageFiles page, PageFiles::open(options.web_dir));
  services.page = std::make_shared<const PageFiles>(std::move(page));
  if (!options.filtered_dir.empty()) {
    YURAI_ASSIGN(DecisionView decisions, DecisionView::open(options.filtered_dir));
    services.decisions = std::make_shared<const DecisionView>(std::move(decisions));
  }
  if (!options.upstream_url.empty()) {
    YURAI_ASSIGN(Upstream upstream, Upstream::open(options.upstream_url, options.upstream_api_key));
    services.upstream = std::make_shared<const Upstream>(std::move(upstream));
  }
  services.transformer = options.model;
  if (!options.run_dir.empty()) YURAI_TRY(open_run_of(options, services));
  if (services.run) services.transformer_steps = options.model_steps;
  return {};
}

void keep_rest(const Services& before, Services& services) {
  services.page = before.page;
  services.decisions = before.decisions;
  services.upstream = before.upstream;
  services.transformer = before.transformer;
  if (before.run && before.run->check_corpus(services.index->corpus().identity())) {
    services.run = before.run;
    services.run_facts = before.run_facts;
    services.run_checkpoint = before.run_checkpoint;
    services.transformer_steps = before.transformer_steps;
  }
}

}  // namespace

Result<Services> open_services(const GatewayOptions& options, std::shared_ptr<Metrics> metrics,
                               const Services* before) {
  // Read first: should the index change meanwhile, the next look finds it changed.
  auto index_manifest = read_file(options.index_dir / kManifestName);
  YURAI_ASSIGN(
      CorpusIndex opened,
      CorpusIndex::open(options.index_dir, {.cache_bytes = options.cache_bytes, .folded = true}));
  const auto index = std::make_shared<const CorpusIndex>(std::move(opened));
  YURAI_ASSIGN(Tracer tracer, Tracer::open(*index));
  YURAI_ASSIGN(auto search, DocumentSearch::open(index->search_dir(), index->search_manifest(),
                                                 index->taken_down()));
  YURAI_ASSIGN(const CorpusStats stats, corpus_stats(index->corpus()));
  const auto ngram = std::make_shared<const NgramModel>(*index);
  if (options.model && options.model->id() == ngram->id()) {
    return fail(ErrorCode::kInvalidArgument,
                "a model may not be called 'ngram' here: rename its folder");
  }
  Services services;
  services.index = index;
  services.tracer = std::make_shared<const Tracer>(std::move(tracer));
  if (search) services.search = std::make_shared<const DocumentSearch>(std::move(*search));
  services.ngram = ngram;
  services.corpus_statistics = to_json(stats);
  services.metrics = std::move(metrics);
  services.index_manifest = std::move(index_manifest).value_or("");
  if (before != nullptr) {
    keep_rest(*before, services);
  } else {
    YURAI_TRY(open_rest(options, services));
  }
  services.decisions_of_corpus =
      services.decisions && are_behind(services.decisions->ledger(), *services.index);
  services.metrics->set_fact("yurai_index_documents", "Documents of the corpus",
                             static_cast<double>(stats.documents));
  services.metrics->set_fact("yurai_index_text_bytes", "Bytes of text of the corpus",
                             static_cast<double>(stats.bytes));
  services.metrics->set_fact("yurai_index_points", "Places where an occurrence may begin",
                             static_cast<double>(services.index->num_points()));
  return services;
}

Result<std::filesystem::path> served_checkpoint(const GatewayOptions& options) {
  if (options.run_dir.empty()) return std::filesystem::path();
  auto newest = newest_checkpoint(options.run_dir);
  if (!newest && newest.error().code == ErrorCode::kNotFound) return std::filesystem::path();
  return newest;
}

Result<Services> with_run_reopened(const GatewayOptions& options, const Services& before) {
  Services services = before;
  YURAI_TRY(open_run_of(options, services));
  return services;
}

}  // namespace yurai
