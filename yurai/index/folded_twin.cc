#include "yurai/index/folded_twin.h"

#include "yurai/index/folded_text.h"
#include "yurai/index/index_update.h"

namespace yurai {
namespace {

Result<StagingDirectory> stage_folded(StagingDirectory& stage) {
  return StagingDirectory::create(stage.path() / kFoldedName, {.disk = &stage.disk()});
}

IndexLayout::Segment segment_of(const Corpus& folded, uint64_t num_points) {
  IndexLayout::Segment segment;
  segment.corpus_sha256 = folded.identity().corpus_sha256;
  segment.num_points = num_points;
  segment.num_documents = folded.num_documents();
  segment.text_bytes = folded.identity().bytes;
  return segment;
}

}  // namespace

Result<IndexLayout::Segment> build_folded(const Corpus& corpus, IndexBuildOptions options,
                                          StagingDirectory& stage, const Progress& progress) {
  options.points = PointMode::kChar;
  YURAI_ASSIGN(StagingDirectory own, stage_folded(stage));
  YURAI_ASSIGN(const Corpus folded, write_folded_corpus(corpus, own, progress));
  YURAI_ASSIGN(const uint64_t num_points, build_segment(folded, options, own, progress));
  YURAI_TRY(own.commit());
  return segment_of(folded, num_points);
}

Result<IndexLayout::Segment> build_folded_takedown(const Corpus& folded, IndexBuildOptions options,
                                                   StagingDirectory& stage,
                                                   const Progress& progress) {
  options.points = PointMode::kChar;
  YURAI_ASSIGN(StagingDirectory own, stage_folded(stage));
  YURAI_ASSIGN(const uint64_t num_points, build_segment(folded, options, own, progress));
  YURAI_TRY(own.commit());
  return segment_of(folded, num_points);
}

Result<IndexLayout::Segment> merge_folded(const CorpusIndex& folded, const Corpus& corpus,
                                          const IndexBuildOptions& options, StagingDirectory& stage,
                                          const Progress& progress) {
  YURAI_ASSIGN(StagingDirectory own, stage_folded(stage));
  YURAI_ASSIGN(const Corpus merged, write_folded_corpus(corpus, own, progress));
  YURAI_ASSIGN(const uint64_t num_points, merge_segments(folded, merged, options, own, progress));
  YURAI_TRY(own.commit());
  return segment_of(merged, num_points);
}

}  // namespace yurai
