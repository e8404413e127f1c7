#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"

/// The list of documents that were taken down: numbers over all segments, ascending, 8 bytes each.
namespace yurai {

inline constexpr std::string_view kTakenDocumentsName = "documents.bin";

using Corpora = std::vector<std::shared_ptr<const Corpus>>;

std::string encode_taken_documents(const std::vector<uint64_t>& documents);
/// kCorrupt where the numbers do not ascend or are none of the corpora's documents.
Result<std::vector<uint64_t>> parse_taken_documents(std::string_view bytes, const Corpora& corpora);

/// Those documents, and all others, for Corpus::join.
std::vector<DocumentRun> taken_runs(const Corpora& corpora, const std::vector<uint64_t>& documents);
std::vector<DocumentRun> left_runs(const Corpora& corpora, const std::vector<uint64_t>& documents);

}  // namespace yurai
