#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "yurai/base/large_array.h"
#include "yurai/base/result.h"

namespace yurai {

/// How often chosen n-grams stand in the texts of chosen groups: counted in one pass over the
/// corpus, once all are chosen.
class GroupCounts {
 public:
  GroupCounts() = default;
  GroupCounts(GroupCounts&&) noexcept = default;
  /// In huge pages, too.
  GroupCounts(const GroupCounts& other)
      : buckets_(huge_vector<Bucket>(other.buckets_.size())), num_chosen_(other.num_chosen_) {
    YURAI_CHECK(other.num_queued_ == 0);
    std::copy(other.buckets_.begin(), other.buckets_.end(), buckets_.begin());
  }
  GroupCounts& operator=(GroupCounts&&) noexcept = default;

  void choose(uint32_t group, uint64_t ngram) {
    YURAI_CHECK(num_queued_ == 0);  // growing forgets counts
    if (!insert(mix(group, ngram))) return;
    if (++num_chosen_ > 2 * buckets_.size()) grow();
  }
  /// Counts once `flush` is called: until then the memory it needs is on its way.
  void increment(uint32_t group, uint64_t ngram) {
    uint64_t& oldest = queue_[num_queued_++ % queue_.size()];
    increment_now(oldest);
    oldest = mix(group, ngram);
    __builtin_prefetch(&buckets_[place(oldest)]);
  }
  void flush() {
    for (uint64_t& key : queue_) increment_now(std::exchange(key, 0));
  }
  /// Adds what a copy of this, made when all was chosen, has counted.
  void add(const GroupCounts& copy) {
    for (size_t at = 0; at < buckets_.size(); ++at) {
      for (size_t i = 0; i < kSlots; ++i) buckets_[at].counts[i] += copy.buckets_[at].counts[i];
    }
  }
  uint32_t count(uint32_t group, uint64_t ngram) const {
    const uint64_t key = mix(group, ngram);
    for (size_t at = place(key);; at = next(at)) {
      const Bucket& bucket = buckets_[at];
      for (size_t i = 0; i < kSlots; ++i) {
        if (bucket.keys[i] == key) return static_cast<uint32_t>(bucket.counts[i]);
      }
      if (!bucket.is_full()) return 0;
    }
  }

 private:
  /// One line of the cache: all of it is compared, without a branch. What does not fit is in the
  /// next one.
  static constexpr size_t kSlots = 4;
  struct alignas(64) Bucket {
    std::array<uint64_t, kSlots> keys{};  ///< 0: free, as are those after it
    std::array<uint64_t, kSlots> counts{};
    bool is_full() const { return keys.back() != 0; }
  };

  /// What was not chosen counts nothing; 0, of a queue that is not full, in slots that are free.
  void increment_now(uint64_t key) {
    for (size_t at = place(key);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      uint64_t num_found = 0;
      for (size_t i = 0; i < kSlots; ++i) {
        const uint64_t is_same = bucket.keys[i] == key ? 1 : 0;
        bucket.counts[i] += is_same;
        num_found += is_same;
      }
      if (!bucket.is_full() || num_found > 0) return;
    }
  }
  /// Whether the key is new.
  bool insert(uint64_t key) {
    for (size_t at = place(key);; at = next(at)) {
      for (uint64_t& slot : buckets_[at].keys) {
        if (slot == key) return false;
        if (slot != 0) continue;
        slot = key;
        return true;
      }
    }
  }
  /// One number for both; never 0. That two of a million pairs meet has odds of 1 in 10^7.
  static uint64_t mix(uint32_t group, uint64_t ngram) {
    const uint64_t key =
        (ngram + (uint64_t{group} + 1) * 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    return (key ^ key >> 32) | 1;
  }
  /// The lowest bit is always set and says nothing.
  size_t place(uint64_t key) const { return (key >> 1) & (buckets_.size() - 1); }
  size_t next(size_t at) const { return (at + 1) & (buckets_.size() - 1); }

  void grow() {
    const std::vector<Bucket> old =
        std::exchange(buckets_, huge_vector<Bucket>(2 * buckets_.size()));
    for (const Bucket& bucket : old) {
      for (const uint64_t key : bucket.keys) {
        if (key != 0) insert(key);
      }
    }
  }

  std::vector<Bucket> buckets_ = std::vector<Bucket>(16);
  size_t num_chosen_ = 0;
  std::array<uint64_t, 32> queue_{};
  size_t num_queued_ = 0;
};

}  // namespace yurai
