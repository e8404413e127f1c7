#include "yurai/corpus/line_reader.h"

#include <algorithm>
#include <cstring>

namespace yurai {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr int kNoLineBreak = -1;

}  // namespace

/// Moves what is waiting to the front of a buffer that has room for more; a buffer that had to
/// grow for one long line shrinks again.
void LineReader::make_room() {
  const size_t waiting = end_ - begin_;
  size_t wanted = 2 * kChunkBytes;
  while (wanted < waiting + kChunkBytes) wanted *= 2;
  wanted = std::min(wanted, std::max<size_t>(max_line_bytes_, kChunkBytes) + 2 * kChunkBytes);
  if (wanted != capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    std::copy_n(buffer_.get() + begin_, waiting, larger.get());
    buffer_ = std::move(larger);
    capacity_ = wanted;
  } else {
    std::memmove(buffer_.get(), buffer_.get() + begin_, waiting);
  }
  begin_ = 0;
  end_ = waiting;
}

/// False at the end of the input.
Result<bool> LineReader::read_more() {
  if (capacity_ - end_ < kChunkBytes) make_room();
  YURAI_ASSIGN(const size_t got, file_->read({buffer_.get() + end_, kChunkBytes}));
  end_ += got;
  return got > 0;
}

/// Drops bytes up to and including the next line break.
Result<bool> LineReader::skip_to_line_break() {
  while (true) {
    const auto* found =
        static_cast<const char*>(std::memchr(buffer_.get() + begin_, '\n', end_ - begin_));
    const size_t stop = found == nullptr ? end_ : static_cast<size_t>(found - buffer_.get()) + 1;
    stream_offset_ += stop - begin_;
    begin_ = stop;
    if (found != nullptr) return true;
    YURAI_ASSIGN(const bool more, read_more());
    if (!more) return false;
  }
}

Result<bool> LineReader::next(Line& line) { return next_until('\n', line); }

Result<void> LineReader::rest(Line& line) {
  YURAI_ASSIGN(const bool any, next_until(kNoLineBreak, line));
  if (!any) line = {{}, num_lines_ + 1, stream_offset_, false};
  return {};
}

Result<bool> LineReader::next_until(int line_break, Line& line) {
  size_t searched = 0;
  while (true) {
    const char* found = nullptr;
    if (line_break != kNoLineBreak && begin_ + searched < end_) {
      found = static_cast<const char*>(
          std::memchr(buffer_.get() + begin_ + searched, line_break, end_ - begin_ - searched));
    }
    searched = end_ - begin_;
    if (found == nullptr && searched <= max_line_bytes_ + 1) {
      YURAI_ASSIGN(const bool more, read_more());
      if (more) continue;
      if (begin_ == end_) return false;
    }
    line = {{}, ++num_lines_, stream_offset_, false};
    const size_t stop = found == nullptr ? end_ : static_cast<size_t>(found - buffer_.get());
    std::string_view bytes(buffer_.get() + begin_, stop - begin_);
    if (line_break != kNoLineBreak && bytes.ends_with('\r')) bytes.remove_suffix(1);
    line.too_long = bytes.size() > max_line_bytes_;
    if (!line.too_long) line.bytes = bytes;
    stream_offset_ += stop - begin_;
    begin_ = stop;
    if (found != nullptr) {
      ++begin_;
      ++stream_offset_;
    } else if (line.too_long) {
      if (line_break == kNoLineBreak) {
        for (bool more = true; more; begin_ = end_) {
          YURAI_ASSIGN(more, read_more());
        }
      } else {
        YURAI_TRY(skip_to_line_break());
      }
    }
    return true;
  }
}

}  // namespace yurai
