#include "yurai/base/page_cache.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <mutex>

#include "yurai/base/large_array.h"

namespace yurai {
namespace {

constexpr size_t kNumParts = 64;
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

/// Memory of all parts, which they take page by page; none where the system refuses so much.
class PageCache::Buffers {
 public:
  explicit Buffers(uint64_t num_pages) : pages_(LargeArray<PageBuffer>::allocate(num_pages)) {}

  PageBuffer* take() {
    if (!pages_) return nullptr;
    const uint64_t at = num_taken_.fetch_add(1, std::memory_order_relaxed);
    return at < pages_->span().size() ? &pages_->span()[at] : nullptr;
  }

 private:
  Result<LargeArray<PageBuffer>> pages_;
  std::atomic<uint64_t> num_taken_{0};
};

/// A part of the cache: frames in a ring with a hand, and a table of those that hold a page.
struct PageCache::Part {
  /// The hash stands beside the frame so that a look-up meets the frame that it wants only.
  struct Place {
    uint64_t hash = 0;
    PageFrame* frame = nullptr;
  };

  explicit Part(size_t num_frames) : max_frames(num_frames) {
    table.resize(std::bit_ceil(2 * num_frames + 2));
  }

  size_t home(uint64_t hash) const { return (hash >> 8) & (table.size() - 1); }
  size_t next(size_t at) const { return (at + 1) & (table.size() - 1); }

  /// Where the page is in the table, or the free place where it would be.
  Place& place(uint64_t hash, uint64_t file_id, uint64_t number) {
    size_t at = home(hash);
    while (table[at].frame != nullptr &&
           (table[at].hash != hash || table[at].frame->file_id != file_id ||
            table[at].frame->number != number)) {
      at = next(at);
    }
    return table[at];
  }

  void forget(PageFrame& frame) {
    Place& known = place(mix(frame.file_id, frame.number), frame.file_id, frame.number);
    if (known.frame != &frame) return;  // it was never published
    auto hole = static_cast<size_t>(&known - table.data());
    table[hole] = {};
    for (size_t at = next(hole); table[at].frame != nullptr; at = next(at)) {
      const size_t wanted = home(table[at].hash);
      const bool stays = hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
      if (stays) continue;
      table[hole] = std::exchange(table[at], {});
      hole = at;
    }
  }

  /// A frame that nobody holds; none when all are held.
  PageFrame* free_frame(Buffers& buffers) {
    if (frames.size() < max_frames) {
      if (PageBuffer* buffer = buffers.take()) {
        frames.emplace_back().buffer = buffer;
        return &frames.back();
      }
    }
    for (size_t step = 0; step < 2 * frames.size(); ++step) {
      PageFrame& frame = frames[hand];
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
  std::vector<Place> table;
  std::deque<PageFrame> frames;
  size_t hand = 0;
};

PageCache::PageCache(uint64_t budget_bytes)
    : buffers_(std::make_unique<Buffers>(budget_bytes / kPageBytes)) {
  const uint64_t pages = budget_bytes / kPageBytes;
  for (size_t i = 0; i < kNumParts; ++i) {
    parts_.push_back(std::make_unique<Part>(pages / kNumParts + (i < pages % kNumParts ? 1 : 0)));
  }
}
PageCache::~PageCache() = default;

PageRef PageCache::find(uint64_t file_id, uint64_t number) {
  const uint64_t hash = mix(file_id, number);
  Part& part = *parts_[hash % kNumParts];
  const std::lock_guard lock(part.mutex);
  PageFrame* const frame = part.place(hash, file_id, number).frame;
  if (frame == nullptr) return {};
  frame->recent.store(true, std::memory_order_relaxed);
  return PageRef(frame);
}

PageRef PageCache::allocate(uint64_t file_id, uint64_t number) {
  Part& part = *parts_[mix(file_id, number) % kNumParts];
  const std::lock_guard lock(part.mutex);
  PageFrame* frame = part.free_frame(*buffers_);
  if (frame == nullptr) return {};
  frame->file_id = file_id;
  frame->number = number;
  return PageRef(frame);
}

void PageCache::publish(const PageRef& page) {
  if (page->own != nullptr) return;
  const uint64_t hash = mix(page->file_id, page->number);
  Part& part = *parts_[hash % kNumParts];
  const std::lock_guard lock(part.mutex);
  Part::Place& place = part.place(hash, page->file_id, page->number);
  if (place.frame == nullptr) place = {hash, page.operator->()};  // else another query read it
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
