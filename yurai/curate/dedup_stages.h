#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "yurai/curate/dedup.h"
#include "yurai/curate/input_rows.h"
#include "yurai/curate/pair_spill.h"
#include "yurai/curate/row_facts.h"

/// The stages of deduplication, in the order in which they run. Every worker runs all but the last
/// two, on its rows and its shards; shard s is that of worker s % size.
///
///     rows → (key, row) by shard of the key → rows that share a key: candidate pairs
///          → their exact text hashes and shingle sets → pairs that are alike
///          → groups → what is removed, and for which row → the kept rows and the ledger
namespace yurai {

struct DedupJob {
  const InputList& inputs;
  const DedupOptions& options;
  const std::filesystem::path& scratch;
  Workers& workers;
  const Progress& progress;
  StagingDirectory* stage = nullptr;  ///< of the first worker

  RowShare share() const { return {workers.rank(), workers.size()}; }
  int owner(uint64_t key) const { return row_owner(key, inputs.files.size(), workers.size()); }
  uint64_t memory_per_thread() const;
};

/// Pairs of rows that share a key, the earlier first; a pair may come several times.
struct DedupCandidates {
  std::vector<PairSpill> pairs;  ///< this worker's shards
  std::vector<uint64_t> rows;    ///< this worker's rows that are in a pair of anybody's, ascending
};
Result<DedupCandidates> find_candidates(const DedupJob& job);

/// Reads those rows again and writes their facts.
Result<void> write_facts(const DedupJob& job, std::span<const uint64_t> rows);

/// The exact Jaccard index of two rows, 1 where their NFKC texts are the same. Without shingles 0.
Result<double> measure(const RowFactsReader& reader, const RowFacts& a, const RowFacts& b);

/// The candidates that are alike, each once. Gathered at the first worker.
struct SimilarPairs {
  PairSpill pairs;
  uint64_t num_candidates = 0;  ///< different ones of all workers
};
Result<SimilarPairs> find_similar(const DedupJob& job, DedupCandidates candidates,
                                  const RowFactsReader& reader);

struct Removal {
  uint64_t row = 0;
  uint64_t kept = 0;
  double jaccard = 0;
  bool exact = false;
};

/// Of each group of rows that similar pairs connect, those that go, ascending. Within a group the
/// rows that state a licence come first, then the earlier ones; each is compared with those that
/// were kept before it and goes for the first to which its Jaccard index reaches the threshold.
Result<std::vector<Removal>> choose_removals(const DedupJob& job, PairSpill& similar,
                                             const RowFactsReader& reader);

/// Writes the parts, removals.jsonl, rejects.jsonl, passages.jsonl and the manifest.
Result<DedupSummary> write_result(const DedupJob& job, std::span<const Removal> removals,
                                  const RowFactsReader& reader, StagingDirectory& stage,
                                  DedupSummary summary);

/// Hands every shard to its worker; what comes back are this worker's, named after `name`.
Result<std::vector<PairSpill>> shuffle(const DedupJob& job, std::string_view name,
                                       std::vector<PairSpill> by_shard);

/// SHA-256 of the text; the id that a row without one gets ("sha256:" and 16 hex digits).
TextHash text_hash(std::string_view text);
std::string id_of(const Document& document);

}  // namespace yurai
