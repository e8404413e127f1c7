#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "yurai/curate/dedup_stages.h"

namespace yurai {

/// The keys of rows by shard, with the resume points of a worker that is alone.
class KeyFiles {
 public:
  /// Goes on from the stage's resume point, if it has one.
  static Result<KeyFiles> open(const DedupJob& job);

  /// Whether the keys of the next batch are here already.
  bool is_finished(uint64_t batch) const { return batch < num_finished_; }
  /// The next batch's keys, of `num_rows` rows of `num_bytes` bytes that have this hash.
  Result<void> add(const std::vector<Pair>& keys, uint64_t num_rows, uint64_t num_bytes,
                   uint64_t hash);
  /// After the last batch.
  Result<std::vector<PairSpill>> finish();

 private:
  explicit KeyFiles(const DedupJob& job);
  Result<void> resume();
  Result<void> save();
  tl::unexpected<Error> inputs_changed() const;

  const DedupJob* job_;
  std::vector<PairSpill> spills_;
  uint64_t num_batches_ = 0, num_rows_ = 0;
  uint64_t hash_ = 0;           ///< of all batches so far
  uint64_t unsaved_bytes_ = 0;  ///< of rows since the last resume point
  uint64_t num_finished_ = 0;   ///< batches before the resume point that this run began with
  uint64_t finished_hash_ = 0;
};

/// Where the keys and pairs of a shard lie.
std::vector<PairSpill> shard_spills(const DedupJob& job, std::string_view name, size_t count);

/// The shard of an evenly spread 64-bit number.
size_t shard_of(uint64_t hash, size_t num_shards);

}  // namespace yurai
