#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace yurai {

/// How often chosen n-grams stand in the texts of chosen groups: a fixed table, filled in one pass
/// over the corpus.
class GroupCounts {
 public:
  /// Room for `max_ngrams` calls of `choose`.
  explicit GroupCounts(size_t max_ngrams) {
    size_t size = 64;
    while (size < 2 * max_ngrams) size *= 2;
    keys_.resize(size);
    counts_.resize(size);
  }

  void choose(uint32_t group, uint64_t ngram) {
    const uint64_t key = mix(group, ngram);
    keys_[slot(key)] = key;
  }
  /// Counts once `flush` is called: until then the memory it needs is on its way.
  void increment(uint32_t group, uint64_t ngram) {
    uint64_t& oldest = queue_[num_queued_++ % queue_.size()];
    increment_now(oldest);
    oldest = mix(group, ngram);
    __builtin_prefetch(&keys_[(oldest >> 1) & (keys_.size() - 1)]);
  }
  void flush() {
    for (uint64_t& key : queue_) increment_now(std::exchange(key, 0));
  }
  uint32_t count(uint32_t group, uint64_t ngram) const { return counts_[slot(mix(group, ngram))]; }

 private:
  void increment_now(uint64_t key) {
    if (key == 0) return;
    const size_t at = slot(key);
    if (keys_[at] == key) ++counts_[at];
  }
  /// One number for both; never 0. That two of a million pairs meet has odds of 1 in 10^7.
  static uint64_t mix(uint32_t group, uint64_t ngram) {
    uint64_t key = ngram + (uint64_t{group} + 1) * 0x9E3779B97F4A7C15u;
    key = (key ^ (key >> 31)) * 0xBF58476D1CE4E5B9u;
    key = (key ^ (key >> 29)) * 0x94D049BB133111EBu;
    return (key ^ (key >> 32)) | 1;
  }
  /// Where the key is, or would be. The lowest bit is always set and says nothing.
  size_t slot(uint64_t key) const {
    const size_t mask = keys_.size() - 1;
    size_t at = (key >> 1) & mask;
    while (keys_[at] != 0 && keys_[at] != key) at = (at + 1) & mask;
    return at;
  }

  std::vector<uint64_t> keys_;
  std::vector<uint32_t> counts_;
  std::array<uint64_t, 32> queue_{};
  size_t num_queued_ = 0;
};

}  // namespace yurai
