#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/ledger/ledger_folder.h"
#include "yurai/ledger/step_log.h"

namespace yurai {

/// inverse.bin: the steps of each document, where no order can tell. Thread-safe.
class InverseIndex {
 public:
  /// Reads the log twice; keeps 8 bytes a document and 4 for each step of each in memory.
  static Result<void> write(const LedgerFolder& folder, const StepLog& log, StagingDirectory& stage,
                            const Progress& progress);
  static Result<InverseIndex> open(const std::filesystem::path& dir, const Manifest& manifest,
                                   uint64_t num_documents);

  /// Ascending.
  Result<std::vector<uint64_t>> steps(uint64_t document) const;

 private:
  InverseIndex(BlockFile file, uint64_t num_documents)
      : file_(std::move(file)), num_documents_(num_documents) {}
  BlockFile file_;
  uint64_t num_documents_;
};

}  // namespace yurai
