#include "yurai/base/page_cache.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <optional>
#include <type_traits>

#include "yurai/base/large_array.h"

namespace yurai {
namespace {

constexpr size_t kNumParts = 64;
constexpr size_t kLineBytes = 64;
constexpr uint64_t kSmallBytes = 2 << 20;  // more is worth huge pages
constexpr uint64_t kMaxFrames = std::numeric_limits<uint32_t>::max() - 1;

uint64_t mix(uint64_t file_id, uint64_t number) {
  uint64_t hash = (number + (file_id << 48)) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

}  // namespace

PageRef::~PageRef() {
  if (frame_ == nullptr) return;
  const bool is_loose = frame_->is_loose;
  if (frame_->holders.fetch_sub(1, std::memory_order_acq_rel) != 1 || !is_loose) return;
  delete frame_->buffer;
  delete frame_;
}

/// The frames of all parts and their memory, in huge pages: a query looks at a few at random. None
/// where the system refuses so much.
class PageCache::Frames {
 public:
  explicit Frames(uint64_t num_pages)
      : frames_(LargeArray<PageFrame>::allocate(num_pages, kSmallBytes / 64)),
        buffers_(LargeArray<PageBuffer>::allocate(num_pages, kSmallBytes)) {}

  PageFrame& operator[](uint64_t number) { return frames_->span()[number]; }

  /// Asks for a frame's memory before the frame itself is here.
  void bring(uint64_t number, PagePart part) {
    const char* const bytes = buffers_->span()[number].bytes.data();
    __builtin_prefetch(bytes);
    __builtin_prefetch(bytes + kLineBytes);
    for (size_t at = part.begin; at < part.end; at += kLineBytes) __builtin_prefetch(bytes + at);
  }

  /// The number of one that no part has taken.
  std::optional<uint32_t> take() {
    if (!frames_ || !buffers_) return std::nullopt;
    const uint64_t number = num_taken_.fetch_add(1, std::memory_order_relaxed);
    if (number >= frames_->span().size()) return std::nullopt;
    (new (&frames_->span()[number]) PageFrame)->buffer = &buffers_->span()[number];
    return static_cast<uint32_t>(number);
  }

 private:
  static_assert(std::is_trivially_destructible_v<PageFrame>);
  Result<LargeArray<PageFrame>> frames_;
  Result<LargeArray<PageBuffer>> buffers_;
  std::atomic<uint64_t> num_taken_{0};
};

/// A part of the cache: frames in a ring with a hand, and a table of those that hold a page.
struct PageCache::Part {
  /// Part of the hash stands beside the frame's number, so that a look-up meets no other frame.
  struct Place {
    uint32_t tag = 0;
    uint32_t frame = 0;  ///< its number + 1; 0: free
  };

  Part(Frames& all_frames, size_t num_frames) : all(all_frames), max_frames(num_frames) {
    table.resize(std::bit_ceil(num_frames + num_frames / 2 + 2));
  }

  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  size_t home(uint64_t hash) const { return (hash >> 8) & (table.size() - 1); }
  size_t next(size_t at) const { return (at + 1) & (table.size() - 1); }
  PageFrame& frame_at(const Place& place) const { return all[place.frame - 1]; }

  /// Where the page is in the table, or the free place where it would be.
  Place& place(uint64_t file_id, uint64_t number, PagePart looked_at = {}) {
    const uint64_t hash = mix(file_id, number);
    for (size_t at = home(hash);; at = next(at)) {
      Place& there = table[at];
      if (there.frame == 0) return there;
      if (there.tag != tag_of(hash)) continue;
      all.bring(there.frame - 1, looked_at);
      const PageFrame& frame = frame_at(there);
      if (frame.file_id == file_id && frame.number == number) return there;
    }
  }

  void forget(const PageFrame& frame) {
    Place& known = place(frame.file_id, frame.number);
    if (known.frame == 0 || &frame_at(known) != &frame) return;  // it was never published
    auto hole = static_cast<size_t>(&known - table.data());
    table[hole] = {};
    for (size_t at = next(hole); table[at].frame != 0; at = next(at)) {
      const PageFrame& moved = frame_at(table[at]);
      const size_t wanted = home(mix(moved.file_id, moved.number));
      const bool stays = hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
      if (stays) continue;
      table[hole] = std::exchange(table[at], {});
      hole = at;
    }
  }

  /// The number of a frame that nobody holds; none when all are held.
  std::optional<uint32_t> free_frame() {
    if (ring.size() < max_frames) {
      if (const auto number = all.take()) {
        ring.push_back(*number);
        return number;
      }
    }
    for (size_t step = 0; step < 2 * ring.size(); ++step) {
      const uint32_t number = ring[hand];
      PageFrame& frame = all[number];
      hand = (hand + 1) % ring.size();
      if (frame.holders.load(std::memory_order_acquire) != 0) continue;
      if (frame.recent.exchange(false, std::memory_order_relaxed)) continue;
      if (frame.file_id != 0) forget(frame);
      return number;
    }
    return std::nullopt;
  }

  Frames& all;
  std::mutex mutex;
  const size_t max_frames;
  std::vector<Place> table;
  std::vector<uint32_t> ring;
  size_t hand = 0;
};

PageCache::PageCache(uint64_t budget_bytes) {
  const uint64_t pages = std::min<uint64_t>(budget_bytes / kPageBytes, kMaxFrames);
  frames_ = std::make_unique<Frames>(pages);
  for (size_t i = 0; i < kNumParts; ++i) {
    parts_.push_back(
        std::make_unique<Part>(*frames_, pages / kNumParts + (i < pages % kNumParts ? 1 : 0)));
  }
}
PageCache::~PageCache() = default;

PageCache::Part& PageCache::part_of(uint64_t file_id, uint64_t number) {
  return *parts_[mix(file_id, number) % kNumParts];
}

PageRef PageCache::find(uint64_t file_id, uint64_t number, PagePart looked_at) {
  Part& part = part_of(file_id, number);
  const std::lock_guard lock(part.mutex);
  const Part::Place& place = part.place(file_id, number, looked_at);
  if (place.frame == 0) return {};
  PageFrame& frame = part.frame_at(place);
  frame.recent.store(true, std::memory_order_relaxed);
  return PageRef(&frame);
}

PageRef PageCache::allocate(uint64_t file_id, uint64_t number) {
  Part& part = part_of(file_id, number);
  const std::lock_guard lock(part.mutex);
  const auto free = part.free_frame();
  if (!free) return {};
  PageFrame& frame = (*frames_)[*free];
  frame.file_id = file_id;
  frame.number = number;
  return PageRef(&frame);
}

void PageCache::publish(const PageRef& page) {
  if (page->is_loose) return;
  Part& part = part_of(page->file_id, page->number);
  const std::lock_guard lock(part.mutex);
  Part::Place& place = part.place(page->file_id, page->number);
  if (place.frame != 0) return;  // another query read it meanwhile
  place.tag = Part::tag_of(mix(page->file_id, page->number));
  place.frame = static_cast<uint32_t>(page.operator->() - &(*frames_)[0]) + 1;
}

PageReader::Slot& PageReader::slot(uint64_t number) {
  if (2 * num_pages_ >= slots().size()) {
    std::vector<Slot> more(2 * slots().size());
    for (Slot& moved : slots()) {
      if (moved.page) free_slot(more, moved.number) = std::move(moved);
    }
    many_slots_ = std::move(more);
  }
  return free_slot(slots(), number);
}

PageReader::Slot& PageReader::free_slot(std::span<Slot> slots, uint64_t number) {
  size_t at = mix(0, number) & (slots.size() - 1);
  while (slots[at].page && slots[at].number != number) at = (at + 1) & (slots.size() - 1);
  return slots[at];
}

PageRef PageReader::allocate(uint64_t number) {
  ++num_missed_;
  if (cache_ != nullptr) {
    if (PageRef page = cache_->allocate(file_->id(), number)) return page;
  }
  auto frame = std::make_unique<PageFrame>();
  frame->buffer = std::make_unique_for_overwrite<PageBuffer>().release();
  frame->is_loose = true;
  return PageRef(frame.release());
}

void PageReader::keep(Slot& slot, uint64_t number, PageRef page) {
  slot.number = number;
  slot.page = std::move(page);
  ++num_pages_;
}

bool PageReader::has(uint64_t number) {
  Slot& at = slot(number);
  if (at.page) return true;
  PageRef page = cache_ == nullptr ? PageRef() : cache_->find(file_->id(), number, looked_at_);
  if (!page) return false;
  keep(at, number, std::move(page));
  return true;
}

void PageReader::keep(uint64_t number, PageRef page) {
  Slot& at = slot(number);
  if (at.page) return;  // read directly meanwhile, and looked at
  if (cache_ != nullptr) cache_->publish(page);
  keep(at, number, std::move(page));
}

Result<std::string_view> PageReader::page(uint64_t number) {
  Slot& at = slot(number);
  if (at.page) return at.page.payload();
  PageRef page = cache_ == nullptr ? PageRef() : cache_->find(file_->id(), number, looked_at_);
  if (!page) {
    page = allocate(number);
    YURAI_TRY(file_->read(number, page->buffer->bytes.data()));
    if (cache_ != nullptr) cache_->publish(page);
  }
  keep(at, number, std::move(page));
  return at.page.payload();
}

Result<void> PageReader::fetch(std::vector<uint64_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<PageRef> pages;
  std::vector<PageRequest> requests;
  for (const uint64_t number : numbers) {
    if (has(number)) continue;
    pages.push_back(allocate(number));
    requests.push_back({number, pages.back()->buffer->bytes.data()});
  }
  YURAI_TRY(file_->read(requests));
  for (size_t i = 0; i < pages.size(); ++i) keep(requests[i].number, std::move(pages[i]));
  return {};
}

}  // namespace yurai
