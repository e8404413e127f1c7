#include "yurai/index/run_merger.h"

#include <algorithm>

#include "yurai/index/suffix_key.h"

namespace yurai {

Result<RunMerger> RunMerger::create(std::span<const Range> ranges, TextCache& text) {
  std::vector<std::unique_ptr<RecordReader>> readers;
  for (const Range& range : ranges) {
    YURAI_ASSIGN(RunReader reader, RunReader::open(*range.run, range.begin, range.end));
    readers.push_back(std::make_unique<RunReader>(std::move(reader)));
  }
  return create(std::move(readers), text);
}

Result<RunMerger> RunMerger::create(std::vector<std::unique_ptr<RecordReader>> readers,
                                    TextCache& text) {
  std::vector<Cursor> cursors;
  for (std::unique_ptr<RecordReader>& reader : readers) {
    Cursor cursor{std::move(reader), {}, false};
    YURAI_ASSIGN(const bool any, cursor.reader->next(cursor.record));
    cursor.ended = !any;
    if (any) {  // compared with the empty text
      cursor.record.lcp = 0;
      YURAI_ASSIGN(cursor.record.key, text.key(cursor.record.position));
      cursor.record.num_valid = kKeyBytes;
    }
    cursors.push_back(std::move(cursor));
  }
  RunMerger merger(std::move(cursors), text);
  YURAI_TRY(merger.build_tree());
  return merger;
}

/// Leaves are size … 2 · size − 1; each inner node keeps the loser of its two children's winners.
Result<void> RunMerger::build_tree() {
  const auto size = static_cast<uint32_t>(cursors_.size());
  losers_.assign(size, 0);
  std::vector<uint32_t> winners(2 * size);
  for (uint32_t i = 0; i < size; ++i) winners[size + i] = i;
  for (uint32_t node = size - 1; node > 0 && size > 0; --node) {
    const uint32_t a = winners[2 * node];
    const uint32_t b = winners[2 * node + 1];
    YURAI_ASSIGN(const bool first, before(a, b));
    winners[node] = first ? a : b;
    losers_[node] = first ? b : a;
  }
  if (size > 0) winner_ = winners[1];
  return {};
}

Result<bool> RunMerger::before(uint32_t a, uint32_t b) {
  const Cursor& left = cursors_[a];
  const Cursor& right = cursors_[b];
  if (left.ended || right.ended) return left.ended == right.ended ? a < b : right.ended;
  if (left.record.lcp != right.record.lcp) return left.record.lcp > right.record.lcp;
  if (left.record.lcp == kMaxLcp) return before_by_text(a, b, kMaxLcp);

  const uint32_t lcp = left.record.lcp;
  const uint32_t num_valid = std::min(left.record.num_valid, right.record.num_valid);
  const uint64_t key_a = left.record.key;
  const uint64_t key_b = right.record.key;
  const size_t shared = key_a == key_b ? kKeyBytes : shared_key_bytes(key_a, key_b);
  if (shared >= num_valid) {
    if (num_valid < kKeyBytes || !ends_in_key(key_a)) return before_by_text(a, b, lcp + num_valid);
    RunRecord& loser = cursors_[std::max(a, b)].record;  // equal to the end of the document
    const size_t end = key_end(loser.key);
    loser.lcp = std::min<uint32_t>(lcp + static_cast<uint32_t>(end), kMaxLcp);
    loser.key = ~uint64_t{0};
    return a < b;
  }
  RunRecord& loser = cursors_[key_a < key_b ? b : a].record;
  loser.lcp = std::min<uint32_t>(lcp + static_cast<uint32_t>(shared), kMaxLcp);
  if (shared > 0) {
    const bool ends = loser.num_valid == kKeyBytes && ends_in_key(loser.key);
    loser.key <<= 8 * shared;
    if (ends) {
      loser.key |= (uint64_t{1} << (8 * shared)) - 1;
    } else {
      loser.num_valid -= static_cast<uint32_t>(shared);
    }
  }
  return key_a < key_b;
}

Result<bool> RunMerger::before_by_text(uint32_t a, uint32_t b, uint64_t shared) {
  RunRecord& left = cursors_[a].record;
  RunRecord& right = cursors_[b].record;
  YURAI_ASSIGN(const Difference next, text_->compare(left.position, right.position, shared));
  const bool first = next.key_a != next.key_b ? next.key_a < next.key_b : a < b;
  RunRecord& loser = first ? right : left;
  loser.lcp = static_cast<uint32_t>(std::min<uint64_t>(next.shared, kMaxLcp));
  loser.key = first ? next.key_b : next.key_a;
  loser.num_valid = kKeyBytes;
  return first;
}

Result<size_t> RunMerger::fill(std::span<RunRecord> out) {
  size_t size = 0;
  while (size < out.size() && !cursors_.empty() && !cursors_[winner_].ended) {
    Cursor& cursor = cursors_[winner_];
    out[size++] = cursor.record;
    YURAI_ASSIGN(const bool more, cursor.reader->next(cursor.record));
    cursor.ended = !more;
    auto node = (static_cast<uint32_t>(cursors_.size()) + winner_) / 2;
    for (; node > 0; node /= 2) {
      YURAI_ASSIGN(const bool stays, before(winner_, losers_[node]));
      if (!stays) std::swap(winner_, losers_[node]);
    }
  }
  return size;
}

}  // namespace yurai
