#pragma once

#include <cstdint>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/ledger/training_order.h"
#include "yurai/train/token_store.h"

/// Sequences as a model is given them: several documents, or parts of them, in a row, none of which
/// sees another.
namespace yurai {

struct SpecialTokens {
  uint32_t begin = 0;  ///< what the first token of a document is predicted from
  uint32_t end = 0;    ///< what the end of a document is
};

/// Tokens [begin, end) of a document as they are trained: `tokens[i]` predicts `targets[i]`.
struct SegmentTokens {
  std::vector<int32_t> tokens;
  std::vector<int32_t> targets;
};
Result<SegmentTokens> read_segment(const TokenStore& store, uint64_t document,
                                   const SpecialTokens& special, uint64_t begin, uint64_t end);

/// `tokens[i]` predicts `targets[i]` from the earlier tokens of its segment. [B, L] each.
struct Batch {
  uint64_t num_sequences = 0;
  uint64_t length = 0;
  std::vector<int32_t> tokens;
  std::vector<int32_t> targets;
  std::vector<int32_t> segments;
  std::vector<int32_t> positions;
  struct Part {
    OrderSegment segment;
    uint64_t sequence = 0;
    uint64_t at = 0;  ///< of its first token in the arrays
  };
  std::vector<Part> parts;
};

/// Sequences [first, first + count) of the order. `documents[d]` is the store's number of the
/// order's document d.
Result<Batch> make_batch(const TokenStore& store, const std::vector<uint64_t>& documents,
                         const TrainingOrder& order, const SpecialTokens& special, uint64_t first,
                         uint64_t count);

}  // namespace yurai
