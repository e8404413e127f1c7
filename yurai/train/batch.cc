#include "yurai/train/batch.h"

namespace yurai {

Result<Batch> make_batch(const TokenStore& store, const std::vector<uint64_t>& documents,
                         const TrainingOrder& order, const SpecialTokens& special, uint64_t first,
                         uint64_t count) {
  Batch batch;
  batch.num_sequences = count;
  batch.length = order.spec().sequence_tokens;
  std::vector<uint32_t> tokens;
  for (uint64_t q = first; q < first + count; ++q) {
    int32_t number = 0;  // of the segment in its sequence
    for (const OrderSegment& segment : order.sequence(q)) {
      const uint64_t document = documents[segment.document];
      // From the token before the first predicted one to the last that is not the end.
      const uint64_t from = segment.token_begin == 0 ? 0 : segment.token_begin - 1;
      const uint64_t to = std::min(segment.token_end, store.num_tokens(document));
      tokens.resize(to - from);
      YURAI_TRY(store.read(document, from, tokens));
      batch.parts.push_back({segment, q, batch.tokens.size()});
      for (uint64_t token = segment.token_begin; token < segment.token_end; ++token) {
        const uint32_t before = token == 0 ? special.begin : tokens[token - 1 - from];
        const uint32_t target = token < to ? tokens[token - from] : special.end;
        batch.tokens.push_back(static_cast<int32_t>(before));
        batch.targets.push_back(static_cast<int32_t>(target));
        batch.segments.push_back(number);
        batch.positions.push_back(static_cast<int32_t>(token - segment.token_begin));
      }
      ++number;
    }
  }
  YURAI_CHECK(batch.tokens.size() == count * batch.length);
  return batch;
}

}  // namespace yurai
