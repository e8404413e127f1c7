#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/ledger/document_table.h"
#include "yurai/ledger/ledger_row.h"
#include "yurai/ledger/training_order.h"

namespace yurai {

/// The rows of a step as the payload of its record, and back. With an order only what it does not
/// say is stored: losses, and where in the text a segment is cut off. docs/formats/ledger.md.
/// Thread-safe; borrows both arguments.
class RowCodec {
 public:
  /// `order`: null when every row is stored.
  RowCodec(const DocumentTable& documents, const TrainingOrder* order)
      : documents_(&documents), order_(order) {}

  /// kInvalidArgument for rows that are not those of step `step`. `before`: the last row of the
  /// step before, if there is one.
  Result<std::string> encode(uint64_t step, std::span<const LedgerRow> rows,
                             const LedgerRow* before) const;

  /// kCorrupt for bytes that are no rows of step `step`. With `only`, the rows of that document.
  Result<std::vector<LedgerRow>> decode(uint64_t step, std::string_view payload,
                                        std::optional<uint64_t> only = std::nullopt) const;

  /// Whether a row predicts the end of its document.
  bool ends_document(const LedgerRow& row) const;
  /// Whether what lies before a row in its document is not the row before it, so that where it
  /// begins in the text is stored.
  bool begins_anew(const LedgerRow* before, const LedgerRow& row) const;
  /// Whether a row's bytes begin where those before it in its document end, as far as the row
  /// before it can tell.
  bool joins(const LedgerRow* before, const LedgerRow& row) const;

 private:
  Result<std::vector<LedgerRow>> ordered_rows(uint64_t step) const;
  Result<std::string> encode_ordered(uint64_t step, std::span<const LedgerRow> rows,
                                     const LedgerRow* before) const;
  Result<std::string> encode_listed(uint64_t step, std::span<const LedgerRow> rows) const;
  Result<std::vector<LedgerRow>> decode_ordered(uint64_t step, std::string_view payload,
                                                std::optional<uint64_t> only) const;
  Result<std::vector<LedgerRow>> decode_listed(uint64_t step, std::string_view payload,
                                               std::optional<uint64_t> only) const;

  const DocumentTable* documents_;
  const TrainingOrder* order_;
};

}  // namespace yurai
