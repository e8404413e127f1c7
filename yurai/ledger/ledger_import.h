#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/ledger/ledger_row.h"
#include "yurai/record/manifest.h"

/// Ledgers of models that other programs trained: closed, without an order of ours, with an inverse
/// index. docs/cli/ledger.md says what is read.
///
///     YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create("ledger", {}));
///     YURAI_TRY(import_jsonl(corpus, "steps.jsonl", "pretrain", stage));
///     YURAI_TRY(stage.commit());
namespace yurai {

/// A step above this is taken for a mistake: each costs 44 bytes, read or not.
inline constexpr uint64_t kMaxImportedSteps = 1ull << 26;

/// From a file with {"id", "step" or "iteration", …} a line; holds 64 bytes a line in memory. An id
/// that the corpus does not have, or has twice, is an error that names the line.
Result<Manifest> import_jsonl(const Corpus& corpus, const std::filesystem::path& file,
                              const std::string& training_stage, StagingDirectory& stage,
                              const Progress& progress = no_progress);

struct MegatronFiles {
  std::filesystem::path index;  ///< of the indexed dataset: PREFIX.idx
  /// PREFIX-document_index.npy, -sample_index.npy, -shuffle_index.npy, or of older versions
  /// PREFIX_doc_idx.npy, _sample_idx.npy, _shuffle_idx.npy.
  std::string order_prefix;
  uint64_t sequences_per_step = 0;  ///< the global batch, the same in every step
};

/// From the index files of Megatron-LM and GPT-NeoX: document i of them is document i of the
/// corpus. A row's tokens are those that its sample predicts. Holds the files in memory.
Result<Manifest> import_megatron(const Corpus& corpus, const MegatronFiles& files,
                                 const std::string& training_stage, StagingDirectory& stage,
                                 const Progress& progress = no_progress);

/// What the importers share: a corpus's documents, `tokens` 0.
Result<std::vector<LedgerDocument>> documents_of(const Corpus& corpus);

/// Writes a closed ledger into `stage`: head, documents, the rows of each step as `rows_of` gives
/// them, inverse index and manifest.
struct ImportedLedger {
  LedgerHead head;
  std::vector<LedgerDocument> documents;
  std::vector<ManifestFile> inputs;
  uint64_t steps = 0;
  std::function<Result<std::vector<LedgerRow>>(uint64_t step)> rows_of;
};
Result<Manifest> write_imported(const ImportedLedger& ledger, const Corpus& corpus,
                                StagingDirectory& stage, const Progress& progress);

}  // namespace yurai
