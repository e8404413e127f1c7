#pragma once

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
  void choose(uint32_t group, uint64_t ngram) {
    YURAI_CHECK(num_queued_ == 0);  // growing forgets counts
    const uint64_t key = mix(group, ngram);
    Slot& at = slot(key);
    if (at.key == key) return;
    at.key = key;
    if (2 * ++num_chosen_ > slots_.size()) grow();
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
    Slot& at = slot(key);
    at.count += static_cast<uint64_t>(at.key == key) & key;  // a key is odd, 0 none: no branch
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

  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, huge_vector<Slot>(2 * slots_.size()));
    for (const Slot& chosen : old) {
      if (chosen.key != 0) slot(chosen.key).key = chosen.key;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(64);
  size_t num_chosen_ = 0;
  std::array<uint64_t, 32> queue_{};
  size_t num_queued_ = 0;
};

}  // namespace yurai
