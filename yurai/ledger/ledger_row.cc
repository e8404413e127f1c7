#include "yurai/ledger/ledger_row.h"

#include <cmath>

namespace yurai {

Json to_json(const LedgerRow& row, std::string_view stage, const std::string& document_id) {
  return {{"stage", stage},
          {"step", row.step},
          {"epoch", row.epoch},
          {"sequence", row.sequence},
          {"document", row.document},
          {"document_id", document_id},
          {"token_begin", row.token_begin},
          {"tokens", row.tokens == 0 ? Json(nullptr) : Json(row.tokens)},
          {"byte_begin", row.byte_begin},
          {"byte_end", row.byte_end},
          {"loss_nats_mean",
           std::isfinite(row.loss_nats_mean) ? Json(row.loss_nats_mean) : Json(nullptr)}};
}

}  // namespace yurai
