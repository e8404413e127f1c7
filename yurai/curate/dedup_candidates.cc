#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "yurai/base/hash.h"
#include "yurai/curate/dedup_keys.h"
#include "yurai/curate/dedup_stages.h"
#include "yurai/curate/ordered_pipeline.h"
#include "yurai/curate/parallel_tasks.h"

namespace yurai {
namespace {

uint64_t pair_hash(const Pair& pair) {
  uint64_t x = (pair.first * 0x9E3779B97F4A7C15u) ^ pair.second;
  x = (x ^ x >> 32) * 0xBF58476D1CE4E5B9u;
  return x ^ x >> 29;
}

struct KeyedBatch {
  RowBatch rows;
  uint64_t number = 0;
  uint64_t hash = 0;  ///< of its bytes
  std::vector<Pair> keys;
};

/// The keys of one batch: of the exact text, and of the bands. Rows that cannot be read have none.
Result<void> make_keys(const DedupJob& job, KeyedBatch& batch) {
  MinHasher hasher(job.options.parameters, job.options.isa);
  std::vector<uint64_t> tokens;
  std::vector<uint64_t> band_keys;
  for (const RawRow& row : batch.rows.rows) {
    const auto document = parse_row(job.inputs.files[batch.rows.file], row, job.options.map);
    if (!document) continue;
    YURAI_ASSIGN(const std::string text, normalize_nfkc(document->text));
    if (job.options.exact) {
      const TextHash hash = text_hash(text);
      uint64_t key = 0;
      std::memcpy(&key, hash.data(), sizeof(key));
      batch.keys.push_back({key, row.key});
    }
    if (!job.options.minhash) continue;
    tokenize(text, job.options.parameters.unit, tokens);
    hasher.band_keys(tokens, band_keys);
    for (const uint64_t key : band_keys) batch.keys.push_back({key, row.key});
  }
  return {};
}

Result<std::vector<PairSpill>> write_keys(const DedupJob& job) {
  YURAI_ASSIGN(KeyFiles files, KeyFiles::open(job));
  InputRows rows(job.inputs, job.share());
  uint64_t num_batches = 0;
  const auto read = [&](KeyedBatch& batch) {
    batch.number = num_batches++;
    return rows.next(batch.rows);
  };
  const auto work = [&](KeyedBatch& batch, int) -> Result<void> {
    batch.hash = xxh3({batch.rows.bytes.data(), batch.rows.bytes.size()}, batch.rows.file);
    return files.is_finished(batch.number) ? Result<void>() : make_keys(job, batch);
  };
  const auto deliver = [&](KeyedBatch& batch) -> Result<void> {
    YURAI_TRY(files.add(batch.keys, batch.rows.rows.size(), batch.rows.bytes.size(), batch.hash));
    job.progress("signatures", rows.stored_bytes_read(), job.inputs.bytes);
    return {};
  };
  YURAI_TRY(run_in_order<KeyedBatch>(job.options.num_threads, read, work, deliver));
  return files.finish();
}

/// Where several threads put what they found.
class Findings {
 public:
  Findings(std::vector<PairSpill>& pairs, std::vector<PairSpill>& rows, const DedupJob& job)
      : pairs_(&pairs), rows_(&rows), job_(&job) {}

  Result<void> add(std::vector<Pair>& found) {
    const std::lock_guard lock(mutex_);
    for (const Pair& pair : found) {
      YURAI_TRY((*pairs_)[shard_of(pair_hash(pair), pairs_->size())].add(pair));
      for (const uint64_t row : {pair.first, pair.second}) {
        YURAI_TRY((*rows_)[static_cast<size_t>(job_->owner(row))].add({row, 0}));
      }
    }
    found.clear();
    return {};
  }

 private:
  std::vector<PairSpill>* pairs_;
  std::vector<PairSpill>* rows_;
  const DedupJob* job_;
  std::mutex mutex_;
};

/// Rows with the same key stand together: each is paired with the first and with the one before.
/// All pairs of a large group would be too many, the first alone might be the one that is unlike.
Result<void> pair_up(const DedupJob& job, PairSpill& keys, Findings& findings) {
  std::vector<Pair> found;
  uint64_t key = 0;
  uint64_t first = ~0ull;  // no row has this key
  uint64_t last = ~0ull;
  YURAI_TRY(keys.visit_sorted(job.memory_per_thread(), [&](const Pair& pair) -> Result<void> {
    if (first == ~0ull || pair.first != key) {
      key = pair.first;
      first = last = pair.second;
      return {};
    }
    if (pair.second == last) return {};
    found.push_back({first, pair.second});
    if (last != first) found.push_back({last, pair.second});
    last = pair.second;
    return found.size() < 4096 ? Result<void>() : findings.add(found);
  }));
  return findings.add(found);
}

}  // namespace

uint64_t DedupJob::memory_per_thread() const {
  return options.memory_bytes / static_cast<uint64_t>(std::max(1, options.num_threads));
}

TextHash text_hash(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.digest();
}

Result<std::vector<PairSpill>> shuffle(const DedupJob& job, std::string_view name,
                                       std::vector<PairSpill> by_shard) {
  const auto size = static_cast<size_t>(job.workers.size());
  const auto rank = static_cast<size_t>(job.workers.rank());
  std::vector<PairSpill> mine;
  for (size_t begin = 0; begin < by_shard.size(); begin += size) {
    std::vector<PairSpill> outgoing;
    for (size_t i = 0; i < size; ++i) {
      outgoing.push_back(begin + i < by_shard.size() ? std::move(by_shard[begin + i])
                                                     : PairSpill(job.scratch / "none"));
    }
    PairSpill incoming(job.scratch / fmt::format("{}-in-{:05}-{:05}", name, rank, begin));
    YURAI_TRY(job.workers.exchange(std::move(outgoing), incoming));
    mine.push_back(std::move(incoming));
  }
  return mine;
}

Result<DedupCandidates> find_candidates(const DedupJob& job) {
  Result<std::vector<PairSpill>> keys = write_keys(job);
  YURAI_TRY(job.workers.agree(keys ? Result<void>() : Result<void>(fail(keys.error()))));
  YURAI_ASSIGN(std::vector<PairSpill> shards, shuffle(job, "keys", std::move(*keys)));

  const auto num_workers = static_cast<size_t>(job.workers.size());
  std::vector<PairSpill> pairs = shard_spills(job, "pairs", job.options.num_shards);
  std::vector<PairSpill> rows = shard_spills(job, "rows", num_workers);
  Findings findings(pairs, rows, job);
  uint64_t total = 0;
  uint64_t done = 0;
  for (const PairSpill& shard : shards) total += shard.size() * sizeof(Pair);
  std::mutex mutex;
  const auto pair_up_shard = [&](size_t i) -> Result<void> {
    YURAI_TRY(pair_up(job, shards[i], findings));
    const std::lock_guard lock(mutex);
    done += shards[i].size() * sizeof(Pair);
    job.progress("candidates", done, total);
    return {};
  };
  YURAI_TRY(
      job.workers.agree(for_each_task(job.options.num_threads, shards.size(), pair_up_shard)));
  shards.clear();

  DedupCandidates candidates;
  YURAI_ASSIGN(candidates.pairs, shuffle(job, "pairs", std::move(pairs)));
  YURAI_ASSIGN(std::vector<PairSpill> wanted, shuffle(job, "rows", std::move(rows)));
  YURAI_TRY(job.workers.agree(
      wanted[0].visit_sorted(job.options.memory_bytes, [&](const Pair& pair) -> Result<void> {
        if (candidates.rows.empty() || candidates.rows.back() != pair.first) {
          candidates.rows.push_back(pair.first);
        }
        return {};
      })));
  return candidates;
}

}  // namespace yurai
