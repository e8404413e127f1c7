#include "yurai/train/batch.h"

#include <algorithm>

namespace yurai {

Result<SegmentTokens> read_segment(const TokenStore& store, uint64_t document,
                                   const SpecialTokens& special, uint64_t begin, uint64_t end) {
  // From the token before the first predicted one to the last that is not the end.
  const uint64_t from = begin == 0 ? 0 : begin - 1;
  const uint64_t to = std::min(end, store.num_tokens(document));
  std::vector<uint32_t> ids(to - from);
  YURAI_TRY(store.read(document, from, ids));
  SegmentTokens segment;
  for (uint64_t token = begin; token < end; ++token) {
    const uint32_t before = token == 0 ? special.begin : ids[token - 1 - from];
    const uint32_t target = token < to ? ids[token - from] : special.end;
    segment.tokens.push_back(static_cast<int32_t>(before));
    segment.targets.push_back(static_cast<int32_t>(target));
  }
  return segment;
}

Result<Batch> make_batch(const TokenStore& store, const std::vector<uint64_t>& documents,
                         const TrainingOrder& order, const SpecialTokens& special, uint64_t first,
                         uint64_t count) {
  Batch batch;
  batch.num_sequences = count;
  batch.length = order.spec().sequence_tokens;
  for (uint64_t q = first; q < first + count; ++q) {
    int32_t number = 0;  // of the segment in its sequence
    for (const OrderSegment& segment : order.sequence(q)) {
      batch.parts.push_back({segment, q, batch.tokens.size()});
      YURAI_ASSIGN(const SegmentTokens part,
                   read_segment(store, documents[segment.document], special, segment.token_begin,
                                segment.token_end));
      batch.tokens.insert(batch.tokens.end(), part.tokens.begin(), part.tokens.end());
      batch.targets.insert(batch.targets.end(), part.targets.begin(), part.targets.end());
      for (size_t i = 0; i < part.tokens.size(); ++i) {
        batch.segments.push_back(number);
        batch.positions.push_back(static_cast<int32_t>(i));
      }
      ++number;
    }
  }
  YURAI_CHECK(batch.tokens.size() == count * batch.length);
  return batch;
}

}  // namespace yurai
