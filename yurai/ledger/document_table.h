#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/corpus/id_table.h"
#include "yurai/ledger/ledger_row.h"
#include "yurai/record/manifest.h"

namespace yurai {

inline constexpr std::string_view kDocumentsName = "documents.bin";
inline constexpr std::string_view kDocumentIdsName = "document_ids.bin";

/// The documents of a ledger: documents.bin (20 bytes each), document_ids.bin (their ids, one after
/// the other) and ids.bin (from ids to numbers), read on demand. Thread-safe.
class DocumentTable {
 public:
  /// kInvalidArgument when there are none.
  static Result<void> write(std::span<const LedgerDocument> documents, StagingDirectory& stage);
  static Result<DocumentTable> open(const std::filesystem::path& dir, const Manifest& manifest);

  uint64_t size() const { return num_documents_; }
  /// Document `number` < size().
  Result<LedgerDocument> read(uint64_t number) const;
  Result<uint64_t> bytes(uint64_t number) const;  ///< of its text
  /// Of every document; reads the whole table.
  Result<std::vector<uint32_t>> tokens() const;
  /// Numbers of the documents with this id, ascending.
  Result<std::vector<uint64_t>> find(std::string_view id) const;

 private:
  DocumentTable(BlockFile rows, BlockFile texts, IdTable ids, uint64_t num_documents)
      : rows_(std::move(rows)),
        texts_(std::move(texts)),
        ids_(std::move(ids)),
        num_documents_(num_documents) {}

  BlockFile rows_;
  BlockFile texts_;
  IdTable ids_;
  uint64_t num_documents_;
};

}  // namespace yurai
