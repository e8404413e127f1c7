#include <algorithm>
#include <mutex>

#include "yurai/base/hash.h"
#include "yurai/corpus/license.h"
#include "yurai/curate/dedup_stages.h"
#include "yurai/curate/ordered_pipeline.h"
#include "yurai/curate/parallel_tasks.h"

namespace yurai {
namespace {

struct FactsBatch {
  RowBatch rows;
  std::vector<RowFacts> facts;
  std::vector<std::vector<uint64_t>> shingles;
};

Result<void> make_facts(const DedupJob& job, std::span<const uint64_t> wanted, FactsBatch& batch) {
  std::vector<uint64_t> tokens;
  for (const RawRow& row : batch.rows.rows) {
    if (!std::binary_search(wanted.begin(), wanted.end(), row.key)) continue;
    YURAI_ASSIGN(const Document document,
                 parse_row(job.inputs.files[batch.rows.file], row, job.options.map));
    YURAI_ASSIGN(const std::string text, normalize_nfkc(document.text));
    RowFacts facts;
    facts.key = row.key;
    facts.text_hash = text_hash(text);
    facts.id = id_of(document);
    facts.license = normalize_license(document.license).name;
    batch.facts.push_back(std::move(facts));
    batch.shingles.emplace_back();
    if (!job.options.minhash) continue;
    tokenize(text, job.options.parameters.unit, tokens);
    batch.shingles.back() = shingle_set(tokens, job.options.parameters.shingle_size);
  }
  return {};
}

/// Whether two rows are alike, without reading their shingles where their numbers tell.
Result<bool> are_alike(const DedupJob& job, const RowFactsReader& reader, const RowFacts& a,
                       const RowFacts& b) {
  if (a.text_hash == b.text_hash) return true;
  if (!job.options.minhash) return false;
  const double threshold = job.options.parameters.threshold;
  if (threshold <= 0) return true;
  const uint64_t smaller = std::min(a.num_shingles, b.num_shingles);
  const uint64_t larger = std::max(a.num_shingles, b.num_shingles);
  if (static_cast<double>(smaller) < threshold * static_cast<double>(larger)) return false;
  YURAI_ASSIGN(const double jaccard, measure(reader, a, b));
  return jaccard >= threshold;
}

}  // namespace

std::string id_of(const Document& document) {
  if (!document.id.empty()) return document.id;
  return id_of_text(sha256_hex(document.text));
}

Result<void> write_facts(const DedupJob& job, std::span<const uint64_t> wanted) {
  YURAI_ASSIGN(RowFactsWriter writer, RowFactsWriter::create(job.scratch, job.workers.rank()));
  InputRows rows(job.inputs, job.share());
  const auto read = [&](FactsBatch& batch) { return rows.next(batch.rows); };
  const auto work = [&](FactsBatch& batch, int) { return make_facts(job, wanted, batch); };
  const auto deliver = [&](FactsBatch& batch) -> Result<void> {
    for (size_t i = 0; i < batch.facts.size(); ++i) {
      YURAI_TRY(writer.add(batch.facts[i], batch.shingles[i]));
    }
    job.progress("shingles", rows.stored_bytes_read(), job.inputs.bytes);
    return {};
  };
  if (!wanted.empty()) {
    YURAI_TRY(run_in_order<FactsBatch>(job.options.num_threads, read, work, deliver));
  }
  return writer.close();
}

Result<double> measure(const RowFactsReader& reader, const RowFacts& a, const RowFacts& b) {
  if (a.text_hash == b.text_hash) return 1.0;
  if (a.num_shingles == 0 || b.num_shingles == 0) return 0.0;
  YURAI_ASSIGN(const std::vector<uint64_t> set_a, reader.shingles(a));
  YURAI_ASSIGN(const std::vector<uint64_t> set_b, reader.shingles(b));
  return jaccard_index(intersection_size(set_a, set_b), set_a.size(), set_b.size());
}

Result<SimilarPairs> find_similar(const DedupJob& job, DedupCandidates candidates,
                                  const RowFactsReader& reader) {
  const std::string rank = std::to_string(job.workers.rank());
  PairSpill similar(job.scratch / ("similar-" + rank));
  uint64_t total = 0;
  uint64_t done = 0;
  uint64_t num_candidates = 0;
  for (const PairSpill& shard : candidates.pairs) total += shard.size() * sizeof(Pair);
  std::mutex mutex;
  const auto measure_shard = [&](PairSpill& shard) -> Result<void> {
    Pair last{};
    RowFacts first;
    uint64_t told = 0;
    uint64_t seen = 0;
    uint64_t different = 0;
    YURAI_TRY(shard.visit_sorted(job.memory_per_thread(), [&](const Pair& pair) -> Result<void> {
      if (++seen - told == 1024) {
        const std::lock_guard lock(mutex);
        job.progress("measure", done += (seen - told) * sizeof(Pair), total);
        told = seen;
      }
      if (seen > 1 && pair == last) return {};
      ++different;
      if (seen == 1 || pair.first != last.first) {
        YURAI_ASSIGN(first, reader.find(pair.first));
      }
      last = pair;
      YURAI_ASSIGN(const RowFacts second, reader.find(pair.second));
      YURAI_ASSIGN(const bool alike, are_alike(job, reader, first, second));
      if (!alike) return {};
      const std::lock_guard lock(mutex);
      return similar.add(pair);
    }));
    const std::lock_guard lock(mutex);
    num_candidates += different;
    job.progress("measure", done += (seen - told) * sizeof(Pair), total);
    return {};
  };
  YURAI_TRY(job.workers.agree(
      for_each_task(job.options.num_threads, candidates.pairs.size(),
                    [&](size_t i) { return measure_shard(candidates.pairs[i]); })));

  std::vector<PairSpill> outgoing;
  outgoing.push_back(std::move(similar));
  while (outgoing.size() < static_cast<size_t>(job.workers.size())) {
    outgoing.emplace_back(job.scratch / "none");
  }
  SimilarPairs all{PairSpill(job.scratch / ("similar-in-" + rank)), 0};
  YURAI_TRY(job.workers.exchange(std::move(outgoing), all.pairs));
  YURAI_ASSIGN(all.num_candidates, job.workers.sum(num_candidates));
  return all;
}

}  // namespace yurai
