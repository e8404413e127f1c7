#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "yurai/base/page_file.h"
#include "yurai/base/result.h"

/// Pages in memory, shared by all queries, within a budget; and one query's view of a file.
///
///     PageCache cache(256 << 20);
///     PageReader reader(file, &cache);                    // one query's view; not thread-safe
///     YURAI_ASSIGN(std::string_view page, reader.page(7));
///     reader.num_reads();                                 // 1
namespace yurai {

/// A page in memory. The cache may give its memory to another page when nobody holds it.
struct PageFrame {
  PageBuffer* buffer = nullptr;
  uint64_t file_id = 0;  ///< 0: no page
  uint64_t number = 0;
  std::atomic<uint32_t> holders{0};
  std::atomic<bool> recent{false};
  bool is_loose = false;  ///< in no cache: it goes with who holds it
};

/// Bytes [begin, end) of a page: what is looked at first, besides its first bytes.
struct PagePart {
  size_t begin = 0;
  size_t end = 0;
};

/// Holds a page in memory.
class PageRef {
 public:
  PageRef() = default;
  explicit PageRef(PageFrame* frame) : frame_(frame) { ++frame_->holders; }
  PageRef(PageRef&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  PageRef& operator=(PageRef&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~PageRef();

  explicit operator bool() const { return frame_ != nullptr; }
  PageFrame* operator->() const { return frame_; }
  std::string_view payload() const { return {frame_->buffer->bytes.data(), kPagePayload}; }

 private:
  PageFrame* frame_ = nullptr;
};

/// Thread-safe. Least recently used pages go first, nearly (CLOCK), in each of 64 parts.
class PageCache {
 public:
  /// Takes `budget_bytes` of memory at most, as pages come. Pages that queries hold stay; when a
  /// part holds nothing else, a new page is kept beside the cache until its query ends.
  explicit PageCache(uint64_t budget_bytes);
  ~PageCache();
  PageCache(const PageCache&) = delete;
  PageCache& operator=(const PageCache&) = delete;

  /// The page, if it is here. `looked_at` of it is on its way to the processor then.
  PageRef find(uint64_t file_id, uint64_t number, PagePart looked_at = {});
  /// Memory to read the page into.
  PageRef allocate(uint64_t file_id, uint64_t number);
  /// Makes a page that was read and proven known to `find`.
  void publish(const PageRef& page);

 private:
  class Frames;
  struct Part;
  Part& part_of(uint64_t file_id, uint64_t number);

  std::unique_ptr<Frames> frames_;
  std::vector<std::unique_ptr<Part>> parts_;
};

/// One query's view of a page file: every page is read once and then kept until the reader goes.
/// Not thread-safe; file and cache must outlive it.
class PageReader {
 public:
  /// Without a cache every reader reads for itself. `looked_at`: of each page, first.
  PageReader(const PageFile& file, PageCache* cache, PagePart looked_at = {})
      : file_(&file), cache_(cache), looked_at_(looked_at) {}

  /// The payload of page `number`; valid as long as the reader.
  Result<std::string_view> page(uint64_t number);

  /// Reads several pages at once, for `page` to find.
  Result<void> fetch(std::vector<uint64_t> numbers);

  const PageFile& file() const { return *file_; }
  /// Different pages asked for; those that the cache had count too.
  uint64_t num_reads() const { return num_pages_; }
  uint64_t num_missed() const { return num_missed_; }  ///< pages that came from the file

  // What PageFetch does for `page`:
  /// Whether the page is here, or in the cache, from where it is taken.
  bool has(uint64_t number);
  /// Memory for it.
  PageRef allocate(uint64_t number);
  /// What was read into that memory, and proven.
  void keep(uint64_t number, PageRef page);

 private:
  struct Slot {
    uint64_t number = 0;
    PageRef page;
  };
  Slot& slot(uint64_t number);
  /// That of the page, or the free one where it would be.
  static Slot& free_slot(std::span<Slot> slots, uint64_t number);
  void keep(Slot& slot, uint64_t number, PageRef page);

  static constexpr size_t kFewSlots = 8;

  std::span<Slot> slots() {
    return many_slots_.empty() ? std::span<Slot>(few_slots_) : many_slots_;
  }

  const PageFile* file_;
  PageCache* cache_;
  PagePart looked_at_;
  std::array<Slot, kFewSlots> few_slots_;  ///< open addressing; a power of two
  std::vector<Slot> many_slots_;           ///< when those are too few
  uint64_t num_pages_ = 0;
  uint64_t num_missed_ = 0;
};

}  // namespace yurai
