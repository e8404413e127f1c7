#pragma once

#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/index/corpus_index.h"
#include "yurai/index/index_builder.h"
#include "yurai/index/index_layout.h"

/// The folded twin of a segment: a segment of the folded documents, in the folder "folded" of the
/// first one. Its points are those of every character: a folded text has no borders of words.
namespace yurai {

/// Folds the corpus and sorts the result. The segment's files lie in "folded" of the staging folder
/// from then on; what is returned says nothing of folders.
Result<IndexLayout::Segment> build_folded(const Corpus& corpus, IndexBuildOptions options,
                                          StagingDirectory& stage, const Progress& progress);

/// The same for documents of `folded` corpora that were taken down.
Result<IndexLayout::Segment> build_folded_takedown(const Corpus& folded, IndexBuildOptions options,
                                                   StagingDirectory& stage,
                                                   const Progress& progress);

/// The twin of a merged corpus: folds it and merges the segments of the twin `folded`.
Result<IndexLayout::Segment> merge_folded(const CorpusIndex& folded, const Corpus& corpus,
                                          const IndexBuildOptions& options, StagingDirectory& stage,
                                          const Progress& progress);

}  // namespace yurai
