#include "yurai/base/page_cache.h"

#include <algorithm>
#include <bit>
#include <mutex>

namespace yurai {
namespace {

constexpr size_t kNumParts = 64;
constexpr size_t kPagesPerSlab = 64;
constexpr size_t kFirstSlots = 8;

uint64_t mix(uint64_t file_id, uint64_t number) {
  uint64_t hash = (number + (file_id << 48)) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

}  // namespace

PageRef::~PageRef() {
  if (frame_ == nullptr) return;
  const bool own = frame_->own != nullptr;
  if (frame_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1 && own) delete frame_;
}

/// A part of the cache: frames in a ring with a hand, and a table of those that hold a page.
struct PageCache::Part {
  explicit Part(size_t num_frames) : max_frames(num_frames) {
    table.resize(std::bit_ceil(2 * num_frames + 2));
  }

  size_t home(uint64_t file_id, uint64_t number) const {
    return (mix(file_id, number) >> 8) & (table.size() - 1);
  }
  size_t next(size_t at) const { return (at + 1) & (table.size() - 1); }

  /// Where the page is in the table, or the free place where it would be.
  size_t place(uint64_t file_id, uint64_t number) const {
    size_t at = home(file_id, number);
    while (table[at] != nullptr && (table[at]->file_id != file_id || table[at]->number != number)) {
      at = next(at);
    }
    return at;
  }

  void forget(PageFrame& frame) {
    size_t hole = place(frame.file_id, frame.number);
    if (table[hole] != &frame) return;  // it was never published
    table[hole] = nullptr;
    for (size_t at = next(hole); table[at] != nullptr; at = next(at)) {
      const size_t wanted = home(table[at]->file_id, table[at]->number);
      const bool stays = hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
      if (stays) continue;
      table[hole] = std::exchange(table[at], nullptr);
      hole = at;
    }
  }

  PageFrame* new_frame() {
    if (frames.size() == max_frames) return nullptr;
    const size_t in_slab = frames.size() % kPagesPerSlab;
    if (in_slab == 0) {
      slabs.push_back(std::make_unique_for_overwrite<PageBuffer[]>(
          std::min(kPagesPerSlab, max_frames - frames.size())));
    }
    frames.push_back(std::make_unique<PageFrame>());
    frames.back()->buffer = &slabs.back()[in_slab];
    return frames.back().get();
  }

  /// A frame that nobody holds; none when all are held.
  PageFrame* free_frame() {
    if (PageFrame* frame = new_frame()) return frame;
    for (size_t step = 0; step < 2 * frames.size(); ++step) {
      PageFrame& frame = *frames[hand];
      hand = (hand + 1) % frames.size();
      if (frame.holders.load(std::memory_order_acquire) != 0) continue;
      if (frame.recent.exchange(false, std::memory_order_relaxed)) continue;
      if (frame.file_id != 0) forget(frame);
      return &frame;
    }
    return nullptr;
  }

  std::mutex mutex;
  const size_t max_frames;
  std::vector<PageFrame*> table;
  std::vector<std::unique_ptr<PageFrame>> frames;
  std::vector<std::unique_ptr<PageBuffer[]>> slabs;
  size_t hand = 0;
};

PageCache::PageCache(uint64_t budget_bytes) : budget_bytes_(budget_bytes) {
  for (size_t i = 0; i < kNumParts; ++i) {
    const uint64_t pages = budget_bytes / kPageBytes;
    parts_.push_back(std::make_unique<Part>(pages / kNumParts + (i < pages % kNumParts ? 1 : 0)));
  }
}
PageCache::~PageCache() = default;

PageCache::Part& PageCache::part_of(uint64_t hash) { return *parts_[hash % kNumParts]; }

PageRef PageCache::find(uint64_t file_id, uint64_t number) {
  Part& part = part_of(mix(file_id, number));
  const std::lock_guard lock(part.mutex);
  PageFrame* frame = part.table[part.place(file_id, number)];
  if (frame == nullptr) return {};
  frame->recent.store(true, std::memory_order_relaxed);
  return PageRef(frame);
}

PageRef PageCache::allocate(uint64_t file_id, uint64_t number) {
  Part& part = part_of(mix(file_id, number));
  const std::lock_guard lock(part.mutex);
  PageFrame* frame = part.free_frame();
  if (frame == nullptr) return {};
  frame->file_id = file_id;
  frame->number = number;
  return PageRef(frame);
}

void PageCache::publish(const PageRef& page) {
  if (page->own != nullptr) return;
  Part& part = part_of(mix(page->file_id, page->number));
  const std::lock_guard lock(part.mutex);
  PageFrame*& at = part.table[part.place(page->file_id, page->number)];
  if (at == nullptr) at = page.operator->();  // else another query read it meanwhile
}

PageReader::Slot& PageReader::slot(uint64_t number) {
  if (2 * num_pages_ >= slots_.size()) {
    std::vector<Slot> old(std::max(kFirstSlots, 2 * slots_.size()));
    old.swap(slots_);
    for (Slot& moved : old) {
      if (moved.page) slot(moved.number) = std::move(moved);
    }
  }
  size_t at = mix(0, number) & (slots_.size() - 1);
  while (slots_[at].page && slots_[at].number != number) at = (at + 1) & (slots_.size() - 1);
  return slots_[at];
}

PageRef PageReader::allocate(uint64_t number) {
  ++num_missed_;
  if (cache_ != nullptr) {
    if (PageRef page = cache_->allocate(file_->id(), number)) return page;
  }
  auto frame = std::make_unique<PageFrame>();
  frame->own = std::make_unique_for_overwrite<PageBuffer>();
  frame->buffer = frame->own.get();
  return PageRef(frame.release());
}

void PageReader::keep(Slot& slot, uint64_t number, PageRef page) {
  slot.number = number;
  slot.page = std::move(page);
  ++num_pages_;
}

Result<std::string_view> PageReader::page(uint64_t number) {
  Slot& at = slot(number);
  if (at.page) return at.page.payload();
  PageRef page = cache_ == nullptr ? PageRef() : cache_->find(file_->id(), number);
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
    Slot& at = slot(number);
    if (at.page) continue;
    if (PageRef page = cache_ == nullptr ? PageRef() : cache_->find(file_->id(), number)) {
      keep(at, number, std::move(page));
      continue;
    }
    pages.push_back(allocate(number));
    requests.push_back({number, pages.back()->buffer->bytes.data()});
  }
  YURAI_TRY(file_->read(requests));
  for (size_t i = 0; i < pages.size(); ++i) {
    if (cache_ != nullptr) cache_->publish(pages[i]);
    keep(slot(requests[i].number), requests[i].number, std::move(pages[i]));
  }
  return {};
}

}  // namespace yurai
