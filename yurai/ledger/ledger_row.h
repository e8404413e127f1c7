#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "yurai/base/json.h"
#include "yurai/ledger/training_order.h"

/// What a ledger holds: documents, and for each training step the segments of them that it read.
namespace yurai {

inline constexpr std::string_view kLedgerFormat = "yurai-ledger";
/// 2: sequences are shuffled. Without that a ledger is written as version 1 has it, and read.
inline constexpr uint64_t kLedgerVersion = 2;

inline constexpr std::array<std::string_view, 6> kTrainingStages = {"pretrain", "midtrain", "long",
                                                                    "sft",      "dpo",      "rl"};

/// One document segment of one sequence.
struct LedgerRow {
  uint64_t step = 0;
  uint32_t epoch = 0;
  uint64_t sequence = 0;     ///< over all steps, from 0
  uint64_t document = 0;     ///< number
  uint64_t token_begin = 0;  ///< of the document
  uint32_t tokens = 0;       ///< predicted, an end token included; 0 in an import: not known
  /// Of the document's text. A segment begins where the one before it in the document ended (0 for
  /// the first) and the last ends with the text: `byte_end` is the byte_begin of the token after
  /// it.
  uint64_t byte_begin = 0;
  uint64_t byte_end = 0;
  float loss_nats_mean = 0;  ///< of these predictions, before the step's update; NaN: not known
};

/// A document as the ledger knows it; its number is its place in the list.
struct LedgerDocument {
  std::string id{};     ///< of the corpus; not necessarily unique
  uint32_t tokens = 0;  ///< of its text, without the end token
  uint64_t bytes = 0;   ///< of its text
};

/// What is fixed before the first step; the hash chain begins with it.
struct LedgerHead {
  std::string stage = "pretrain";  ///< one of kTrainingStages
  std::string corpus_sha256{};
  std::string tokenizer_sha256{};  ///< empty: not known
  std::optional<OrderSpec>
      order{};  ///< rows follow it; none: of another trainer, every row is stored
  /// Rows hold exactly their bytes; false: of other trainers, the bytes of the whole document.
  bool exact_bytes = true;
  std::string imported_from{};  ///< empty, "jsonl" or "megatron"
};

/// {stage, step, epoch, sequence, document, document_id, token_begin, tokens, byte_begin, byte_end,
/// loss_nats_mean}; what is not known is null.
Json to_json(const LedgerRow& row, std::string_view stage, const std::string& document_id);

}  // namespace yurai
