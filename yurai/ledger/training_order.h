#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "yurai/base/result.h"

/// Which tokens of which documents a training step predicts: a function of the documents' token
/// counts, a seed, the length of a sequence and the sequences of a step, the same on every machine.
///
///     YURAI_ASSIGN(const TrainingOrder order, TrainingOrder::make({5, 2, 9}, {.seed = 1,
///                  .sequence_tokens = 8, .sequences_per_step = 2}));
///     for (const OrderSegment& part : order.sequence(0)) …    // what sequence 0 predicts
///     order.places(2, 0, 3, 1);                               // who predicts tokens 0–2, second
///     time
///
/// A document's training tokens are its text's and one end token. An epoch lays all documents in a
/// seeded permutation, their tokens in one stream; epochs follow each other without a gap. Slot p
/// is stream tokens [p * L, (p + 1) * L). Sequence q predicts the tokens of one slot: the slots
/// that begin in an epoch are read in a second permutation, so that the sequences of a step come
/// from anywhere in the epoch (not `shuffled`: slot q). Step s trains sequences [s * B, (s + 1) *
/// B). So every token is predicted exactly once an epoch. docs/formats/ledger.md has the
/// arithmetic.
namespace yurai {

struct OrderSpec {
  uint64_t seed = 0;
  uint32_t sequence_tokens = 0;     ///< L, tokens that a sequence predicts; at least 1
  uint32_t sequences_per_step = 0;  ///< B; at least 1
  bool shuffled = true;             ///< the sequences too, not only the documents
  auto operator<=>(const OrderSpec&) const = default;
};

/// Consecutive tokens of one document, within one epoch.
struct OrderSegment {
  uint32_t epoch = 0;
  uint64_t document = 0;     ///< number
  uint64_t token_begin = 0;  ///< of the document
  uint64_t token_end = 0;    ///< the text's tokens + 1 where the end token is included
  auto operator<=>(const OrderSegment&) const = default;
};

/// Where a sequence predicts tokens of a document.
struct OrderPlace {
  uint64_t step = 0;
  uint64_t sequence = 0;  ///< over all steps, from 0
  uint32_t offset = 0;    ///< of the first of these tokens, in the sequence
  uint64_t token_begin = 0;
  uint64_t token_end = 0;
  auto operator<=>(const OrderPlace&) const = default;
};

/// Const calls are thread-safe. Keeps 4 bytes a document, and 16 for each of the epochs asked last:
/// two, or up to 64 that 256 MB hold; the first question of an epoch takes O(documents), others
/// O(log documents + answer).
class TrainingOrder {
 public:
  /// `document_tokens[d]` counts the tokens of document d's text WITHOUT its end token. At least
  /// one and fewer than 2^32 documents; a document has at most 2^32 - 2 tokens.
  static Result<TrainingOrder> make(std::vector<uint32_t> document_tokens, OrderSpec spec);
  TrainingOrder(TrainingOrder&&) noexcept;
  TrainingOrder& operator=(TrainingOrder&&) noexcept;
  ~TrainingOrder();

  const OrderSpec& spec() const;
  uint64_t num_documents() const;
  uint32_t document_tokens(uint64_t document) const;  ///< of its text, without the end token
  uint64_t tokens_per_epoch() const;                  ///< end tokens included

  /// Where sequence `q` lies in the stream, and which sequence slot `p` is: `holds` must be so of
  /// both. O(1): nothing is kept.
  uint64_t slot_of(uint64_t q) const;
  uint64_t sequence_of(uint64_t p) const;

  /// As many epochs as the first `sequences` sequences can have read of.
  uint32_t num_epochs(uint64_t sequences) const;

  /// What sequence `q` predicts, in order: L tokens. `holds(q)` must be so: the stream ends at 2^31
  /// epochs or 2^62 tokens.
  std::vector<OrderSegment> sequence(uint64_t q) const;
  bool holds(uint64_t q) const;

  /// The sequences that predict tokens [token_begin, token_end) of a document in an epoch, in the
  /// order of the tokens. The range is cut to the document.
  std::vector<OrderPlace> places(uint64_t document, uint64_t token_begin, uint64_t token_end,
                                 uint32_t epoch) const;

 private:
  struct State;
  explicit TrainingOrder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai
