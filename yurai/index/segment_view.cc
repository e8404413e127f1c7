#include "yurai/index/segment_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "yurai/base/terminal.h"

namespace yurai {
namespace {

constexpr size_t kMaxRecent = 4;

tl::unexpected<Error> corrupt(const std::filesystem::path& path, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}': {}; rebuild with 'yurai index build'",
                                               for_terminal(path.string()), what));
}

}  // namespace

PagePart SegmentView::columns_of(const TextFile& text) {
  return Leaf::columns_of_full(static_cast<unsigned>(std::bit_width(text.size_bytes())));
}

Result<Leaf> SegmentView::leaf(uint64_t number) {
  for (const NumberedLeaf& known : recent_) {
    if (known.number == number) return known.leaf;
  }
  YURAI_ASSIGN(const std::string_view page, leaves_.page(number));
  const std::optional<Leaf> leaf = Leaf::parse(page);
  if (!leaf || leaf->first_rank() >= num_points() ||
      leaf->size() > num_points() - leaf->first_rank()) {
    return corrupt(leaves_.file().path(), fmt::format("leaf {} is not well-formed", number));
  }
  if (recent_.size() < kMaxRecent) {
    recent_.push_back({number, *leaf});
  } else {
    recent_[oldest_++ % kMaxRecent] = {number, *leaf};
  }
  return *leaf;
}

Result<SegmentView::NumberedLeaf> SegmentView::leaf_of(uint64_t rank) {
  YURAI_CHECK(rank < num_points());
  for (const NumberedLeaf& known : recent_) {
    if (known.holds(rank)) return known;
  }
  for (const NumberedLeaf& known : recent_) {  // ranks are mostly asked in order
    if (known.leaf.first_rank() + known.leaf.size() != rank) continue;
    if (known.number + 1 >= fences_->size()) break;
    const uint64_t number = known.number + 1;
    YURAI_ASSIGN(const Leaf next, leaf(number));
    if (NumberedLeaf{number, next}.holds(rank)) return NumberedLeaf{number, next};
    break;
  }
  constexpr int kMaxSteps = 64;
  YURAI_ASSIGN(uint64_t number, fences_->leaf_near(rank));
  for (int step = 0; step < kMaxSteps; ++step) {
    YURAI_ASSIGN(const Leaf found, leaf(number));
    if (NumberedLeaf{number, found}.holds(rank)) return NumberedLeaf{number, found};
    const bool before = rank < found.first_rank();
    if (before ? number == 0 : number + 1 == fences_->size()) break;
    number = before ? number - 1 : number + 1;
  }
  return corrupt(leaves_.file().path(), fmt::format("no leaf holds rank {}", rank));
}

Result<uint64_t> SegmentView::position_of(const Leaf& leaf, size_t i) const {
  const uint64_t position = leaf.position(i);
  if (position < text_.file().size_bytes()) return position;
  return beyond_text(position);
}

tl::unexpected<Error> SegmentView::beyond_text(uint64_t position) const {
  return corrupt(leaves_.file().path(), fmt::format("a point lies at byte {} of a text of {} bytes",
                                                    position, text_.file().size_bytes()));
}

Result<LeafEntry> SegmentView::entry(uint64_t rank) {
  YURAI_ASSIGN(const NumberedLeaf in, leaf_of(rank));
  const size_t i = rank - in.leaf.first_rank();
  YURAI_TRY(position_of(in.leaf, i));
  return in.leaf.entry(i);
}

Result<uint8_t> SegmentView::byte(uint64_t position) {
  if (position >= text_.file().size_bytes()) {
    return corrupt(text_.file().path(), "it ends inside of a document");
  }
  YURAI_ASSIGN(const std::string bytes, text_.bytes(position, 1));
  return static_cast<uint8_t>(bytes[0]);
}

Result<std::string> SegmentView::bytes(uint64_t position, size_t size) {
  const uint64_t end = text_.file().size_bytes();
  const uint64_t begin = std::min(position, end);
  return text_.bytes(begin, std::min<uint64_t>(size, end - begin));
}

Result<SegmentView::Leaves> SegmentView::locate(std::string_view text) {
  YURAI_ASSIGN(const Fences::Range range, fences_->find(text));
  return locate(range, text);
}

Result<SegmentView::Leaves> SegmentView::locate(const Fences::Range& range, std::string_view text) {
  if (range.is_tie) return resolve_tie(range, text);
  // The first separator is below every text.
  return Leaves{range.begin - 1, range.end - 1, range.shared, range.is_exact};
}

size_t SegmentView::search_tie(std::span<const Fence> tie, std::string_view text) {
  return blind_search(
      0, tie.size(), text, [&](size_t i) { return tie[i].leaf_lcp; },
      [&](size_t i) { return tie[i].leaf_branch; });
}

// The first suffixes of the tied leaves are sorted strings with known lcps: a blind search and one
// look at the text say where `text` belongs among them. A separator is that suffix's beginning, one
// byte longer than what it shares with the suffix before.
Result<SegmentView::Leaves> SegmentView::resolve_tie(const Fences::Range& range,
                                                     std::string_view text) {
  YURAI_ASSIGN(const std::vector<Fence> tie, fences_->fences(range.begin, range.end));
  size_t leaf = search_tie(tie, text);
  const uint64_t position = tie[leaf].first_position;
  if (position >= text_.file().size_bytes()) {
    return corrupt(leaves_.file().path(), "a leaf begins beyond the text");
  }
  YURAI_ASSIGN(const size_t shared, shared_bytes(position, text));
  if (shared == text.size()) {
    size_t last = leaf;
    while (last + 1 < tie.size() && tie[last + 1].leaf_lcp >= shared) ++last;
    while (leaf > 0 && tie[leaf].leaf_lcp >= shared) --leaf;
    const bool begins_here = tie[leaf].first_lcp < shared;
    const uint64_t lower = range.begin + leaf - (begins_here ? 0 : 1);
    return Leaves{lower, range.begin + last, shared, begins_here};
  }
  YURAI_ASSIGN(const uint8_t after, byte(position + shared));
  size_t next = leaf + 1;  // the first leaf whose separator is above the text
  if (after < static_cast<uint8_t>(text[shared])) {
    while (next < tie.size() && tie[next].leaf_lcp > shared) ++next;
  } else {
    while (leaf > 0 && tie[leaf].leaf_lcp > shared) --leaf;
    const uint64_t number = range.begin + leaf;
    if (tie[leaf].first_lcp >= shared) return Leaves{number - 1, number - 1, shared, false};
    next = leaf + 1;
  }
  Leaves leaves{range.begin + next - 1, range.begin + next - 1, 0, false};
  if (next < tie.size()) {
    leaves.next_shared = std::min<size_t>(shared, tie[next].leaf_lcp);
  } else if (range.end < fences_->size()) {
    YURAI_ASSIGN(const Fence fence, fences_->fence(range.end));
    const std::string_view separator = fence.separator();
    while (leaves.next_shared < std::min(separator.size(), text.size()) &&
           separator[leaves.next_shared] == text[leaves.next_shared]) {
      ++leaves.next_shared;
    }
  }
  return leaves;
}

Result<RankRange> SegmentView::search(std::string_view text, Sought sought) {
  if (num_points() == 0) return RankRange{};
  if (text.size() > kMaxLcp) {
    YURAI_ASSIGN(const RankRange range, search(text.substr(0, kMaxLcp), sought));
    return find_in_range(range, text);
  }
  if (text.empty()) return RankRange{0, num_points()};
  YURAI_ASSIGN(const Leaves at, locate(text));
  if (at.lower != at.upper) {
    YURAI_TRY(leaves_.fetch({at.lower, at.upper}));
    YURAI_ASSIGN(const Leaf lower, leaf(at.lower));
    YURAI_ASSIGN(const Leaf upper, leaf(at.upper));
    return RankRange{lower.first_rank() + lower.run_begin(lower.size() - 1, text.size()),
                     upper.first_rank() + upper.run_end(0, text.size())};
  }
  YURAI_ASSIGN(const Leaf lower, leaf(at.lower));
  size_t i = 0;
  if (!at.begins_lower) {
    i = lower.search(text);
    size_t shared = text.size();
    uint64_t position = 0;
    if (sought != Sought::kKnown) {
      YURAI_ASSIGN(position, position_of(lower, i));
      YURAI_ASSIGN(shared, shared_bytes(position, text));
    }
    if (shared < text.size()) {
      if (sought == Sought::kFound) return RankRange{};
      // It shares most with the text: all that share more with it are on its side of the text.
      YURAI_ASSIGN(const uint8_t after, byte(position + shared));
      const bool below = after < static_cast<uint8_t>(text[shared]);
      const uint64_t rank = lower.first_rank() +
                            (below ? lower.run_end(i, shared + 1) : lower.run_begin(i, shared + 1));
      return RankRange{rank, rank};
    }
  }
  return RankRange{lower.first_rank() + lower.run_begin(i, text.size()),
                   lower.first_rank() + lower.run_end(i, text.size())};
}

void SegmentView::forget() {
  recent_.clear();
  oldest_ = 0;
  leaves_ = PageReader(leaves_.file(), cache_, columns_of(text_.file()));
  text_ = TextReader(text_.file(), cache_);
}

Result<SegmentView::Longest> SegmentView::longest(std::string_view text) {
  if (num_points() == 0 || text.empty()) return Longest{};
  const std::string_view head = text.substr(0, kMaxLcp);
  YURAI_ASSIGN(const Leaves at, locate(head));
  YURAI_ASSIGN(const size_t place, place_in(at, head));
  return longest_from(at, place, text);
}

Result<SegmentView::Longest> SegmentView::longest_from(const Leaves& at, size_t place,
                                                       std::string_view text) {
  const std::string_view head = text.substr(0, kMaxLcp);
  YURAI_ASSIGN(Longest best, longest_at(at, place, head));
  if (best.size_bytes < head.size() || head.size() == text.size()) return best;
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

Result<size_t> SegmentView::place_in(const Leaves& at, std::string_view text) {
  YURAI_ASSIGN(const Leaf lower, leaf(at.lower));
  return at.begins_lower || at.lower != at.upper ? 0 : lower.search(text);
}

Result<SegmentView::Longest> SegmentView::longest_at(const Leaves& at, size_t place,
                                                     std::string_view text) {
  YURAI_ASSIGN(const Leaf lower, leaf(at.lower));
  if (at.begins_lower) return Longest{text.size(), lower.first_rank()};
  const uint64_t next_rank = lower.first_rank() + lower.size();
  if (at.lower != at.upper) return Longest{text.size(), next_rank};
  YURAI_ASSIGN(const uint64_t position, position_of(lower, place));
  YURAI_ASSIGN(const size_t shared, shared_bytes(position, text));
  if (at.next_shared > shared && next_rank < num_points()) {
    return Longest{at.next_shared, next_rank};
  }
  return Longest{shared, lower.first_rank() + place};
}

Result<std::optional<RankRange>> SegmentView::around_in(const NumberedLeaf& in, uint64_t rank,
                                                        size_t num_bytes) {
  const Leaf& leaf = in.leaf;
  const size_t i = rank - leaf.first_rank();
  const size_t first = leaf.run_begin(i, num_bytes);
  const size_t end = leaf.run_end(i, num_bytes);
  const bool open_left = first == 0 && in.number > 0 && leaf.lcp(0) >= num_bytes;
  bool open_right = false;
  if (end == leaf.size() && in.number + 1 < fences_->size()) {
    YURAI_ASSIGN(const Fence next, fences_->fence(in.number + 1));
    open_right = next.first_lcp >= num_bytes;
  }
  if (open_left || open_right || num_bytes > kMaxLcp) return std::nullopt;
  return RankRange{leaf.first_rank() + first, leaf.first_rank() + end};
}

Result<RankRange> SegmentView::around(uint64_t rank, std::string_view text) {
  YURAI_ASSIGN(const NumberedLeaf in, leaf_of(rank));
  YURAI_ASSIGN(const std::optional<RankRange> range, around_in(in, rank, text.size()));
  if (range) return *range;
  return find_known(text);
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
    const uint64_t position = std::min(found.position + kMaxLcp, text_.file().size_bytes());
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
