#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "yurai/trace/null_model.h"
#include "yurai/trace/script.h"

namespace yurai {

/// The n-grams of a piece of the corpus on their way to the counter.
class NgramPiece {
 public:
  /// The next piece begins inside of a document, after `before` (its last two characters, or as
  /// many as there are).
  void begin(std::span<const char32_t> before);
  /// The next character of the current document.
  void add(char32_t c) {
    ++singles_[c];
    pass(c, [&](uint64_t key) { keys_[table_of(key)].push_back(key); });
  }
  void end_document() { last_ = before_last_ = plain_run_ = 0; }

 private:
  friend class NgramCounter;
  /// Pairs and triples are counted in so many tables, whatever the number of threads.
  static constexpr size_t kNumTables = 16;
  static uint64_t hash(uint64_t key) { return key * 0x9E3779B97F4A7C15u; }
  static size_t table_of(uint64_t key) { return hash(key) >> 60; }

  template <class Count>
  void pass(char32_t c, const Count& count) {
    const uint64_t single = c + 1;
    const bool cjk = is_cjk(c);
    if (last_ != 0) {
      count(last_ << 21 | single);
      if (plain_run_ >= 2 && !cjk) count(before_last_ << 42 | last_ << 21 | single);
    }
    plain_run_ = cjk ? 0 : plain_run_ + 1;
    before_last_ = last_;
    last_ = single;
  }

  std::array<std::vector<uint64_t>, kNumTables> keys_;
  std::vector<uint32_t> singles_ = std::vector<uint32_t>(0x110000);  ///< of all its pieces
  uint64_t last_ = 0, before_last_ = 0, plain_run_ = 0;
};

/// Counts n-grams. Rare ones are forgotten when more than `max_ngrams` would be kept.
class NgramCounter {
 public:
  explicit NgramCounter(size_t max_ngrams);

  /// Counts pairs and triples of these pieces, which follow those before; the same on any number of
  /// threads.
  void count(std::span<NgramPiece> pieces, int num_threads);

  /// A model of at most `max_bytes` when serialized, as far as dropping what is rare can do it.
  /// Single characters are counted now.
  NullModel finish(std::span<const NgramPiece> pieces, uint64_t max_bytes);

 private:
  class Table {
   public:
    explicit Table(size_t max_ngrams);
    void count(std::span<const uint64_t> keys);
    template <class Use>
    void for_each_repeated(const Use& use) const {
      for (const Slot& slot : slots_) {
        if (slot.count > 1) use(slot.key, slot.count);
      }
    }

   private:
    /// An n-gram and its count, in one line of the cache.
    struct Slot {
      uint64_t key = 0;  ///< 0: empty
      uint64_t count = 0;
    };
    size_t place(uint64_t key) const { return (NgramPiece::hash(key) << 4) >> shift_; }
    void increment(uint64_t key);
    void grow();

    size_t max_ngrams_;
    std::vector<Slot> slots_;  ///< open addressing
    size_t num_ngrams_ = 0;
    int shift_;
  };

  std::vector<Table> tables_;
};

}  // namespace yurai
