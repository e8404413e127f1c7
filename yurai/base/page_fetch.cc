#include "yurai/base/page_fetch.h"

#include <utility>

namespace yurai {

void PageFetch::want(PageReader& reader, uint64_t number, size_t task) {
  if (reader.has(number)) return;
  const auto [known, is_new] = in_flight_.try_emplace({&reader, number}, nullptr);
  ++num_missing_[task];
  if (!is_new) {
    known->second->tasks.push_back(task);
    return;
  }
  Page& page = pages_.emplace_back();
  known->second = &page;
  page.reader = &reader;
  page.number = number;
  page.memory = reader.allocate(number);
  page.offset = reader.file().offset_of(number);
  page.out = page.memory->buffer->bytes;
  page.tasks.push_back(task);
  queue_.add(reader.file().file(), page);
}

Result<std::optional<size_t>> PageFetch::next_ready() {
  while (ready_.empty()) {
    YURAI_ASSIGN(ReadableFile::Request* const done, queue_.next());
    if (done == nullptr) return std::nullopt;
    Page& page = static_cast<Page&>(*done);
    YURAI_TRY(page.reader->file().prove({page.number, page.out.data()}, page.done));
    in_flight_.erase({page.reader, page.number});
    page.reader->keep(page.number, std::move(page.memory));
    for (const size_t task : page.tasks) {
      if (--num_missing_[task] == 0) ready_.push_back(task);
    }
  }
  const size_t task = ready_.back();
  ready_.pop_back();
  return task;
}

}  // namespace yurai
