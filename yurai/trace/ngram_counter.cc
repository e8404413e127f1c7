#include "yurai/trace/ngram_counter.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>
#include <utility>

#include "yurai/base/large_array.h"
#include "yurai/base/parallel.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxCount = std::numeric_limits<uint32_t>::max();
constexpr size_t kFirstSlots = size_t{1} << 12;
constexpr size_t kLookAhead = 32;

}  // namespace

void NgramPiece::begin(std::span<const char32_t> before) {
  end_document();
  for (const char32_t c : before) pass(c, [](uint64_t) {});
}

NgramCounter::NgramCounter(size_t max_ngrams)
    : tables_(NgramPiece::kNumTables, Table(max_ngrams / NgramPiece::kNumTables)) {}

void NgramCounter::count(std::span<NgramPiece> pieces, int num_threads) {
  for_each_part(num_threads, tables_.size(), [&](uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      for (NgramPiece& piece : pieces) {
        tables_[i].count(piece.keys_[i]);
        piece.keys_[i].clear();
      }
    }
  });
}

NgramCounter::Table::Table(size_t max_ngrams)
    : max_ngrams_(std::max(max_ngrams, kFirstSlots)),
      slots_(kFirstSlots),
      shift_(64 - std::countr_zero(kFirstSlots)) {}

void NgramCounter::Table::count(std::span<const uint64_t> keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kLookAhead < keys.size()) __builtin_prefetch(&slots_[place(keys[i + kLookAhead])], 1);
    increment(keys[i]);
  }
}

void NgramCounter::Table::increment(uint64_t key) {
  const size_t mask = slots_.size() - 1;
  size_t at = place(key);
  while (slots_[at].key != key) {
    if (slots_[at].key == 0) {
      slots_[at].key = key;
      ++num_ngrams_;
      break;
    }
    at = (at + 1) & mask;
  }
  if (slots_[at].count < kMaxCount) ++slots_[at].count;
  if (num_ngrams_ * 10 > slots_.size() * 6) grow();
}

/// Doubles the table, or, at its limit, forgets what was seen once, then twice, ….
void NgramCounter::Table::grow() {
  uint64_t min_count = 1;
  size_t kept = num_ngrams_;
  while (kept > max_ngrams_ / 2) {
    ++min_count;
    kept = static_cast<size_t>(std::count_if(
        slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.count >= min_count; }));
  }
  const size_t size = std::max(kFirstSlots, std::bit_ceil(4 * kept));
  const std::vector<Slot> old = std::exchange(slots_, huge_vector<Slot>(size));
  shift_ = 64 - std::countr_zero(size);
  num_ngrams_ = kept;
  for (const Slot& slot : old) {
    if (slot.count < min_count || slot.key == 0) continue;
    size_t at = place(slot.key);
    while (slots_[at].key != 0) at = (at + 1) & (size - 1);
    slots_[at] = slot;
  }
}

NullModel NgramCounter::finish(std::span<const NgramPiece> pieces, uint64_t max_bytes) {
  std::vector<std::pair<uint64_t, uint32_t>> ngrams;
  uint64_t num_chars = 0;
  for (size_t c = 0; c < 0x110000; ++c) {
    uint64_t count = 0;
    for (const NgramPiece& piece : pieces) count += piece.singles_[c];
    num_chars += count;
    if (count > 0) ngrams.emplace_back(c + 1, static_cast<uint32_t>(std::min(count, kMaxCount)));
  }
  // An n-gram that occurs once stands only in the one span that holds it, and is taken out there.
  for (const Table& table : tables_) {
    table.for_each_repeated([&](uint64_t key, uint64_t count) {
      ngrams.emplace_back(key, static_cast<uint32_t>(count));
    });
  }
  tables_.clear();
  std::sort(ngrams.begin(), ngrams.end());

  uint32_t min_count = 2;
  for (;; min_count += 1 + min_count / 4) {
    uint64_t size = NullModel::kHeaderBytes;
    uint64_t previous = 0;
    std::erase_if(ngrams, [&](const auto& ngram) {
      if (ngram.first >> 21 != 0 && ngram.second < min_count) return true;
      size += NullModel::entry_bytes(ngram.first - previous, ngram.second);
      previous = ngram.first;
      return false;
    });
    if (size <= max_bytes || ngrams.empty() || ngrams.back().first >> 21 == 0) break;
  }
  std::vector<uint64_t> keys(ngrams.size());
  std::vector<uint32_t> counts(ngrams.size());
  for (size_t i = 0; i < ngrams.size(); ++i) std::tie(keys[i], counts[i]) = ngrams[i];
  return NullModel(num_chars, min_count, std::move(keys), std::move(counts));
}

}  // namespace yurai
