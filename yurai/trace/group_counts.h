#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "yurai/base/large_array.h"

namespace yurai {

/// How often chosen n-grams stand in the texts of chosen groups: a fixed table, filled in one pass
/// over the corpus.
class GroupCounts {
 public:
  /// Room for `max_ngrams` calls of `choose`.
  explicit GroupCounts(size_t max_ngrams) {
    size_t size = 64;
    while (size < 2 * max_ngrams) size *= 2;
    slots_ = huge_vector<Slot>(size);
  }

  void choose(uint32_t group, uint64_t ngram) {
    const uint64_t key = mix(group, ngram);
    slot(key).key = key;
  }
  /// Counts once `flush` is called: until then the memory it needs is on its way.
  void increment(uint32_t group, uint64_t ngram) {
    uint64_t& oldest = queue_[num_queued_++ % queue_.size()];
    increment_now(oldest);
    oldest = mix(group, ngram);
    __builtin_prefetch(&slots_[(oldest >> 1) & (slots_.size() - 1)]);
  }
  void flush() {
    for (uint64_t& key : queue_) increment_now(std::exchange(key, 0));
  }
  /// Adds what a copy of this, made when all was chosen, has counted.
  void add(const GroupCounts& copy) {
    for (size_t i = 0; i < slots_.size(); ++i) slots_[i].count += copy.slots_[i].count;
  }
  uint32_t count(uint32_t group, uint64_t ngram) const {
    return static_cast<uint32_t>(slot(mix(group, ngram)).count);
  }

 private:
  void increment_now(uint64_t key) {
    if (key == 0) return;
    Slot& at = slot(key);
    if (at.key == key) ++at.count;
  }
  /// One number for both; never 0. That two of a million pairs meet has odds of 1 in 10^7.
  static uint64_t mix(uint32_t group, uint64_t ngram) {
    const uint64_t key =
        (ngram + (uint64_t{group} + 1) * 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    return (key ^ key >> 32) | 1;
  }
  struct Slot {
    uint64_t key = 0;
    uint64_t count = 0;
  };
  /// Where the key is, or would be. The lowest bit is always set and says nothing.
  const Slot& slot(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t at = (key >> 1) & mask;
    while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask;
    return slots_[at];
  }
  Slot& slot(uint64_t key) { return const_cast<Slot&>(std::as_const(*this).slot(key)); }

  std::vector<Slot> slots_;
  std::array<uint64_t, 32> queue_{};
  size_t num_queued_ = 0;
};

}  // namespace yurai
