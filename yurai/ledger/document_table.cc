#include "yurai/ledger/document_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/row_table.h"

namespace yurai {
namespace {

/// Where its id ends in document_ids.bin, bytes of its text, its tokens.
constexpr uint64_t kRowBytes = 8 + 8 + 4;
constexpr std::string_view kIdsName = "ids.bin";

}  // namespace

Result<void> DocumentTable::write(std::span<const LedgerDocument> documents,
                                  StagingDirectory& stage) {
  if (documents.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a ledger needs at least one document");
  }
  YURAI_ASSIGN(BlockFileWriter rows, BlockFileWriter::create(stage, kDocumentsName));
  YURAI_ASSIGN(BlockFileWriter texts, BlockFileWriter::create(stage, kDocumentIdsName));
  YURAI_ASSIGN(BlockFileWriter ids, BlockFileWriter::create(stage, kIdsName));
  std::vector<IdEntry> entries;
  entries.reserve(documents.size());
  std::string bytes;
  for (const LedgerDocument& document : documents) {
    YURAI_TRY(texts.append(document.id));
    bytes.clear();
    append_fixed(texts.size_bytes(), 8, bytes);
    append_fixed(document.bytes, 8, bytes);
    append_fixed(document.tokens, 4, bytes);
    YURAI_TRY(rows.append(bytes));
    entries.push_back({id_hash(document.id), entries.size()});
  }
  std::sort(entries.begin(), entries.end());
  for (const IdEntry& entry : entries) {
    bytes.clear();
    append_fixed(entry.hash, 8, bytes);
    append_fixed(entry.number, 8, bytes);
    YURAI_TRY(ids.append(bytes));
  }
  YURAI_TRY(rows.close());
  YURAI_TRY(texts.close());
  return ids.close();
}

Result<DocumentTable> DocumentTable::open(const std::filesystem::path& dir,
                                          const Manifest& manifest) {
  YURAI_ASSIGN(const uint64_t row_bytes, manifest_file_bytes(manifest, kDocumentsName));
  YURAI_ASSIGN(const uint64_t text_bytes, manifest_file_bytes(manifest, kDocumentIdsName));
  if (row_bytes == 0 || row_bytes % kRowBytes != 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' has {} bytes, no whole number of documents",
                            for_terminal((dir / kDocumentsName).string()), row_bytes));
  }
  YURAI_ASSIGN(BlockFile rows, BlockFile::open(dir / kDocumentsName, row_bytes));
  YURAI_ASSIGN(BlockFile texts, BlockFile::open(dir / kDocumentIdsName, text_bytes));
  YURAI_ASSIGN(IdTable ids, IdTable::open(dir, row_bytes / kRowBytes, ReadableFile::Mode::kCached));
  return DocumentTable(std::move(rows), std::move(texts), std::move(ids), row_bytes / kRowBytes);
}

Result<LedgerDocument> DocumentTable::read(uint64_t number) const {
  YURAI_CHECK(number < size());
  const uint64_t from = number == 0 ? 0 : number * kRowBytes - kRowBytes;
  YURAI_ASSIGN(const std::string bytes, read_range(rows_, from, (number + 1) * kRowBytes - from));
  const char* row = bytes.data() + (number == 0 ? 0 : kRowBytes);
  const uint64_t begin = number == 0 ? 0 : load_u64(bytes.data());
  const uint64_t end = load_u64(row);
  if (begin > end || end > texts_.size_bytes()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': the id of document {} is no part of {}",
                            for_terminal(rows_.path().string()), number, kDocumentIdsName));
  }
  LedgerDocument document;
  YURAI_ASSIGN(document.id, read_range(texts_, begin, end - begin));
  document.bytes = load_u64(row + 8);
  document.tokens = static_cast<uint32_t>(NumberReader({row + 16, 4}).fixed(4));
  return document;
}

Result<uint64_t> DocumentTable::bytes(uint64_t number) const {
  YURAI_CHECK(number < size());
  YURAI_ASSIGN(const std::string bytes, read_range(rows_, number * kRowBytes + 8, 8));
  return load_u64(bytes.data());
}

Result<std::vector<uint32_t>> DocumentTable::tokens() const {
  std::vector<uint32_t> tokens;
  tokens.reserve(size());
  constexpr uint64_t kRowsAtOnce = kBlockBytes * 16 / 4;  // whole blocks
  for (uint64_t first = 0; first < size(); first += kRowsAtOnce) {
    const uint64_t count = std::min(kRowsAtOnce, size() - first);
    YURAI_ASSIGN(const std::string bytes, read_range(rows_, first * kRowBytes, count * kRowBytes));
    for (uint64_t i = 0; i < count; ++i) {
      const std::string_view field = std::string_view(bytes).substr(i * kRowBytes + 16, 4);
      tokens.push_back(static_cast<uint32_t>(NumberReader(field).fixed(4)));
    }
  }
  return tokens;
}

Result<std::vector<uint64_t>> DocumentTable::find(std::string_view id) const {
  YURAI_ASSIGN(const std::vector<uint64_t> candidates, ids_.find(id));
  std::vector<uint64_t> numbers;
  for (const uint64_t number : candidates) {
    if (number >= size()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} names document {} of {}", kIdsName, number, size()));
    }
    YURAI_ASSIGN(const LedgerDocument document, read(number));
    if (document.id == id) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace yurai
