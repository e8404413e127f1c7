#include <algorithm>

#include "yurai/base/utf8.h"
#include "yurai/index/segment_view.h"

namespace yurai {
namespace {

/// Most matches are shorter: so much of the text is fetched for each.
constexpr uint64_t kFetchedText = 48;

}  // namespace

/// The search of one text: what it does next when its pages are there.
struct SegmentView::Search {
  enum class Next { kTie, kLocate, kLeaf, kText, kAround, kFind, kNothing };

  std::string_view text;
  bool ranges = false;
  LongestRange found{};
  Next next = Next::kTie;
  Fences::Range fences{};
  Leaves at{};
  size_t place = 0;
  uint64_t leaf = 0;  ///< that of what was found

  std::string_view head() const { return text.substr(0, kMaxLcp); }
  /// What is found, to a character border.
  std::string_view match() const {
    return text.substr(0, char_floor(text, found.longest.size_bytes));
  }
};

Result<std::vector<SegmentView::LongestRange>> SegmentView::longest_of_each(
    std::span<const std::string_view> texts, bool ranges) {
  std::vector<LongestRange> found(texts.size());
  if (num_points() == 0) return found;
  std::vector<Search> searches;
  for (const std::string_view text : texts) searches.push_back({text, ranges});
  PageFetch fetch(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].empty()) YURAI_TRY(advance(searches[i], fetch, i));
  }
  while (true) {
    YURAI_ASSIGN(const std::optional<size_t> ready, fetch.next_ready());
    if (!ready) break;
    YURAI_TRY(advance(searches[*ready], fetch, *ready));
  }
  for (size_t i = 0; i < texts.size(); ++i) found[i] = searches[i].found;
  return found;
}

void SegmentView::want_text(PageFetch& fetch, uint64_t position, size_t task) {
  const uint64_t size = text_.file().size_bytes();
  if (position >= size) return;  // who looks there says what is wrong
  text_.want(fetch, position, task);
  text_.want(fetch, std::min(position + kFetchedText, size - 1), task);
}

/// Goes on with the search until it waits for pages, or has found what it looks for.
Result<void> SegmentView::advance(Search& search, PageFetch& fetch, size_t task) {
  using Next = Search::Next;
  while (search.next != Next::kNothing && !fetch.is_waiting(task)) {
    switch (search.next) {
      case Next::kTie: {
        YURAI_ASSIGN(search.fences, fences_->find(search.head()));
        search.next = Next::kLocate;
        if (!search.fences.is_tie) break;
        YURAI_ASSIGN(const std::vector<Fence> tie,
                     fences_->fences(search.fences.begin, search.fences.end));
        want_text(fetch, tie[search_tie(tie, search.head())].first_position, task);
        break;
      }
      case Next::kLocate: {
        YURAI_ASSIGN(search.at, locate(search.fences, search.head()));
        fetch.want(leaves_, search.at.lower, task);
        search.next = Next::kLeaf;
        break;
      }
      case Next::kLeaf: {
        search.next = Next::kText;
        YURAI_ASSIGN(search.place, place_in(search.at, search.head()));
        if (search.at.begins_lower || search.at.lower != search.at.upper) break;
        YURAI_ASSIGN(const Leaf lower, leaf(search.at.lower));
        want_text(fetch, lower.position(search.place), task);
        break;
      }
      case Next::kText: {
        YURAI_ASSIGN(search.found.longest, longest_from(search.at, search.place, search.text));
        search.next = search.ranges && !search.match().empty() ? Next::kAround : Next::kNothing;
        if (search.next == Next::kNothing) break;
        YURAI_ASSIGN(const Leaf lower, leaf(search.at.lower));
        const bool in_next = search.found.longest.rank == lower.first_rank() + lower.size();
        search.leaf = std::min(search.at.lower + (in_next ? 1 : 0), fences_->size() - 1);
        fetch.want(leaves_, search.leaf, task);
        break;
      }
      case Next::kAround: {
        YURAI_ASSIGN(const Leaf found, leaf(search.leaf));
        NumberedLeaf in{search.leaf, found};
        if (!in.holds(search.found.longest.rank)) {
          YURAI_ASSIGN(in, leaf_of(search.found.longest.rank));
        }
        YURAI_ASSIGN(const std::optional<RankRange> range,
                     around_in(in, search.found.longest.rank, search.match().size()));
        search.next = range ? Next::kNothing : Next::kFind;
        if (range) {
          search.found.range = *range;
          break;
        }
        YURAI_ASSIGN(const Leaves at, locate(search.match().substr(0, kMaxLcp)));
        fetch.want(leaves_, at.lower, task);
        fetch.want(leaves_, at.upper, task);
        break;
      }
      case Next::kFind: {
        YURAI_ASSIGN(search.found.range, find_known(search.match()));
        search.next = Next::kNothing;
        break;
      }
      case Next::kNothing:
        break;
    }
  }
  return {};
}

}  // namespace yurai
