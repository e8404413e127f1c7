#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/block_file.h"
#include "yurai/base/result.h"
#include "yurai/corpus/row_table.h"

/// From ids to numbers of documents: ids.bin, 16 bytes a document, sorted. docs/formats/corpus.md.
namespace yurai {

/// The first 8 bytes of the SHA-256 of an id: nobody can make many ids that share it.
uint64_t id_hash(std::string_view id);

struct IdEntry {
  uint64_t hash = 0;
  uint64_t number = 0;
  auto operator<=>(const IdEntry&) const = default;
};

/// Numbers of the documents whose id an earlier document has, ascending. `entries` are sorted.
Result<std::vector<uint64_t>> find_repeated_ids(const std::vector<IdEntry>& entries,
                                                const RowTable& rows);

/// ids.bin, read on demand. Thread-safe.
class IdTable {
 public:
  static Result<IdTable> open(const std::filesystem::path& dir, uint64_t num_documents,
                              ReadableFile::Mode mode);

  /// Numbers of the documents that may have this id, ascending; the caller compares the ids.
  Result<std::vector<uint64_t>> find(std::string_view id) const;

 private:
  explicit IdTable(BlockFile entries) : entries_(std::move(entries)) {}
  BlockFile entries_;
};

}  // namespace yurai
