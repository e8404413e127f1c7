#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/curate/chain.h"
#include "yurai/curate/decisions.h"
#include "yurai/curate/dropped_examples.h"
#include "yurai/curate/filter_rows.h"
#include "yurai/curate/funnel.h"
#include "yurai/curate/part_writer.h"
#include "yurai/record/manifest.h"

namespace yurai {

inline constexpr size_t kExamplesPerStep = 20;  ///< dropped documents that the report shows

/// The folder that a filter run fills. A part of the documents and one of the ledger end with the
/// same document; then the folder gets a resume point (docs/formats/decisions.md). Not thread-safe.
class FilterFolder {
 public:
  /// What makes two runs the same, beside the bytes of the documents.
  struct Identity {
    Json configuration = Json::object();
    std::vector<ManifestFile> inputs{};  ///< hashes only of those that the chain names
  };

  /// Goes on from the stage's resume point, if it has one: kInvalidArgument, naming the difference,
  /// when that is of another run.
  static Result<std::unique_ptr<FilterFolder>> open(StagingDirectory& stage, Identity identity,
                                                    PartWriter::Options parts,
                                                    std::vector<LedgerStep> steps,
                                                    const Progress& progress);

  /// Records, from the first input's first, that an earlier run had finished: they come again, as
  /// `finished`.
  uint64_t num_finished() const { return num_finished_; }

  Result<void> add(const FilterBatch& batch);
  /// Writes the rest, but for the commit; returns the summary.
  Result<Json> finish(const Chain& chain, Manifest manifest);

 private:
  FilterFolder(StagingDirectory& stage, Identity identity, std::vector<LedgerStep> steps)
      : stage_(&stage),
        identity_(std::move(identity)),
        steps_(std::move(steps)),
        funnel_(steps_),
        examples_(steps_.size(), kExamplesPerStep) {}

  Result<std::vector<ManifestFile>> resume(const Progress& progress);
  Result<void> add_document(const FilterRow& row);
  Result<void> check_finished() const;
  std::vector<ManifestFile> finished_files() const;
  Result<void> save_resume_point();

  StagingDirectory* stage_;
  Identity identity_;
  std::vector<LedgerStep> steps_;
  Funnel funnel_;
  DroppedExamples examples_;
  std::unique_ptr<PartWriter> parts_;
  std::unique_ptr<PartWriter> decisions_;
  std::unique_ptr<WritableFile> rejects_;
  uint64_t num_records_ = 0;
  uint64_t rows_hash_ = 0;     ///< of the documents' rows, one after another
  uint64_t num_finished_ = 0;  ///< this and the next: of the resume point
  uint64_t finished_hash_ = 0;
};

}  // namespace yurai
