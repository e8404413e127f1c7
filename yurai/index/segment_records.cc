#include "yurai/index/segment_records.h"

#include "yurai/index/suffix_key.h"

namespace yurai {
namespace {

constexpr uint64_t kRanksBetweenForgetting = 1 << 16;

}  // namespace

Result<bool> SegmentRecords::next(RunRecord& record) {
  // What two records share is the least that neighbours between them share; the byte after it is
  // that of the last neighbour that shares so little.
  uint32_t lcp = kMaxLcp;
  uint8_t branch = 0;
  while (rank_ < view_->num_points()) {
    if (forgets_ && rank_ % kRanksBetweenForgetting == 0) view_->forget();
    YURAI_ASSIGN(const LeafEntry entry, view_->entry(rank_++));
    if (entry.lcp <= lcp) {
      lcp = entry.lcp;
      branch = entry.branch;
    }
    const std::optional<uint64_t> position = corpus_->joined_offset(part_, entry.position);
    if (!position) continue;
    record = {*position, lcp, 0, 0};
    if (lcp == kMaxLcp) return true;
    const bool ends = branch == static_cast<uint8_t>(kDocumentSeparator);
    record.num_valid = ends ? kKeyBytes : 1;
    record.key = ends ? ~uint64_t{0} : uint64_t{branch} << 56;
    return true;
  }
  return false;
}

}  // namespace yurai
