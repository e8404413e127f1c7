#pragma once

#include "yurai/corpus/corpus.h"
#include "yurai/index/run_file.h"
#include "yurai/index/segment_view.h"

namespace yurai {

/// The points of a segment from a rank on, as a run of the joined text: what was taken down is left
/// out. Of the suffix after the lcp a leaf holds one byte.
class SegmentRecords final : public RecordReader {
 public:
  /// `corpus` holds the segment's documents as those of its part `part`. With `forgets` the view
  /// gives its pages back as it goes on.
  SegmentRecords(SegmentView& view, uint64_t rank, const Corpus& corpus, size_t part,
                 bool forgets = false)
      : view_(&view), rank_(rank), corpus_(&corpus), part_(part), forgets_(forgets) {}

  Result<bool> next(RunRecord& record) override;

 private:
  SegmentView* view_;
  uint64_t rank_;
  const Corpus* corpus_;
  size_t part_;
  bool forgets_;
};

}  // namespace yurai
