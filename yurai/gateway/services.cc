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

/// A run's newest checkpoint; empty: none yet.
Result<std::filesystem::path> served_checkpoint(const std::filesystem::path& run) {
  auto newest = newest_checkpoint(run);
  if (!newest && newest.error().code == ErrorCode::kNotFound) return std::filesystem::path();
  return newest;
}

Result<ServedRun> open_served(const std::filesystem::path& dir) {
  ServedRun served;
  // Asked first: should a checkpoint come meanwhile, the next look finds it.
  YURAI_ASSIGN(served.checkpoint, served_checkpoint(dir));
  YURAI_ASSIGN(TrainedRun run, TrainedRun::open(dir));
  std::error_code ignored;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(run.dir(), ignored);
  served.facts = {{"name", folder_path(resolved).filename().string()}};
  YURAI_ASSIGN(const Json facts, facts_json(run));
  served.facts.update(facts);
  served.run = std::make_shared<const TrainedRun>(std::move(run));
  return served;
}

/// Says which run traces speak of, and where in it the model stands.
Result<void> choose_traced_run(const GatewayOptions& options, bool must_fit, Services& services) {
  services.traced_run = nullptr;
  services.transformer_steps.reset();
  if (services.runs.empty()) return {};
  const std::shared_ptr<const TrainedRun>& run = services.runs[0].run;
  const auto fits = run->check_corpus(services.index->corpus().identity());
  if (!fits && must_fit) return fail(fits.error());
  if (!fits) return {};
  services.traced_run = run;
  if (options.model_dir.empty()) return {};
  YURAI_ASSIGN(services.transformer_steps, run->steps_of(options.model_dir));
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
  for (const std::filesystem::path& dir : options.run_dirs) {
    YURAI_ASSIGN(ServedRun served, open_served(dir));
    if (!services.runs.empty()) served.run.reset();  // traces speak of the first
    services.runs.push_back(std::move(served));
  }
  return choose_traced_run(options, options.run_must_fit, services);
}

Result<void> keep_rest(const GatewayOptions& options, const Services& before, Services& services) {
  services.page = before.page;
  services.decisions = before.decisions;
  services.upstream = before.upstream;
  services.transformer = before.transformer;
  services.runs = before.runs;
  return choose_traced_run(options, /*must_fit=*/false, services);
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
  YURAI_ASSIGN(auto search, DocumentSearch::open(index->search_folders(), index->taken_down()));
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
    YURAI_TRY(keep_rest(options, *before, services));
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

ReopenedRuns reopen_runs(const GatewayOptions& options, const Services& before) {
  ReopenedRuns reopened;
  Services services = before;
  bool changed = false;
  const auto reopen = [&](size_t i) -> Result<void> {
    YURAI_ASSIGN(const auto checkpoint, served_checkpoint(options.run_dirs[i]));
    if (checkpoint == before.runs[i].checkpoint) return {};
    YURAI_ASSIGN(ServedRun served, open_served(options.run_dirs[i]));
    if (i > 0) served.run.reset();
    services.runs[i] = std::move(served);
    changed = true;
    return {};
  };
  for (size_t i = 0; i < before.runs.size(); ++i) {
    auto result = reopen(i);
    if (!result && reopened.failure) reopened.failure = std::move(result);
  }
  if (!changed) return reopened;
  auto chosen = choose_traced_run(options, /*must_fit=*/false, services);
  if (!chosen) {
    reopened.failure = std::move(chosen);
  } else {
    reopened.services = std::move(services);
  }
  return reopened;
}

}  // namespace yurai
