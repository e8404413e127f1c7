#include "yurai/ledger/inverse_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/number_codec.h"
#include "yurai/base/terminal.h"
#include "yurai/corpus/row_table.h"
#include "yurai/ledger/row_codec.h"

namespace yurai {
namespace {

constexpr uint64_t kEndBytes = 8;   ///< a document: where its entries end, counted in entries
constexpr uint64_t kStepBytes = 4;  ///< an entry

using Visit = std::function<void(uint64_t document, uint64_t step)>;

/// Every document of every step, once a step, by step.
Result<void> visit_documents(const LedgerFolder& folder, const StepLog& log, const Visit& visit,
                             const Progress& progress) {
  const RowCodec codec(folder.documents, folder.order_or_null());
  std::vector<uint64_t> documents;
  for (uint64_t step = 0; step < log.steps(); ++step) {
    YURAI_ASSIGN(const std::string payload, log.payload(step));
    YURAI_ASSIGN(const auto rows, codec.decode(step, payload));
    documents.clear();
    for (const LedgerRow& row : rows) documents.push_back(row.document);
    std::sort(documents.begin(), documents.end());
    documents.erase(std::unique(documents.begin(), documents.end()), documents.end());
    for (const uint64_t document : documents) visit(document, step);
    progress("inverse index", step + 1, log.steps());
  }
  return {};
}

}  // namespace

Result<void> InverseIndex::write(const LedgerFolder& folder, const StepLog& log,
                                 StagingDirectory& stage, const Progress& progress) {
  if (log.steps() > UINT32_MAX) {
    return fail(ErrorCode::kResourceExhausted, "a ledger without an order has at most 2^32 steps");
  }
  std::vector<uint64_t> ends(folder.documents.size() + 1);
  YURAI_TRY(visit_documents(
      folder, log, [&](uint64_t document, uint64_t) { ++ends[document + 1]; }, progress));
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<uint32_t> steps(ends.back());
  YURAI_TRY(visit_documents(
      folder, log,
      [&](uint64_t document, uint64_t step) {
        steps[ends[document]++] = static_cast<uint32_t>(step);
      },
      progress));
  // Each end has moved to the next document's: what was its beginning is its end now.
  YURAI_ASSIGN(BlockFileWriter file, BlockFileWriter::create(stage, kInverseName));
  std::string bytes;
  const auto flush = [&](size_t limit) -> Result<void> {
    if (bytes.size() < limit) return {};
    YURAI_TRY(file.append(bytes));
    bytes.clear();
    return {};
  };
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    append_fixed(ends[i], kEndBytes, bytes);
    YURAI_TRY(flush(kBlockBytes));
  }
  for (const uint32_t step : steps) {
    append_fixed(step, kStepBytes, bytes);
    YURAI_TRY(flush(kBlockBytes));
  }
  YURAI_TRY(flush(0));
  return file.close();
}

Result<InverseIndex> InverseIndex::open(const std::filesystem::path& dir, const Manifest& manifest,
                                        uint64_t num_documents) {
  YURAI_ASSIGN(const uint64_t bytes, manifest_file_bytes(manifest, kInverseName));
  if (bytes / kEndBytes < num_documents) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' is too short for {} documents; import again",
                            for_terminal((dir / kInverseName).string()), num_documents));
  }
  YURAI_ASSIGN(BlockFile file, BlockFile::open(dir / kInverseName, bytes));
  return InverseIndex(std::move(file), num_documents);
}

Result<std::vector<uint64_t>> InverseIndex::steps(uint64_t document) const {
  YURAI_CHECK(document < num_documents_);
  const uint64_t from = document == 0 ? 0 : (document - 1) * kEndBytes;
  YURAI_ASSIGN(const std::string ends, read_range(file_, from, (document + 1) * kEndBytes - from));
  const uint64_t begin = document == 0 ? 0 : load_u64(ends.data());
  const uint64_t end = load_u64(ends.data() + ends.size() - kEndBytes);
  const uint64_t entries_at = num_documents_ * kEndBytes;
  if (begin > end || end > (file_.size_bytes() - entries_at) / kStepBytes) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}': the steps of document {} are not in it; import again",
                            for_terminal(file_.path().string()), document));
  }
  YURAI_ASSIGN(const std::string bytes,
               read_range(file_, entries_at + begin * kStepBytes, (end - begin) * kStepBytes));
  NumberReader reader(bytes);
  std::vector<uint64_t> steps(end - begin);
  for (uint64_t& step : steps) step = reader.fixed(kStepBytes);
  return steps;
}

}  // namespace yurai
