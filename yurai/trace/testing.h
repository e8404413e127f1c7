#pragma once

#include <string>
#include <vector>

#include "yurai/base/testing.h"
#include "yurai/corpus/testing.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/index_builder.h"
#include "yurai/trace/tracer.h"

namespace yurai::testing {

/// For tests: a small index with its calibration, in a folder that goes away with it.
///
///     const TracedIndex index({{.id = "a", .text = "abc"}});
///     index.trace("abc", {.max_chance = HUGE_VAL});
class TracedIndex {
 public:
  explicit TracedIndex(const std::vector<Document>& documents, PointMode points = PointMode::kChar,
                       bool fold = false)
      : index_(build(directory_, documents, points, fold).value()),
        tracer_(Tracer::open(index_).value()) {}

  const CorpusIndex& index() const { return index_; }
  Result<Trace> trace(std::string_view answer, const TraceOptions& options = {}) const {
    return tracer_.trace(answer, options);
  }

  static Result<CorpusIndex> build(const TemporaryDirectory& directory,
                                   const std::vector<Document>& documents, PointMode points,
                                   bool fold = false) {
    YURAI_TRY(write_corpus(directory / "corpus", documents));
    YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(directory / "index", {}));
    IndexBuildOptions options;
    options.points = points;
    options.fold = fold;
    YURAI_TRY(build_index(directory / "corpus", options, stage, no_progress));
    {
      YURAI_ASSIGN(const CorpusIndex staged, CorpusIndex::open(stage.path(), {.folded = true}));
      YURAI_TRY(calibrate(staged, stage, no_progress));
      YURAI_TRY(write_manifest(staged.manifest(), stage));
    }
    YURAI_TRY(stage.commit());
    return CorpusIndex::open(directory / "index", {.folded = true});
  }

 private:
  TemporaryDirectory directory_;
  CorpusIndex index_;
  Tracer tracer_;
};

}  // namespace yurai::testing
