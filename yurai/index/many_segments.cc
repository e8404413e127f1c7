#include "yurai/index/many_segments.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/index/run_merger.h"
#include "yurai/index/segment_records.h"

namespace yurai {
namespace {

constexpr size_t kHeadBytes = 128;
constexpr size_t kFirstChunk = 256;
constexpr size_t kLastChunk = 64 << 10;
constexpr size_t kMaxKnown = 256;

}  // namespace

ManySegments::ManySegments(const Source& source) : source_(source) {
  views_.reserve(source.segments.size());
  for (const Segment& segment : source.segments) views_.push_back(segment.view(source.cache));
  if (source.taken != nullptr) taken_ = source.taken->view(source.cache);
}

tl::unexpected<Error> ManySegments::out_of_order() const {
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}': the points of its segments do not fit together; rebuild with "
                          "'yurai index build'",
                          for_terminal(source_.segments.front().leaves.path().string())));
}

uint64_t ManySegments::num_reads() const {
  uint64_t sum = (taken_ ? taken_->num_reads() : 0) + (text_ ? text_->num_reads() : 0);
  for (const SegmentView& view : views_) sum += view.num_reads();
  return sum;
}

uint64_t ManySegments::num_missed() const {
  uint64_t sum = (taken_ ? taken_->num_missed() : 0) + (text_ ? text_->num_reads() : 0);
  for (const SegmentView& view : views_) sum += view.num_missed();
  return sum;
}

Result<uint64_t> ManySegments::count(std::string_view text) {
  uint64_t sum = 0;
  for (SegmentView& view : views_) {
    YURAI_ASSIGN(const RankRange range, view.find(text));
    sum += range.size();
  }
  if (!taken_) return sum;
  YURAI_ASSIGN(const RankRange range, taken_->find(text));
  if (range.size() > sum) return out_of_order();
  return sum - range.size();
}

Result<RankRange> ManySegments::find(std::string_view text) {
  if (text.empty()) return RankRange{0, source_.num_points};
  RankRange sum;
  for (SegmentView& view : views_) {
    YURAI_ASSIGN(const RankRange range, view.bounds(text));
    sum.begin += range.begin;
    sum.end += range.end;
  }
  return less_taken(sum, text);
}

/// The ranks of a text among what is left, from the sums over the segments.
Result<RankRange> ManySegments::less_taken(RankRange sum, std::string_view text) {
  if (taken_) {
    YURAI_ASSIGN(const RankRange range, taken_->bounds(text));
    if (range.begin > sum.begin || range.size() > sum.size()) return out_of_order();
    sum.begin -= range.begin;
    sum.end -= range.end;
  }
  if (sum.end > source_.num_points) return out_of_order();
  return sum.size() == 0 ? RankRange{} : sum;
}

Result<LongestMatch> ManySegments::longest_match(std::string_view text) {
  std::vector<SegmentView::Longest> longest_in;
  for (SegmentView& view : views_) {
    YURAI_ASSIGN(const SegmentView::Longest one, view.longest(text));
    longest_in.push_back(one);
  }
  return longest_match(text, longest_in);
}

Result<std::vector<LongestMatch>> ManySegments::longest_matches(
    std::span<const std::string_view> texts) {
  std::vector<std::vector<SegmentView::Longest>> longest_in(texts.size());
  for (SegmentView& view : views_) {
    YURAI_ASSIGN(const auto found, view.longest_of_each(texts, false));
    for (size_t i = 0; i < texts.size(); ++i) longest_in[i].push_back(found[i].longest);
  }
  std::vector<LongestMatch> matches;
  for (size_t i = 0; i < texts.size(); ++i) {
    YURAI_ASSIGN(matches.emplace_back(), longest_match(texts[i], longest_in[i]));
  }
  return matches;
}

Result<LongestMatch> ManySegments::longest_match(std::string_view text,
                                                 std::span<const SegmentView::Longest> longest_in) {
  size_t size = 0;
  for (const SegmentView::Longest& one : longest_in) size = std::max(size, one.size_bytes);
  const std::string_view longest = text.substr(0, char_floor(text, size));
  if (longest.empty()) return LongestMatch{};
  if (find_invalid_utf8(longest)) return LongestMatch{longest.size(), {}};  // the caller refuses it
  RankRange sum;
  for (size_t i = 0; i < views_.size(); ++i) {
    const bool is_there = longest_in[i].size_bytes >= longest.size();
    YURAI_ASSIGN(const RankRange range, is_there ? views_[i].around(longest_in[i].rank, longest)
                                                 : views_[i].bounds(longest));
    sum.begin += range.begin;
    sum.end += range.end;
  }
  YURAI_ASSIGN(const RankRange range, less_taken(sum, longest));
  if (range.size() > 0) {
    size_t first = 0;
    while (longest_in[first].size_bytes < longest.size()) ++first;
    YURAI_ASSIGN(const LeafEntry entry, views_[first].entry(longest_in[first].rank));
    return LongestMatch{longest.size(), range,
                        source_.corpus->joined_offset(first, entry.position)};
  }
  if (!taken_) return out_of_order();

  // It was taken down: of its prefixes the shorter ones are left, if any.
  std::vector<size_t> ends = {0};
  for (size_t at = 0; at < longest.size();) ends.push_back(at += char_bytes(longest, at));
  size_t left = 0, gone = ends.size() - 1;
  while (gone - left > 1) {
    const size_t middle = left + (gone - left) / 2;
    YURAI_ASSIGN(const uint64_t found, count(longest.substr(0, ends[middle])));
    (found > 0 ? left : gone) = middle;
  }
  if (left == 0) return LongestMatch{};
  YURAI_ASSIGN(const RankRange shorter, find(longest.substr(0, ends[left])));
  return LongestMatch{ends[left], shorter};
}

Result<ManySegments::Pivot> ManySegments::pivot_at(size_t segment, uint64_t rank) {
  YURAI_ASSIGN(const LeafEntry entry, view(segment).entry(rank));
  YURAI_ASSIGN(std::string head, view(segment).bytes(entry.position, kHeadBytes));
  const size_t end = head.find(kDocumentSeparator);
  if (end == 0) return out_of_order();
  head.resize(std::min(end, head.size()));
  return Pivot{segment, entry.position, std::move(head)};
}

/// By their bytes to the end of the document, then by their places.
Result<bool> ManySegments::is_before(size_t segment, uint64_t rank, const Pivot& pivot) {
  SegmentView& own = view(segment);
  SegmentView& other = view(pivot.segment);
  YURAI_ASSIGN(const LeafEntry entry, own.entry(rank));
  for (uint64_t done = pivot.head.size(), chunk = kFirstChunk;;
       done += chunk, chunk = std::min(4 * chunk, kLastChunk)) {
    YURAI_ASSIGN(const std::string a, own.bytes(entry.position + done, chunk));
    YURAI_ASSIGN(const std::string b, other.bytes(pivot.position + done, chunk));
    const size_t size = std::min(a.size(), b.size());
    const auto [at, ignored] =
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(size), b.begin());
    const auto same = static_cast<size_t>(at - a.begin());
    const bool ends = a.find(kDocumentSeparator) < same;
    if (!ends && same < size) {
      return static_cast<uint8_t>(a[same]) < static_cast<uint8_t>(b[same]);
    }
    if (ends) break;
    if (size < chunk) return out_of_order();  // a text that ends without a separator
  }
  if (segment < views_.size()) {
    return std::pair(segment, entry.position) < std::pair(pivot.segment, pivot.position);
  }
  const TextPiece place = source_.taken->corpus->text().piece_from(entry.position);
  size_t taken_of = 0;
  while (&source_.segments[taken_of].corpus->text() != place.text) ++taken_of;
  return std::pair(taken_of, place.begin) < std::pair(pivot.segment, pivot.position);
}

Result<uint64_t> ManySegments::count_before(const Pivot& pivot, size_t segment) {
  YURAI_ASSIGN(RankRange range, view(segment).bounds(pivot.head));
  while (range.begin < range.end) {
    const uint64_t middle = range.begin + range.size() / 2;
    YURAI_ASSIGN(const bool before, is_before(segment, middle, pivot));
    (before ? range.begin : range.end) = before ? middle + 1 : middle;
  }
  return range.begin;
}

/// Halves what is not decided, in the segment where that is most, by the rank of its middle.
Result<ManySegments::Ranks> ManySegments::split(uint64_t rank) {
  if (const auto known = known_.find(rank); known != known_.end()) return known->second;
  Ranks low(views_.size(), 0), high;
  for (const SegmentView& view : views_) high.push_back(view.num_points());
  for (;;) {
    size_t widest = 0;
    for (size_t i = 1; i < views_.size(); ++i) {
      if (high[i] - low[i] > high[widest] - low[widest]) widest = i;
    }
    if (low[widest] >= high[widest]) break;
    const uint64_t middle = low[widest] + (high[widest] - low[widest]) / 2;
    YURAI_ASSIGN(const Pivot pivot, pivot_at(widest, middle));
    Ranks before(views_.size());
    uint64_t sum = 0;
    for (size_t i = 0; i < views_.size(); ++i) {
      before[i] = middle;
      if (i != widest) {
        YURAI_ASSIGN(before[i], count_before(pivot, i));
      }
      sum += before[i];
    }
    if (taken_) {
      YURAI_ASSIGN(const uint64_t taken, count_before(pivot, views_.size()));
      if (taken > sum) return out_of_order();
      sum -= taken;
    }
    const bool is_left = source_.corpus->joined_offset(widest, pivot.position).has_value();
    if (sum > rank) {
      for (size_t i = 0; i < views_.size(); ++i) high[i] = std::clamp(before[i], low[i], high[i]);
      continue;
    }
    for (size_t i = 0; i < views_.size(); ++i) low[i] = std::clamp(before[i], low[i], high[i]);
    if (is_left && sum == rank) break;
    low[widest] = middle + 1;
  }
  if (known_.size() >= kMaxKnown) known_.clear();
  return known_[rank] = low;
}

Result<std::vector<RunRecord>> ManySegments::records(RankRange range) {
  const uint64_t first = range.begin > 0 ? range.begin - 1 : 0;  // what it shares with that one
  YURAI_ASSIGN(const Ranks ranks, split(first));
  if (!text_) {
    YURAI_ASSIGN(text_, TextCache::create(source_.corpus->text(), TextCache::kMinMemory));
  }
  std::vector<std::unique_ptr<RecordReader>> readers;
  for (size_t i = 0; i < views_.size(); ++i) {
    readers.push_back(std::make_unique<SegmentRecords>(views_[i], ranks[i], *source_.corpus, i));
  }
  YURAI_ASSIGN(RunMerger merger, RunMerger::create(std::move(readers), *text_));
  std::vector<RunRecord> records(range.end - first);
  YURAI_ASSIGN(const size_t size, merger.fill(records));
  if (size < records.size()) return out_of_order();
  if (first < range.begin) records.erase(records.begin());
  return records;
}

}  // namespace yurai
