#include "yurai/search/posting_cursor.h"

#include <algorithm>

namespace yurai {
namespace {

tl::unexpected<Error> damaged() {
  return fail(ErrorCode::kCorrupt,
              "the search files hold a list that is none; rebuild with 'yurai index build'");
}

}  // namespace

Result<std::optional<TermEntry>> find_term(std::string_view page, TermKey key,
                                           uint64_t num_documents) {
  NumberReader reader(page);
  TermKey at = 0;
  while (!reader.at_end()) {
    const TermKey step = reader.varint();
    if (step == 0) break;
    at += step;
    TermEntry entry;
    entry.df = reader.varint();
    if (!reader.ok() || entry.df == 0 || entry.df > num_documents) return damaged();
    if (entry.df > kInlinePostings) {
      entry.offset = reader.varint();
      if (entry.df <= kPostingsInBlock) entry.num_bytes = reader.varint();
    } else {
      uint64_t document = 0;
      for (uint64_t i = 0; i < entry.df; ++i) {
        const uint64_t posting = reader.varint();
        document += posting >> 1;
        const uint64_t frequency = (posting & 1) != 0 ? 1 : reader.varint() + 2;
        if (document >= num_documents || frequency > UINT32_MAX) return damaged();
        entry.postings.push_back(
            {static_cast<uint32_t>(document), static_cast<uint32_t>(frequency)});
        ++document;
      }
    }
    if (!reader.ok()) return damaged();
    if (at == key) return std::optional(std::move(entry));
    if (at > key) break;
  }
  return std::optional<TermEntry>();
}

Result<PostingCursor> PostingCursor::open(TermEntry entry, double weight, Lists lists) {
  PostingCursor cursor(weight, lists);
  cursor.df_ = entry.df;
  const uint64_t file_bytes = lists.postings.file().size_bytes();
  if (entry.df > kPostingsInBlock) {
    const uint64_t num_blocks = (entry.df + kPostingsInBlock - 1) / kPostingsInBlock;
    if (entry.offset > file_bytes || num_blocks > (file_bytes - entry.offset) / kSkipRowBytes) {
      return damaged();
    }
    YURAI_ASSIGN(const std::string bytes,
                 lists.postings.bytes(entry.offset, num_blocks * kSkipRowBytes));
    NumberReader reader(bytes);
    uint64_t total = 0;
    for (uint64_t i = 0; i < num_blocks; ++i) {
      const SkipRow row{static_cast<uint32_t>(reader.fixed(4)),
                        static_cast<uint16_t>(reader.fixed(2)),
                        static_cast<uint16_t>(reader.fixed(2))};
      if (i > 0 && row.last_document <= cursor.rows_.back().last_document) return damaged();
      cursor.block_begins_.push_back(total);
      cursor.rows_.push_back(row);
      total += row.num_bytes;
    }
    if (total > entry.offset) return damaged();
    for (uint64_t& begin : cursor.block_begins_) begin += entry.offset - total;
    return cursor;
  }
  // One block: its bound comes from its postings.
  cursor.postings_ = std::move(entry.postings);
  if (entry.df > kInlinePostings) {
    if (entry.offset > file_bytes || entry.num_bytes > file_bytes - entry.offset) return damaged();
    YURAI_ASSIGN(const std::string bytes, lists.postings.bytes(entry.offset, entry.num_bytes));
    if (!read_postings(bytes, entry.df, -1, lists.lengths.size(), cursor.postings_)) {
      return damaged();
    }
  }
  float largest = 0;
  for (const Posting& posting : cursor.postings_) {
    largest = std::max(largest,
                       saturation(posting.frequency, lists.norms[lists.lengths[posting.document]]));
  }
  cursor.rows_.push_back({cursor.postings_.back().document, 0, saturation_bound(largest)});
  cursor.block_ = 0;
  cursor.document_ = cursor.postings_.front().document;
  return cursor;
}

Result<void> PostingCursor::load(size_t block) {
  at_ = 0;
  block_ = block;
  if (block >= rows_.size()) {
    postings_.clear();
    document_ = kEnd;
    return {};
  }
  YURAI_ASSIGN(const std::string bytes,
               lists_->postings.bytes(block_begins_[block], rows_[block].num_bytes));
  const size_t count = std::min<uint64_t>(kPostingsInBlock, df_ - block * kPostingsInBlock);
  const int64_t before = block == 0 ? -1 : int64_t{rows_[block - 1].last_document};
  if (!read_postings(bytes, count, before, lists_->lengths.size(), postings_) ||
      postings_.back().document != rows_[block].last_document) {
    return damaged();
  }
  document_ = postings_.front().document;
  return {};
}

Result<void> PostingCursor::seek(uint32_t document) {
  if (block_ != SIZE_MAX && document_ >= document) return {};
  if (block_ == SIZE_MAX || (block_ < rows_.size() && rows_[block_].last_document < document)) {
    const size_t from = block_ == SIZE_MAX ? 0 : block_;
    const auto row = std::lower_bound(
        rows_.begin() + static_cast<ptrdiff_t>(from), rows_.end(), document,
        [](const SkipRow& a, uint32_t wanted) { return a.last_document < wanted; });
    YURAI_TRY(load(static_cast<size_t>(row - rows_.begin())));
  }
  const auto posting =
      std::lower_bound(postings_.begin() + static_cast<ptrdiff_t>(at_), postings_.end(), document,
                       [](const Posting& a, uint32_t wanted) { return a.document < wanted; });
  if (posting == postings_.end()) return load(rows_.size());
  at_ = static_cast<size_t>(posting - postings_.begin());
  document_ = posting->document;
  return {};
}

uint64_t PostingCursor::bound(uint32_t begin, uint64_t end) {
  while (bound_block_ < rows_.size() && rows_[bound_block_].last_document < begin) ++bound_block_;
  uint16_t largest = 0;
  for (size_t block = bound_block_; block < rows_.size(); ++block) {
    if (block > bound_block_ && uint64_t{rows_[block - 1].last_document} + 1 >= end) break;
    largest = std::max(largest, rows_[block].bound);
  }
  return largest == 0 ? 0 : score_bound(weight_, largest);
}

}  // namespace yurai
