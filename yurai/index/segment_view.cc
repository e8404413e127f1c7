#include "yurai/index/segment_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

tl::unexpected<Error> corrupt(const BlockFile& file, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}': {}; rebuild with 'yurai index build'",
                                               for_terminal(file.path().string()), what));
}

}  // namespace

size_t SegmentView::leaf_size(uint64_t number) const {
  return std::min<uint64_t>(kEntriesPerLeaf, num_points() - number * kEntriesPerLeaf);
}

Result<Leaf> SegmentView::leaf(uint64_t number) {
  YURAI_ASSIGN(const std::string_view block, leaves_.block(number));
  return Leaf(block, leaf_size(number));
}

Result<uint64_t> SegmentView::position_of(const Leaf& leaf, size_t i) const {
  const uint64_t position = leaf.position(i);
  if (position < text_.file().size_bytes()) return position;
  return corrupt(leaves_.file(), fmt::format("a point lies at byte {} of a text of {} bytes",
                                             position, text_.file().size_bytes()));
}

Result<LeafEntry> SegmentView::entry(uint64_t rank) {
  YURAI_CHECK(rank < num_points());
  YURAI_ASSIGN(const Leaf in, leaf(rank / kEntriesPerLeaf));
  const size_t i = rank % kEntriesPerLeaf;
  YURAI_ASSIGN(const uint64_t position, position_of(in, i));
  return LeafEntry{position, in.lcp(i), in.branch(i)};
}

Result<size_t> SegmentView::shared_bytes(uint64_t position, std::string_view text) {
  const uint64_t end = text_.file().size_bytes();
  size_t shared = 0;
  while (shared < text.size() && position + shared < end) {
    const uint64_t at = position + shared;
    YURAI_ASSIGN(const std::string_view block, text_.block(at / kBlockBytes));
    const std::string_view here =
        block.substr(at % kBlockBytes, std::min<uint64_t>(end - at, kBlockBytes));
    const size_t more = common_prefix(here, text.substr(shared));
    shared += more;
    if (more < here.size()) break;
  }
  return shared;
}

Result<uint8_t> SegmentView::byte(uint64_t position) {
  if (position >= text_.file().size_bytes()) {
    return corrupt(text_.file(), "it ends inside of a document");
  }
  YURAI_ASSIGN(const std::string_view block, text_.block(position / kBlockBytes));
  return static_cast<uint8_t>(block[position % kBlockBytes]);
}

Result<std::string> SegmentView::bytes(uint64_t position, size_t size) {
  const uint64_t end = text_.file().size_bytes();
  const uint64_t begin = std::min(position, end);
  return text_.bytes(begin, std::min<uint64_t>(size, end - begin));
}

Result<SegmentView::Leaves> SegmentView::locate(std::string_view text) {
  const Fences::Range range = fences_->find(text);
  if (range.begin < range.end && fences_->side(range.begin, text) == Fences::Side::kTie) {
    return resolve_tie(range, text);
  }
  Leaves leaves{range.begin - 1, range.end - 1};  // the first separator is below every text
  if (range.begin < fences_->size()) {
    leaves.next_shared = common_prefix(fences_->separator(range.begin), text);
  }
  return leaves;
}

// The first suffixes of the tied leaves are sorted strings with known lcps: a blind search and one
// look at the text say where `text` belongs among them. A separator is that suffix's beginning, one
// byte longer than what it shares with the suffix before.
Result<SegmentView::Leaves> SegmentView::resolve_tie(Fences::Range tie, std::string_view text) {
  uint64_t leaf = fences_->search(tie, text);
  const uint64_t position = fences_->first_position(leaf);
  YURAI_ASSIGN(const size_t shared, shared_bytes(position, text));
  if (shared == text.size()) {
    uint64_t last = leaf;
    while (last + 1 < tie.end && fences_->leaf_lcp(last + 1) >= shared) ++last;
    while (leaf > tie.begin && fences_->leaf_lcp(leaf) >= shared) --leaf;
    const bool begins_here = fences_->first_lcp(leaf) < shared;
    return Leaves{begins_here ? leaf : leaf - 1, last, shared};
  }
  YURAI_ASSIGN(const uint8_t after, byte(position + shared));
  uint64_t lower = leaf;  // the last leaf whose separator is not above the text
  if (after < static_cast<uint8_t>(text[shared])) {
    while (lower + 1 < tie.end && fences_->leaf_lcp(lower + 1) > shared) ++lower;
  } else {
    while (lower > tie.begin && fences_->leaf_lcp(lower) > shared) --lower;
    if (fences_->first_lcp(lower) >= shared) return Leaves{lower - 1, lower - 1, shared};
  }
  const uint64_t next = lower + 1;
  size_t next_shared = 0;
  if (next < tie.end) {
    next_shared = std::min<size_t>(shared, fences_->leaf_lcp(next));
  } else if (next < fences_->size()) {
    next_shared = common_prefix(fences_->separator(next), text);
  }
  return Leaves{lower, lower, next_shared};
}

Result<RankRange> SegmentView::find(std::string_view text) {
  if (num_points() == 0) return RankRange{};
  if (text.size() > kMaxLcp) {
    YURAI_ASSIGN(const RankRange range, find(text.substr(0, kMaxLcp)));
    return find_in_range(range, text);
  }
  if (text.empty()) return RankRange{0, num_points()};
  YURAI_ASSIGN(const Leaves at, locate(text));
  YURAI_ASSIGN(const Leaf lower, leaf(at.lower));
  const uint64_t lower_rank = at.lower * kEntriesPerLeaf;
  if (at.lower != at.upper) {
    YURAI_ASSIGN(const Leaf upper, leaf(at.upper));
    return RankRange{lower_rank + lower.run_begin(lower.size() - 1, text.size()),
                     at.upper * kEntriesPerLeaf + upper.run_end(0, text.size())};
  }
  const size_t i = lower.search(text);
  YURAI_ASSIGN(const uint64_t position, position_of(lower, i));
  YURAI_ASSIGN(const size_t shared, shared_bytes(position, text));
  if (shared < text.size()) return RankRange{};
  return RankRange{lower_rank + lower.run_begin(i, shared), lower_rank + lower.run_end(i, shared)};
}

Result<SegmentView::Longest> SegmentView::longest(std::string_view text) {
  if (num_points() == 0 || text.empty()) return Longest{};
  if (text.size() > kMaxLcp) {
    const std::string_view head = text.substr(0, kMaxLcp);
    YURAI_ASSIGN(Longest best, longest(head));
    if (best.size_bytes < kMaxLcp) return best;
    YURAI_ASSIGN(const RankRange range, find(head));
    YURAI_ASSIGN(const uint64_t bound, bound_in_range(range, text, false));
    for (const uint64_t rank : {bound, bound - 1}) {
      if (rank < range.begin || rank >= range.end) continue;
      YURAI_ASSIGN(const LeafEntry found, entry(rank));
      YURAI_ASSIGN(const size_t shared, shared_bytes(found.position, text));
      if (shared > best.size_bytes) best = {shared, rank};
    }
    return best;
  }
  YURAI_ASSIGN(const Leaves at, locate(text));
  const uint64_t next_rank = (at.lower + 1) * kEntriesPerLeaf;
  if (at.lower != at.upper) return Longest{text.size(), next_rank};
  YURAI_ASSIGN(const Leaf lower, leaf(at.lower));
  const size_t i = lower.search(text);
  YURAI_ASSIGN(const uint64_t position, position_of(lower, i));
  YURAI_ASSIGN(const size_t shared, shared_bytes(position, text));
  if (at.next_shared > shared && next_rank < num_points()) {
    return Longest{at.next_shared, next_rank};
  }
  return Longest{shared, at.lower * kEntriesPerLeaf + i};
}

Result<RankRange> SegmentView::around(uint64_t rank, std::string_view text) {
  const uint64_t number = rank / kEntriesPerLeaf;
  const uint64_t begin = number * kEntriesPerLeaf;
  YURAI_ASSIGN(const Leaf in, leaf(number));
  const size_t first = in.run_begin(rank - begin, text.size());
  const size_t end = in.run_end(rank - begin, text.size());
  const bool open_left = first == 0 && number > 0 && in.lcp(0) >= text.size();
  const bool open_right = end == in.size() && number + 1 < fences_->size() &&
                          fences_->first_lcp(number + 1) >= text.size();
  if (open_left || open_right || text.size() > kMaxLcp) return find(text);
  return RankRange{begin + first, begin + end};
}

Result<RankRange> SegmentView::find_in_range(RankRange range, std::string_view text) {
  YURAI_ASSIGN(const uint64_t begin, bound_in_range(range, text, false));
  YURAI_ASSIGN(const uint64_t end, bound_in_range({begin, range.end}, text, true));
  return RankRange{begin, end};
}

Result<uint64_t> SegmentView::bound_in_range(RankRange range, std::string_view text, bool after) {
  const std::string_view rest = text.substr(kMaxLcp);
  while (range.begin < range.end) {
    const uint64_t middle = range.begin + range.size() / 2;
    YURAI_ASSIGN(const LeafEntry found, entry(middle));
    const uint64_t position = found.position + kMaxLcp;
    YURAI_ASSIGN(const size_t shared, shared_bytes(position, rest));
    bool below = after;
    if (shared < rest.size()) {
      YURAI_ASSIGN(const uint8_t next, byte(position + shared));
      below = next < static_cast<uint8_t>(rest[shared]);
    }
    (below ? range.begin : range.end) = below ? middle + 1 : middle;
  }
  return range.begin;
}

}  // namespace yurai
