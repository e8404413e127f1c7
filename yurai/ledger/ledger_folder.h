#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/ledger/document_table.h"
#include "yurai/ledger/ledger_row.h"
#include "yurai/ledger/step_log.h"
#include "yurai/ledger/training_order.h"
#include "yurai/record/manifest.h"

namespace yurai {

/// Steps of each document of a ledger without an order; written when it is closed.
inline constexpr std::string_view kInverseName = "inverse.bin";

/// What of a ledger's folder is there before its first step.
struct LedgerFolder {
  Manifest manifest;
  LedgerHead head;
  DocumentTable documents;
  std::optional<TrainingOrder> order;
  ChainHash genesis;  ///< of the chain: hash of head and documents

  const TrainingOrder* order_or_null() const { return order ? &*order : nullptr; }
  /// Whether the manifest lists the log too, so that nothing can follow.
  bool closed() const;
};

/// Writes the manifest, the documents and an empty log.
Result<Manifest> write_ledger_folder(const LedgerHead& head,
                                     std::span<const LedgerDocument> documents,
                                     StagingDirectory& stage);

Result<LedgerFolder> open_ledger_folder(const std::filesystem::path& dir);

}  // namespace yurai
